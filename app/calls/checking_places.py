"""Bounds how many requests of one process may wait for the check of a PIN, and how many of those for one client."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import TooManyChecks


class CheckingPlaces:
    """So many places; of them ``per_client`` for one network at most, and ``per_login`` for one login."""

    def __init__(self, places: int, per_client: int, per_login: int) -> None:
        self._places, self._per_client, self._per_login = places, per_client, per_login
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def place(self, network: str, login: str) -> Iterator[None]:
        """Have a place while the block runs. Raises TooManyChecks at once when there is none."""
        limits = {("", ""): self._places, ("network", network): self._per_client, ("login", login): self._per_login}
        with self._lock:
            if any(self._taken[key] >= limit for key, limit in limits.items()):
                raise TooManyChecks
            self._taken.update(limits.keys())
        try:
            yield
        finally:
            with self._lock:
                self._taken -= Counter(limits.keys())  # and what has come to 0 goes
