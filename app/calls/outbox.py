"""The results that wait to be posted, as rows: claiming a few, and writing down how their posts went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls.db import execute, execute_many, writing
from app.calls.delivery import Next, Reply, ResultState

LEASE_SECONDS = 60.0


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
    if not _any_due(now):
        return []
    with writing():
        rows = execute(
            """UPDATE result SET tries = tries + 1, lease_until = ?
            WHERE call_id IN (SELECT call_id FROM result WHERE state = 'pending' AND due_at <= ?
                AND (lease_until IS NULL OR lease_until < ?) ORDER BY due_at, call_id LIMIT ?)
            RETURNING call_id, url, body, tries, unacknowledged""",
            clock.machine() + LEASE_SECONDS,
            now.timestamp(),
            clock.machine(),
            limit,
        ).fetchall()
    return [Letter(*row) for row in sorted(rows)]


def _any_due(now: datetime) -> bool:
    row = execute(
        """SELECT 1 FROM result WHERE state = 'pending' AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)
        LIMIT 1""",
        now.timestamp(),
        clock.machine(),
    ).fetchone()
    return row is not None


def settle(posts: Iterable[tuple[Letter, Reply, Next]]) -> None:
    """Write down what became of some posts, in one transaction."""
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
