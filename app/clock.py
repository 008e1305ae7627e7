"""The only place that asks the machine for the time.

``now`` is business time: schedules, expirations, retries, the waits between result posts. Its source is
injected, so it can stand still and be moved. ``machine`` is for what people compare whatever business time does;
``elapsed`` is for leases and deadlines, which a clock that jumps must not end.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count


def _steady_source() -> Callable[[], float]:
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)  # it goes on while the machine sleeps
    return time.monotonic if boot_time is None else partial(time.clock_gettime, boot_time)


_steady = _steady_source()


def machine() -> float:
    """Seconds since 1970 on this machine, for heartbeats that people look at."""
    return time.time()


def elapsed() -> float:
    """Seconds on a clock that never jumps, for measuring how long something took in this process."""
    return _steady()


def instant(seconds: float) -> datetime:
    """The aware UTC datetime of UNIX seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def pause(seconds: float) -> None:
    """Do nothing for some seconds."""
    time.sleep(seconds)


class Clock:
    """Business time that flows by itself, or that others move: ``source`` gives UNIX seconds."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._interrupted = threading.Event()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return instant(self._source())

    def wait(self, seconds: float) -> bool:
        """Let some seconds pass; False when ``interrupt`` was called before they were over."""
        return not self._interrupted.wait(seconds)

    def interrupt(self) -> None:
        """End all waits, now and from now on."""
        self._interrupted.set()

    def sleeping(self) -> int:
        """How many wait for a moment that does not come by itself."""
        return 0


class SteppedClock(Clock):
    """Business time that stands still until ``step``; those who wait on it sleep until it gets there.

    ``when_waiting`` is called, from the waiting thread, whenever one more has begun to wait.
    """

    def __init__(self, start: datetime, when_waiting: Callable[[], None] = lambda: None) -> None:
        super().__init__(lambda: self._at.timestamp())
        self.when_waiting = when_waiting
        self._at = start
        self._lock = threading.Lock()
        self._sleepers: list[tuple[datetime, int, threading.Event]] = []
        self._places = count()

    def now(self) -> datetime:
        return self._at

    def wait(self, seconds: float) -> bool:
        if seconds <= 0:
            return not self._interrupted.is_set()
        awake = threading.Event()
        with self._lock:
            if self._interrupted.is_set():
                return False
            heappush(self._sleepers, (self._at + timedelta(seconds=seconds), next(self._places), awake))
        self.when_waiting()
        awake.wait()
        return not self._interrupted.is_set()

    def interrupt(self) -> None:
        with self._lock:
            super().interrupt()
            self._wake(lambda _: True)

    def step(self, to: datetime) -> None:
        """Let it be ``to`` now, and wake those who waited for that."""
        with self._lock:
            self._at = max(self._at, to)
            self._wake(lambda instant: instant <= self._at)

    def sleeping(self) -> int:
        return len(self._sleepers)

    def next_wake(self) -> datetime | None:
        """When the first of those who wait goes on."""
        with self._lock:
            return self._sleepers[0][0] if self._sleepers else None

    def _wake(self, is_due: Callable[[datetime], bool]) -> None:
        while self._sleepers and is_due(self._sleepers[0][0]):
            heappop(self._sleepers)[2].set()
