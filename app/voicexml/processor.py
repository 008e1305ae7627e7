"""Processor time, which is no time of day: what a thread has used up, asked from whichever thread."""

import threading
import time
from math import inf

_own = threading.local()


class ThreadTime:
    """The processor time of the thread that makes it."""

    __slots__ = ("_clock",)

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())

    def seconds(self) -> float:
        """Seconds that it has used up; infinite once the thread has ended."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return inf


def of_this_thread() -> ThreadTime:
    """The processor time of the thread that asks for it."""
    known: ThreadTime | None = getattr(_own, "time", None)
    if known is None:
        known = _own.time = ThreadTime()
    return known


def seconds() -> float:
    """Seconds that this thread has used up."""
    return time.thread_time()
