"""How much memory a web worker takes while it is attacked."""

from pathlib import Path

from live import Live

MOST_GROWTH = 32.0  # MiB


class Watched:
    """The one worker of a server, from the moment on at which this is made: warm it up before."""

    def __init__(self, live: Live) -> None:
        web = live.children()["web"]
        (worker,) = Path(f"/proc/{web}/task/{web}/children").read_text().split()
        self._process = Path("/proc") / worker
        (self._process / "clear_refs").write_text("5")  # the peak begins anew (proc(5))
        self._before = self._mebibytes("VmRSS")

    def growth(self) -> float:
        """MiB that it ever held more than at first, if only for a moment."""
        return self._mebibytes("VmHWM") - self._before

    def _mebibytes(self, what: str) -> float:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))
