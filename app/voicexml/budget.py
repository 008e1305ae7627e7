"""The processor time that one call may use. It decides nothing else: what a call does depends on its own clock."""

from resource import RUSAGE_THREAD, getrusage


class Budget:
    """Seconds of processor time for whatever this thread does from here on, waiting and other threads not counted."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = _used() + seconds

    def left(self) -> float:
        """What is left of them; 0 or less when they are used up."""
        return self._end - _used()


def _used() -> float:
    spent = getrusage(RUSAGE_THREAD)
    return spent.ru_utime + spent.ru_stime
