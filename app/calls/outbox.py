"""The results that wait to be posted, as rows: claiming some, and writing down how their posts went.

A destination is the origin of a result_url. A scheduler takes letters from each destination as it sees fit; what it has
taken is its own until it has written down what became of it, or is lost.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app import clock
from app.calls import db, exchanges, result_signing
from app.calls.db import execute, execute_many, writing
from app.calls.delivery import Next, Reply, ResultState
from app.calls.exchanges import Exchange
from app.intake.orders import ResultFormat
from app.outside import urls
from app.outside.answers import NotFetched

_FREE = "state = 'pending' AND worker IS NULL"

# The destinations with results to post, found by leaps along the index result_free: many results cost what one does.
_WAITING = f"""WITH RECURSIVE waiting(destination) AS (
    SELECT min(destination) FROM result WHERE {_FREE}
    UNION ALL
    SELECT (SELECT min(destination) FROM result WHERE {_FREE} AND destination > waiting.destination)
    FROM waiting WHERE waiting.destination IS NOT NULL)
SELECT (SELECT due_at FROM result WHERE {_FREE} AND destination = waiting.destination ORDER BY due_at LIMIT 1),
    destination FROM waiting WHERE destination IS NOT NULL"""


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """One result to post, taken once. ``tries`` counts this post too; ``secrets`` sign it."""

    call_id: int
    destination: str
    url: str
    format: ResultFormat
    body: str
    tries: int
    unacknowledged: int
    secrets: tuple[str, ...] = field(default=(), repr=False)


def add(call_id: int, url: str, body: str, due_at: datetime, result_format: ResultFormat = ResultFormat.FORM) -> None:
    """Put a result in the outbox."""
    execute(
        """INSERT INTO result (call_id, url, format, body, state, tries, unacknowledged, due_at, last_answer,
            destination)
        VALUES (?, ?, ?, ?, ?, 0, 0, ?, '', ?)""",
        call_id,
        url,
        result_format,
        body,
        ResultState.PENDING,
        due_at.timestamp(),
        _destination(url),
    )


def _destination(url: str) -> str:
    try:
        return urls.parse(url).origin
    except NotFetched:
        return ""  # it goes nowhere, and takes no time to get there


def waiting(now: datetime) -> list[str]:
    """The destinations of results that are due and that nobody is posting, the longest waiting first."""
    free = execute(f"SELECT 1 FROM result WHERE {_FREE} AND due_at <= ? LIMIT 1", now.timestamp()).fetchone()
    if free is None:
        return []
    rows = execute(_WAITING).fetchall()
    return [destination for due_at, destination in sorted(rows) if due_at <= now.timestamp()]


def claim(wanted: Mapping[str, int], worker: str, now: datetime) -> list[Letter]:
    """Take at most so many due results of each destination, in that order, each destination's first due first."""
    if not wanted:
        return []
    with writing():
        rows = [
            row
            for destination, most in wanted.items()
            for row in execute(
                f"""SELECT call_id, destination, url, format, body, tries + 1, unacknowledged FROM result
                WHERE {_FREE} AND destination = ? AND due_at <= ?
                ORDER BY due_at, call_id LIMIT ? {db.skip_locked()}""",
                destination,
                now.timestamp(),
                most,
            ).fetchall()
        ]
        execute_many(
            "UPDATE result SET worker = ? WHERE call_id = ?", sorted((worker, call_id) for call_id, *_ in rows)
        )
        secrets = result_signing.of_calls([call_id for call_id, *_ in rows], now)
    return [
        Letter(call_id, destination, url, ResultFormat(told_as), body, tries, unacknowledged, secrets.get(call_id, ()))
        for call_id, destination, url, told_as, body, tries, unacknowledged in rows
    ]


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
        execute("UPDATE result SET worker = NULL WHERE worker IS NOT NULL")


def release(worker: str, but: Collection[int] = ()) -> None:
    """Give back what a scheduler has taken and will not write down; ``but`` these call_ids.

    They are posted again, perhaps twice, with no step of the waits used up.
    """
    rows = execute("SELECT call_id FROM result WHERE worker = ?", worker).fetchall()
    give_back([call_id for (call_id,) in rows if call_id not in but], worker)


def settle(posts: Iterable[tuple[Letter, Reply, Next]], worker: str, exchanged: Sequence[Exchange] = ()) -> None:
    """Write down what became of a scheduler's posts, and what was said in them, in one transaction.

    What was given to others meanwhile, because this scheduler was taken for lost, is theirs to write.
    """
    with writing():
        execute_many(
            """UPDATE result SET state = ?, tries = ?, unacknowledged = ?, due_at = coalesce(?, due_at),
                worker = NULL, last_answer = ? WHERE call_id = ? AND worker = ?""",
            [
                (
                    then.state,
                    letter.tries,
                    then.unacknowledged,
                    then.due_at and then.due_at.timestamp(),
                    str(reply),
                    letter.call_id,
                    worker,
                )
                for letter, reply, then in sorted(posts, key=lambda one: one[0].call_id)
            ],
        )
        exchanges.keep(exchanged)


def give_back(call_ids: Sequence[int], worker: str) -> None:
    """Return results that a scheduler has taken."""
    if call_ids:
        with writing():
            execute_many(
                "UPDATE result SET worker = NULL WHERE call_id = ? AND worker = ?",
                [(call_id, worker) for call_id in sorted(call_ids)],
            )


def resend(call_id: int, now: datetime) -> bool:
    """Post a result again, the same body, from now on as often as for the first time; whether it could be.

    It can't be before there is one, nor while it is being posted.
    """
    with writing():
        resent = execute(
            """UPDATE result SET state = ?, tries = 0, unacknowledged = 0, due_at = ?
            WHERE call_id = ? AND worker IS NULL""",
            ResultState.PENDING,
            now.timestamp(),
            call_id,
        )
        db.ring()
    return bool(resent.rowcount)
