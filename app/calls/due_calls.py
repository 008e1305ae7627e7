"""Which calls are due: queues, the campaigns in them, and their calls, at a cost that does not depend on what waits.

``campaign.next_due`` is never later than the first call that is queued in the campaign; it may be earlier. Whoever
queues a call calls ``comes_due``, whoever takes one away may leave it: what is too early is corrected when it is read.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import db
from app.calls.db import execute, execute_many, marks, writing
from app.calls.states import RUNNING

RUNNING_STATUSES = ", ".join(f"'{status}'" for status in RUNNING)
WIDEST_LOOK = 10_000
"""How many calls of a campaign are looked at for some whose numbers are not being called."""

_WAITS = "status = 'started' AND next_due IS NOT NULL"
_SUSPENDED = "SELECT 1 FROM switch WHERE suspended"

# The queues with queued calls, found by leaps along the index campaign_waiting: many campaigns cost what one does.
_QUEUES = f"""WITH RECURSIVE waiting(queue_id) AS (
    SELECT min(queue_id) FROM campaign WHERE {_WAITS}
    UNION ALL
    SELECT (SELECT min(queue_id) FROM campaign WHERE {_WAITS} AND queue_id > waiting.queue_id)
    FROM waiting WHERE waiting.queue_id IS NOT NULL)
SELECT (SELECT next_due FROM campaign WHERE {_WAITS} AND queue_id = waiting.queue_id ORDER BY next_due LIMIT 1),
    queue_id FROM waiting WHERE queue_id IS NOT NULL AND NOT EXISTS ({_SUSPENDED})"""
_CAMPAIGNS = f"""SELECT id FROM campaign WHERE {_WAITS} AND queue_id = ? AND next_due <= ?
    AND NOT EXISTS ({_SUSPENDED}) ORDER BY next_due, id LIMIT ?"""
_FIRST = "(SELECT due_at FROM call WHERE status = 'queued' AND campaign_id = campaign.id ORDER BY due_at LIMIT 1)"
_TOO_EARLY = f"next_due IS NOT NULL AND coalesce({_FIRST}, next_due + 1) > next_due"
_TOO_LATE = f"{_FIRST} < coalesce(next_due, {_FIRST} + 1)"


@dataclass(frozen=True, slots=True, order=True)
class Waiting:
    """A call that is due."""

    due_at: float
    call_id: int
    number: str


def queues(now: datetime) -> list[int]:
    """The queues that may have calls that are due, the longest waiting first.

    A queue is an account, or a deployment: calls of different queues take turns, calls of one are dialled in the order
    of their due times. Stopped campaigns do not count, and there is none while all calling is suspended.
    """
    rows = execute(_QUEUES).fetchall()
    return [queue_id for next_due, queue_id in sorted(rows) if next_due <= now.timestamp()]


def due(queue_id: int, now: datetime, limit: int) -> list[Waiting]:
    """The first ``limit`` calls of a queue that may be dialled now, first due first.

    No two have the same number, and none has a number that is being called. Only the first ``limit`` campaigns are
    asked, each by itself, along an index, and a few calls of each at first: together they are enough as a rule.
    """
    while campaigns := execute(_CAMPAIGNS, queue_id, now.timestamp(), limit).fetchall():
        found = _of_campaigns([campaign_id for (campaign_id,) in campaigns], now, limit)
        first = _first(found.values(), limit)
        idle = [campaign_id for campaign_id, waiting in found.items() if not waiting]
        if len(first) == limit or not correct(idle):
            return first
    return []


def _of_campaigns(campaigns: Sequence[int], now: datetime, limit: int) -> dict[int, list[Waiting]]:
    look = min(limit, 2 * limit // len(campaigns) + 4)
    found = {campaign_id: _due(campaign_id, now, look) for campaign_id in campaigns}
    first = _first(found.values(), limit)
    for campaign_id, waiting in found.items():
        # More of its calls may stand before the last of those that were found.
        if look < limit and len(waiting) >= look and (len(first) < limit or waiting[-1] < first[-1]):
            found[campaign_id] = _due(campaign_id, now, limit)
    return found


def _first(found: Iterable[Sequence[Waiting]], limit: int) -> list[Waiting]:
    """The first of all, each number once."""
    by_number: dict[str, Waiting] = {}
    for call in sorted(call for waiting in found for call in waiting):
        by_number.setdefault(call.number, call)
    return list(by_number.values())[:limit]


_DUE = f"""SELECT due_at, id, number, number IN (SELECT number FROM call WHERE status IN ({RUNNING_STATUSES})) AS called
    FROM call WHERE status = 'queued' AND campaign_id = ? AND due_at <= ? AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY due_at, id LIMIT ?"""
_DUE_BY_NUMBER = f"""SELECT due_at, id, number FROM
    (SELECT due_at, id, number, row_number() OVER (PARTITION BY number ORDER BY due_at, id) AS place
        FROM ({_DUE}) AS first WHERE NOT called) AS numbered
    WHERE place = 1 ORDER BY due_at, id LIMIT ?"""


def _due(campaign_id: int, now: datetime, limit: int) -> list[Waiting]:
    """The first due calls of a campaign; it looks far only where one number stands there again and again."""
    window = (campaign_id, now.timestamp(), now.timestamp())
    look = 2 * limit + 8
    rows = execute(_DUE, *window, look).fetchall()
    waiting = [Waiting(due_at, call_id, number) for due_at, call_id, number, called in rows if not called]
    if len(rows) < look or len({call.number for call in waiting}) >= limit:
        return waiting
    return [Waiting(*row) for row in execute(_DUE_BY_NUMBER, *window, WIDEST_LOOK, limit).fetchall()]


_BOUNDS = f"SELECT id, next_due FROM campaign WHERE {_WAITS}"
_LATER = "SELECT min(due_at) FROM call WHERE status = 'queued' AND campaign_id = ? AND due_at > ?"
_AT_ONCE = 1_000


def next_due(now: datetime, look: int = 2**31 - 1) -> datetime | None:
    """When the next call comes due after ``now``, of those that may be dialled then.

    Of the campaigns that have calls that are due already only the first ``look`` are asked for later ones.
    """
    if execute(_SUSPENDED).fetchone():
        return None
    seconds = now.timestamp()
    already = execute(f"{_BOUNDS} AND next_due <= ? ORDER BY next_due, id LIMIT ?", seconds, look).fetchall()
    earliest = _earliest(already, seconds)
    beyond = f"{_BOUNDS} AND next_due > ? ORDER BY next_due, id LIMIT ?"
    size = 2
    while bounds := execute(beyond, seconds, size).fetchall():
        found = (earliest, _earliest(bounds, seconds))
        earliest = min((due_at for due_at in found if due_at is not None), default=None)
        if len(bounds) < size or (earliest is not None and earliest <= bounds[-1][1]):
            break
        if not correct([campaign_id for campaign_id, _ in bounds]):
            break
        size = min(4 * size, _AT_ONCE)
    return None if earliest is None else clock.instant(earliest)


def _earliest(bounds: Iterable[tuple[int, float]], seconds: float) -> float | None:
    """The first due time after ``seconds`` in some campaigns."""
    found = [execute(_LATER, campaign_id, seconds).fetchone()[0] for campaign_id, _ in bounds]
    return min((due_at for due_at in found if due_at is not None), default=None)


def comes_due(dues: Mapping[int, float]) -> None:
    """Say that calls were put back into the queue, in the transaction that does it; UNIX seconds by call_id."""
    if not dues:
        return
    rows = execute(f"SELECT id, campaign_id FROM call WHERE id IN ({marks(len(dues))})", *dues).fetchall()
    first: dict[int, float] = {}
    for call_id, campaign_id in rows:
        first[campaign_id] = min(dues[call_id], first.get(campaign_id, dues[call_id]))
    # Each row is locked whether it changes or not: ``correct`` must not overlook what is not committed yet.
    execute_many(
        "UPDATE campaign SET next_due = CASE WHEN next_due <= ? THEN next_due ELSE ? END WHERE id = ?",
        [(due_at, due_at, campaign_id) for campaign_id, due_at in sorted(first.items())],
    )


def was_queued(campaign_id: int, due_at: float) -> None:
    """Say that a new call was inserted into a campaign, after that in its transaction; ``due_at`` in UNIX seconds.

    The foreign key of the new row has locked the campaign against ``correct``.
    """
    execute(
        "UPDATE campaign SET next_due = ? WHERE id = ? AND (next_due IS NULL OR next_due > ?)",
        *(due_at, campaign_id, due_at),
    )


def correct(campaign_ids: Collection[int]) -> int:
    """Bring forward what is too early in ``next_due`` of some campaigns, unless somebody just queues; how many were."""
    wrong = _which(f"SELECT id FROM campaign WHERE id IN ({marks(len(campaign_ids))}) AND {_TOO_EARLY}", campaign_ids)
    if not wrong:
        return 0
    with writing():
        # Locked first, in a statement of its own: the next one then sees all that was committed before.
        chosen = f"SELECT id FROM campaign WHERE id IN ({marks(len(wrong))}) ORDER BY id {db.skip_locked()}"
        locked = _which(chosen, wrong)
        changed = execute(
            f"UPDATE campaign SET next_due = {_FIRST} WHERE id IN ({marks(len(locked))}) AND {_TOO_EARLY}", *locked
        )
    return int(changed.rowcount)


def repair() -> int:
    """Find the campaigns whose calls are due before ``next_due`` says; how many.

    There are none but where a program of an earlier version has queued during an upgrade, or rows came by hand.
    """
    late = _which(f"SELECT id FROM campaign WHERE {_TOO_LATE}", ())
    with writing():
        execute_many(f"UPDATE campaign SET next_due = {_FIRST} WHERE id = ? AND {_TOO_LATE}", [(one,) for one in late])
    return len(late)


def _which(statement: str, values: Collection[object]) -> list[int]:
    return [row_id for (row_id,) in execute(statement, *values).fetchall()]
