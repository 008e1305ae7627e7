"""The only place that asks the machine for the time.

``now`` is business time: schedules, expirations, retries, the waits between result posts. Its source is
injected, so it can stand still and be moved. ``machine`` is for what other machines or processes must agree
on whatever business time does: leases, heartbeats, deadlines.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


def machine() -> float:
    """Seconds since 1970 on this machine, for leases and heartbeats that several processes compare."""
    return time.time()


def elapsed() -> float:
    """Seconds on a clock that never jumps, for measuring how long something took in this process."""
    return time.monotonic()


def instant(seconds: float) -> datetime:
    """The aware UTC datetime of UNIX seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def pause(seconds: float) -> None:
    """Do nothing for some seconds."""
    time.sleep(seconds)


class Clock:
    """Business time.

    ``source`` gives UNIX seconds; the factory passes the machine's clock or the row that holds virtual time.
    ``poll`` is how many seconds a waiter sleeps before it looks at a source that can be moved by others;
    None when time flows by itself.
    """

    def __init__(self, source: Callable[[], float] = time.time, poll: float | None = None) -> None:
        self._source = source
        self._poll = poll

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return instant(self._source())

    def wait_until(self, instant: datetime, interrupted: threading.Event) -> bool:
        """Wait for an instant of business time; False when ``interrupted`` was set before it came."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            if interrupted.wait(left if self._poll is None else self._poll):
                return False
        return not interrupted.is_set()
