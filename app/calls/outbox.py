"""The results that wait to be posted, as rows: claiming a few, and writing down how their posts went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import db, exchanges
from app.calls.db import execute, execute_many, writing
from app.calls.delivery import Next, Reply, ResultState
from app.calls.exchanges import Exchange

LEASE_SECONDS = 60.0
_FREE = "state = 'pending' AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)"


@dataclass(frozen=True, slots=True)
class Letter:
    """One result to post. ``tries`` counts this post too."""

    call_id: int
    url: str
    body: str
    tries: int
    unacknowledged: int


def claim(limit: int, now: datetime) -> list[Letter]:
    """Take up to ``limit`` results that are due. A taken one comes back by itself if its sender dies."""
    free = execute(f"SELECT 1 FROM result WHERE {_FREE} LIMIT 1", now.timestamp(), clock.machine()).fetchone()
    if free is None:
        return []
    with writing():
        rows = execute(
            f"""WITH due AS (SELECT call_id FROM result WHERE {_FREE}
                ORDER BY due_at, call_id LIMIT ? {db.skip_locked()})
            UPDATE result SET tries = tries + 1, lease_until = ? WHERE call_id IN (SELECT call_id FROM due)
            RETURNING call_id, url, body, tries, unacknowledged""",
            now.timestamp(),
            clock.machine(),
            limit,
            clock.machine() + LEASE_SECONDS,
        ).fetchall()
    return [Letter(*row) for row in sorted(rows)]


def any_due(now: datetime) -> bool:
    """Whether a result should have been posted by now, or is being posted."""
    row = execute("SELECT 1 FROM result WHERE state = 'pending' AND due_at <= ? LIMIT 1", now.timestamp()).fetchone()
    return row is not None


def next_due(now: datetime) -> datetime | None:
    """When the next result is to be posted, after ``now``; None when none is."""
    (seconds,) = execute(
        "SELECT min(due_at) FROM result WHERE state = 'pending' AND due_at > ?", now.timestamp()
    ).fetchone()
    return None if seconds is None else clock.instant(seconds)


def release_all() -> None:
    """Give back what anybody has taken: only for a scheduler that knows it is alone."""
    with writing():
        execute("UPDATE result SET lease_until = NULL WHERE lease_until IS NOT NULL AND state = 'pending'")


def settle(posts: Iterable[tuple[Letter, Reply, Next]], exchanged: Sequence[Exchange] = ()) -> None:
    """Write down what became of some posts, and what was said in them, in one transaction."""
    with writing():
        execute_many(
            """UPDATE result SET state = ?, unacknowledged = ?, due_at = coalesce(?, due_at), lease_until = NULL,
                last_answer = ? WHERE call_id = ? AND tries = ?""",
            [
                (
                    then.state,
                    then.unacknowledged,
                    then.due_at and then.due_at.timestamp(),
                    str(reply),
                    letter.call_id,
                    letter.tries,
                )
                for letter, reply, then in posts
            ],
        )
        exchanges.keep(exchanged)


def give_back(letters: Sequence[Letter]) -> None:
    """Return results that were taken and not posted."""
    if not letters:
        return
    with writing():
        execute_many(
            """UPDATE result SET tries = tries - 1, lease_until = NULL
            WHERE call_id = ? AND tries = ? AND state = ?""",
            [(letter.call_id, letter.tries, ResultState.PENDING) for letter in letters],
        )
