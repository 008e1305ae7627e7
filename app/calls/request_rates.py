"""How many requests a second an account may send: a token bucket per account, in the memory of each web worker."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from app import clock
from app.errors import TooManyRequests

MOST_REMEMBERED = 10_000
"""Accounts; one that was forgotten begins with a full bucket."""


class RequestRates:
    """The buckets of one process, for all its threads.

    ``rate`` is what a bucket gets a second, and 0 is no limit; it holds what comes in a second, and one request at
    least.
    """

    def __init__(self, rate: float, elapsed: Callable[[], float] = clock.elapsed) -> None:
        self._rate, self._elapsed = rate, elapsed
        self._most = max(rate, 1.0)
        self._lock = threading.Lock()
        self._left: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def take(self, account_id: int) -> None:
        """Count a request of an account. Raises TooManyRequests."""
        if not self._rate:
            return
        with self._lock:
            now = self._elapsed()
            left, at = self._left.pop(account_id, (self._most, now))
            left = min(left + (now - at) * self._rate, self._most)
            self._left[account_id] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > MOST_REMEMBERED:
                self._left.popitem(last=False)
        if left < 1:
            raise TooManyRequests((1 - left) / self._rate)
