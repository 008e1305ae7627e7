"""Worker programs, ours and others', that empty a queue which was filled before they started."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.measure import ROOT

WARM = 0.1
"""The part of the jobs that is not measured: the program starts, connects and prepares its statements."""
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 300.0


def per_second(
    command: Sequence[str], environment: Mapping[str, str], log: Path, jobs: int, left: Callable[[], float]
) -> float:
    """Run a program until ``left``, how many jobs are still to do, is 0; the jobs per second once it was warm.

    What it prints goes to ``log``.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=own | dict(environment), stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        warm_at, warm_left = _when(process, log, left, jobs * (1 - WARM))
        over_at, over_left = _when(process, log, left, 0)
    finally:
        process.terminate()
        process.wait()
    return (warm_left - over_left) / (over_at - warm_at)


def _when(process: subprocess.Popen[bytes], log: Path, left: Callable[[], float], most: float) -> tuple[float, float]:
    """When there were at most so many jobs left, and how many there were."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (number := left()) > most:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{number:.0f} jobs were left\n{log.read_text()[-2_000:]}")
        time.sleep(LOOK_SECONDS)
    return time.monotonic(), number
