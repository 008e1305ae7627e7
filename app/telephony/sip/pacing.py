"""RTP that leaves every 20 ms, at the least cost.

The stack has threads for each call. One hands over 20 ms of sound on time; another looks every 4 ms for what was handed
over and sends it. Whenever the first is late by more than the second, a packet leaves 20 ms late: so the first goes
before other threads of this machine, as PBXs do it with theirs. The second may as well look a little less often, which
is most of what a call costs.
"""

import ctypes
import logging
import os
import sys
from pathlib import Path

log = logging.getLogger(__name__)

SLACK_NANOSECONDS = 2_000_000
PR_SET_TIMERSLACK = 29
THREADS = Path("/proc/self/task")
ON_TIME = "aumem_src"
"""The name of a thread that hands over sound."""


def wake_together() -> None:
    """Let this thread, and those that it starts, be woken a little later, with others (prctl(2), PR_SET_TIMERSLACK)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(SLACK_NANOSECONDS), 0, 0, 0)


class Pacing:
    """Whoever hands over sound is woken on time, where that is permitted (sched(7): SCHED_RR)."""

    def __init__(self) -> None:
        self._permitted = sys.platform == "linux"
        self._known: set[str] = set()

    def look(self) -> None:
        """See to the threads that were started since."""
        if self._permitted:
            threads = set(os.listdir(THREADS))
            self._permitted = all(map(_see_to, threads - self._known))
            self._known = threads


def _see_to(thread: str) -> bool:
    """Let it go before others if it hands over sound. Returns whether that is permitted, as far as is known."""
    try:
        if (THREADS / thread / "comm").read_text().strip() == ON_TIME:
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        log.info("sound may leave a little late while this machine is busy: real-time priority is not permitted")
        return False
    except OSError:
        return True  # it has ended
    return True
