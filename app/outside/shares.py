"""Places for what waits on a client's servers: an account has a share of them, so that its slow ones leave room."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.clock import elapsed
from app.errors import Crowded

PATIENCE_SECONDS = 1.0


class _Share:
    """The places of one account that are taken, since when all of them are, and how many wait for one."""

    def __init__(self, lock: threading.Lock) -> None:
        self.freed = threading.Condition(lock)
        self.taken = self.waiting = 0
        self.full_since = 0.0


class Shares:
    """At most ``most`` places for each account, in this process."""

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._shares: dict[int, _Share] = {}

    @contextmanager
    def place(self, account_id: int) -> Iterator[None]:
        """A place, once one of the account's is free; raises Crowded.

        It is waited for as long as places do come free: after ``patience`` seconds in which none did, whoever waits is
        refused, and whoever comes is refused at once, for to wait takes a thread too.
        """
        with self._lock:
            share = self._shares.setdefault(account_id, _Share(self._lock))
            try:
                self._wait(share)
                share.taken += 1
                share.full_since = elapsed()
            finally:
                self._forget(account_id, share)
        try:
            yield
        finally:
            with self._lock:
                share.taken -= 1
                share.full_since = elapsed()
                share.freed.notify()
                self._forget(account_id, share)

    def _wait(self, share: _Share) -> None:
        share.waiting += 1
        try:
            while share.taken >= self._most:
                left = share.full_since + self._patience - elapsed()
                if left <= 0:
                    raise Crowded
                share.freed.wait(left)
        finally:
            share.waiting -= 1

    def _forget(self, account_id: int, share: _Share) -> None:
        if not share.taken and not share.waiting:
            self._shares.pop(account_id, None)
