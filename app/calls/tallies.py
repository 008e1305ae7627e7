"""Numbers that only grow: every process counts in memory and now and then adds that to the tables.

The table ``tally`` is for /metrics; ``minute`` has some of it by account and minute of business time, for charts.

What a process that is killed had not yet added is lost: a second or two of counting, never a call.

| name | label |
|---|---|
| attempts | the callee type that an attempt ended with |
| result_posts | one of OUTCOMES, for each post that was made |
| due_to_dial | the bucket that the seconds from due to dialled fell into, and their sum |
| login_refusals | one of ``login_refusals.REASONS``, for each login with PIN that was refused |
"""

import threading
from bisect import bisect_left
from collections import Counter
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from app.calls.db import execute, execute_many, writing
from app.calls.delivery import Next, ResultState

ATTEMPTS, RESULT_POSTS, DUE_TO_DIAL = "attempts", "result_posts", "due_to_dial"
LOGIN_REFUSALS = "login_refusals"
OUTCOMES = tuple(Next(state, 0).outcome for state in ResultState)
"""What the post of a result can come to."""

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets of what is observed, in seconds, each included in its bucket."""
BUCKETS = (*map(str, BOUNDS), "+Inf")
SUM = "sum"

EVERYBODY = 0
"""The account of what is counted over all accounts."""
KEEP_MINUTES = timedelta(days=2)

K = TypeVar("K", bound=tuple[str | int, ...])
Key = tuple[str, str]
"""A tally's name and label."""


class _Growing(Generic[K]):
    """Numbers of one table that one process has counted and not yet written; any thread may count."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._lock = threading.Lock()
        self._unwritten: dict[K, float] = {}

    def _add(self, *grown: tuple[K, float]) -> None:
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
                # In one order everywhere: schedulers that write at the same time must not wait in a circle.
                execute_many(self._statement, [(*key, by) for key, by in sorted(grown.items())])
        except BaseException:
            self._add(*grown.items())
            raise


class Minutes(_Growing[tuple[int, str, int, str]]):
    """What happens in each minute of business time, by account, for charts."""

    def __init__(self) -> None:
        super().__init__(
            """INSERT INTO minute (account_id, name, minute, label, value) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (account_id, name, minute, label) DO UPDATE SET value = minute.value + excluded.value"""
        )

    def count(self, account_id: int, at: datetime, name: str, label: str) -> None:
        """Add one, for the account and for EVERYBODY."""
        minute = int(at.timestamp() // 60)
        self._add(((account_id, name, minute, label), 1.0), ((EVERYBODY, name, minute, label), 1.0))


class Tallies(_Growing[Key]):
    """What one process has counted; ``minutes`` is written together with it."""

    def __init__(self) -> None:
        super().__init__(
            """INSERT INTO tally (name, label, value) VALUES (?, ?, ?)
            ON CONFLICT (name, label) DO UPDATE SET value = tally.value + excluded.value"""
        )
        self.minutes = Minutes()

    def count(self, name: str, label: str, times: int = 1) -> None:
        """Add one, or more."""
        self._add(((name, label), float(times)))

    def observe(self, name: str, seconds: float) -> None:
        """Add a duration to its bucket and to the sum; one below 0, from a clock that jumped, counts as 0."""
        seconds = max(seconds, 0.0)
        self._add(((name, bucket(seconds)), 1.0), ((name, SUM), seconds))

    def attempted(self, account_id: int, at: datetime, callee_type: str) -> None:
        """Count an attempt of an account's call that ended."""
        self.count(ATTEMPTS, callee_type)
        self.minutes.count(account_id, at, ATTEMPTS, callee_type)

    def dialled(self, account_id: int, at: datetime, late: float) -> None:
        """Count a dial of an account's call, and by how many seconds it was late."""
        self.observe(DUE_TO_DIAL, late)
        self.minutes.count(account_id, at, DUE_TO_DIAL, bucket(late))

    def write(self) -> None:
        """As each of the two does it."""
        super().write()
        self.minutes.write()


def bucket(seconds: float) -> str:
    """The bucket that a duration falls into."""
    return BUCKETS[bisect_left(BOUNDS, seconds)]


def read() -> Counter[Key]:
    """All that was ever written; a tally that is not there counts 0."""
    rows = execute("SELECT name, label, value FROM tally").fetchall()
    return Counter({(name, label): value for name, label, value in rows})


def by_minute(name: str, account_id: int, since: datetime, until: datetime, minutes: int) -> dict[int, Counter[str]]:
    """What was counted for an account, or EVERYBODY, in each stretch of so many minutes, by label.

    A key is the stretch's first minute since 1970, a multiple of ``minutes``; stretches in which nothing happened are
    left out.
    """
    rows = execute(
        """SELECT minute / ? * ?, label, sum(value) FROM minute
        WHERE account_id = ? AND name = ? AND minute > ? AND minute <= ? GROUP BY 1, 2""",
        minutes,
        minutes,
        account_id,
        name,
        int(since.timestamp() // 60),
        int(until.timestamp() // 60),
    ).fetchall()
    found: dict[int, Counter[str]] = {}
    for minute, label, count in rows:
        found.setdefault(int(minute), Counter())[label] = int(count)
    return found


def forget_minutes(now: datetime) -> None:
    """Remove the minutes that no chart goes back to."""
    with writing():
        execute("DELETE FROM minute WHERE minute < ?", int((now - KEEP_MINUTES).timestamp() // 60))
