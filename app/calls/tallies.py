"""Numbers that only grow, for /metrics: every scheduler counts in memory and now and then adds that to the table.

What a scheduler that is killed had not yet added is lost: a second or two of counting, never a call.

| name | label |
|---|---|
| attempts | the callee type that an attempt ended with |
| result_posts | one of OUTCOMES, for each post that was made |
| due_to_dial | the bucket that the seconds from due to dialled fell into, and their sum |
"""

import threading
from bisect import bisect_left
from collections import Counter

from app.calls.db import execute, execute_many, writing
from app.calls.delivery import Next, ResultState

ATTEMPTS, RESULT_POSTS, DUE_TO_DIAL = "attempts", "result_posts", "due_to_dial"
OUTCOMES = tuple(Next(state, 0).outcome for state in ResultState)
"""What the post of a result can come to."""

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets of what is observed, in seconds, each included in its bucket."""
BUCKETS = (*map(str, BOUNDS), "+Inf")
SUM = "sum"

Key = tuple[str, str]
"""A tally's name and label."""


class Tallies:
    """What one process has counted and not yet written; any thread may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unwritten: dict[Key, float] = {}

    def count(self, name: str, label: str, times: int = 1) -> None:
        """Add one, or more."""
        self._add(((name, label), float(times)))

    def observe(self, name: str, seconds: float) -> None:
        """Add a duration to its bucket and to the sum; one below 0, from a clock that jumped, counts as 0."""
        seconds = max(seconds, 0.0)
        self._add(((name, BUCKETS[bisect_left(BOUNDS, seconds)]), 1.0), ((name, SUM), seconds))

    def _add(self, *grown: tuple[Key, float]) -> None:
        with self._lock:
            for key, by in grown:
                self._unwritten[key] = self._unwritten.get(key, 0.0) + by

    def write(self) -> None:
        """Add to the table what was counted since the last time, in one transaction.

        Raises Unusable when the database can't be used; nothing is lost then, and the next call writes it.
        """
        with self._lock:
            grown, self._unwritten = self._unwritten, {}
        if not grown:
            return
        try:
            with writing():
                execute_many(
                    """INSERT INTO tally (name, label, value) VALUES (?, ?, ?)
                    ON CONFLICT (name, label) DO UPDATE SET value = tally.value + excluded.value""",
                    # In one order everywhere: schedulers that write at the same time must not wait in a circle.
                    [(*key, by) for key, by in sorted(grown.items())],
                )
        except BaseException:
            self._add(*grown.items())
            raise


def read() -> Counter[Key]:
    """All that was ever written; a tally that is not there counts 0."""
    rows = execute("SELECT name, label, value FROM tally").fetchall()
    return Counter({(name, label): value for name, label, value in rows})
