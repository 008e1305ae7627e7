"""Claims: who may make which attempt. A claim is committed before anything is dialled.

It carries the attempt's number and a fence that counts claims; every later write names both, so whoever lost the claim
meanwhile changes nothing. Its lease is the beat of the scheduler that holds it (``schedulers``).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app import clock
from app.calls import caller_ids, db
from app.calls.accounts import AccountStatus
from app.calls.db import execute, execute_many, marks, writing
from app.calls.states import RUNNING, CampaignStatus, Status
from app.clock import Clock

RUNNING_STATUSES = ", ".join(f"'{status}'" for status in RUNNING)
WIDEST_LOOK = 10_000
"""How many calls of a campaign are looked at for some whose numbers are not being called."""

# The campaigns that have queued calls, found by leaps along the index call_due: a million calls cost what one does.
_WITH_QUEUED_CALLS = """WITH RECURSIVE waiting(id) AS (
    SELECT min(campaign_id) FROM call WHERE status = 'queued'
    UNION ALL
    SELECT (SELECT min(campaign_id) FROM call WHERE status = 'queued' AND campaign_id > waiting.id)
    FROM waiting WHERE waiting.id IS NOT NULL)"""
_MAY_DIAL = "campaign.status = 'started' AND NOT EXISTS (SELECT 1 FROM switch WHERE suspended)"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt at one call, and all that the attempt needs to know. Times are UNIX seconds."""

    call_id: int
    attempt: int
    fence: int
    due_at: float
    started_at: float
    phone_number: str
    number: str
    message_reference: str
    call_parameters: str
    campaign_parameters: str
    start_url: str
    result_url: str
    max_retries: int
    retry_interval: int
    expires_at: float | None
    detection: bool
    script: str
    metadata: str
    result_format: str
    is_pci: bool
    account_id: int
    account_status: str = AccountStatus.ACTIVE
    callers: frozenset[str] = frozenset()
    """The caller IDs of the account, where the call names one."""


@dataclass(frozen=True, slots=True, order=True)
class Waiting:
    """A call that is due."""

    due_at: float
    call_id: int
    number: str


def queues(now: datetime) -> dict[int, list[int]]:
    """The queues with calls that are due, and the campaigns these calls are in, the longest waiting first.

    A queue is an account, or a deployment: calls of different queues take turns, calls of one are dialled in the order
    of their due times. Stopped campaigns are not among them, and nothing is while all calling is suspended.
    """
    rows = execute(
        f"""{_WITH_QUEUED_CALLS}
        SELECT (SELECT due_at FROM call WHERE status = 'queued' AND campaign_id = campaign.id ORDER BY due_at LIMIT 1),
            campaign.id, queue_id
        FROM waiting JOIN campaign ON campaign.id = waiting.id WHERE {_MAY_DIAL}"""
    ).fetchall()
    found: dict[int, list[int]] = {}
    for first_due, campaign_id, queue_id in sorted(rows):
        if first_due <= now.timestamp():
            found.setdefault(queue_id, []).append(campaign_id)
    return found


def next_due(now: datetime) -> datetime | None:
    """When the next call comes due after ``now``, of those that may be dialled then."""
    rows = execute(
        f"""{_WITH_QUEUED_CALLS}
        SELECT (SELECT due_at FROM call WHERE status = 'queued' AND campaign_id = campaign.id AND due_at > ?
            ORDER BY due_at LIMIT 1)
        FROM waiting JOIN campaign ON campaign.id = waiting.id WHERE {_MAY_DIAL}""",
        now.timestamp(),
    ).fetchall()
    moments = [due_at for (due_at,) in rows if due_at is not None]
    return clock.instant(min(moments)) if moments else None


def due(campaigns: Sequence[int], now: datetime, limit: int) -> list[Waiting]:
    """The first ``limit`` calls of some campaigns of one queue that may be dialled now, first due first.

    No two have the same number, and none has a number that is being called. Only the first ``limit`` campaigns are
    asked, each by itself, along an index, and a few calls of each at first: together they are enough as a rule.
    """
    campaigns = campaigns[:limit]
    look = min(limit, 2 * limit // len(campaigns) + 4)
    found = {campaign_id: _due(campaign_id, now, look) for campaign_id in campaigns}
    first = _first(found.values(), limit)
    for campaign_id, waiting in found.items():
        # More of its calls may stand before the last of those that were found.
        if look < limit and len(waiting) >= look and (len(first) < limit or waiting[-1] < first[-1]):
            found[campaign_id] = _due(campaign_id, now, limit)
    return _first(found.values(), limit)


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


def claim(call_ids: Sequence[int], worker: str, lines: int, business: Clock) -> list[Claim]:
    """Claim the first of the calls that may still be dialled, as far as ``lines`` over all schedulers are free.

    In the order of ``call_ids``, of which no two may have the same number. Committed when the outermost transaction
    is. The time that counts is read when the turn to write has come: windows may have ended in the meantime.
    """
    with writing():
        db.exclusive("claims")
        now = business.now()
        call_ids = call_ids[: max(lines - running(), 0)]
        if not call_ids:
            return []
        asked = padded(call_ids)
        claimed = execute(
            f"""WITH free AS (SELECT id FROM call WHERE id IN ({marks(len(asked))})
                AND status = 'queued' AND due_at <= ? AND (expires_at IS NULL OR expires_at > ?)
                AND campaign_id IN (SELECT id FROM campaign WHERE status = ?)
                AND NOT EXISTS (SELECT 1 FROM switch WHERE suspended)
                AND number NOT IN (SELECT number FROM call WHERE status IN ({RUNNING_STATUSES}))
                {db.skip_locked()})
            UPDATE call SET status = ?, attempts = attempts + 1, fence = fence + 1, worker = ?, last_attempt_at = ?
            WHERE id IN (SELECT id FROM free)
            RETURNING id, attempts""",
            *asked,
            now.timestamp(),
            now.timestamp(),
            CampaignStatus.STARTED,
            Status.DIALING,
            worker,
            now.timestamp(),
        ).fetchall()
        execute_many(
            "INSERT INTO attempt (call_id, number, started_at, transcript) VALUES (?, ?, ?, '')",
            [(call_id, attempt, now.timestamp()) for call_id, attempt in sorted(claimed)],
        )
        return sorted(of_calls([call_id for call_id, _ in claimed]), key=_by_place(call_ids))


def running() -> int:
    """How many lines are in use over all schedulers."""
    # Of numbers, not of rows: SQLite then reads the small index of numbers that are being called.
    (count,) = execute(f"SELECT count(number) FROM call WHERE status IN ({RUNNING_STATUSES})").fetchone()
    return int(count)


def of_calls(call_ids: Sequence[int]) -> list[Claim]:
    """The claims that are on some calls at present, first due first."""
    if not call_ids:
        return []
    asked = padded(call_ids)
    rows = execute(
        f"""SELECT call.id, attempts, fence, due_at, last_attempt_at, phone_number, call.number, message_reference,
            call_parameters, campaign_parameters, start_url, result_url, max_retries, retry_interval, call.expires_at,
            detection, coalesce(outcomes, ''), metadata, result_format, is_pci, account_id, account.status
        FROM call JOIN terms ON terms.id = terms_id JOIN campaign ON campaign.id = call.campaign_id
            JOIN account ON account.id = account_id LEFT JOIN script ON script.number = call.number
        WHERE call.id IN ({marks(len(asked))}) ORDER BY due_at, call.id""",
        *asked,
    ).fetchall()
    return _with_callers([Claim(*row) for row in rows])


def _with_callers(claims: list[Claim]) -> list[Claim]:
    """The claims, those that may name a caller ID with what they may show."""
    accounts = {claim.account_id for claim in claims if _has_parameters(claim)}
    if not accounts:
        return claims
    callers = caller_ids.of_accounts(accounts)
    return [replace(claim, callers=callers[claim.account_id]) if _has_parameters(claim) else claim for claim in claims]


def _has_parameters(claim: Claim) -> bool:
    return ";" in claim.phone_number or not claim.phone_number.isascii()


def of_worker(worker: str, limit: int) -> list[Claim]:
    """The first ``limit`` claims that a scheduler holds."""
    rows = execute(
        f"SELECT id FROM call WHERE status IN ({RUNNING_STATUSES}) AND worker = ? LIMIT ?", worker, limit
    ).fetchall()
    return of_calls([call_id for (call_id,) in rows])


def give_back(undialled: Sequence[Claim]) -> None:
    """Return claims that were never dialled to the queue, as if they had not been made."""
    if not undialled:
        return
    with writing():
        for claim in undialled:
            returned = execute(
                f"""UPDATE call SET status = 'queued', attempts = attempts - 1, worker = NULL,
                    last_attempt_at = (SELECT max(started_at) FROM attempt WHERE call_id = ? AND number < ?)
                WHERE id = ? AND attempts = ? AND fence = ? AND status IN ({RUNNING_STATUSES})""",
                claim.call_id,
                claim.attempt,
                claim.call_id,
                claim.attempt,
                claim.fence,
            )
            if returned.rowcount:
                execute("DELETE FROM attempt WHERE call_id = ? AND number = ?", claim.call_id, claim.attempt)


def _by_place(call_ids: Sequence[int]) -> Callable[[Claim], int]:
    places = {call_id: place for place, call_id in enumerate(call_ids)}
    return lambda claim: places[claim.call_id]


def padded(call_ids: Sequence[int]) -> list[int]:
    """The ids, the last one repeated up to a power of two: few different statements, each prepared once."""
    length = 1 << (len(call_ids) - 1).bit_length()
    return [*call_ids, *[call_ids[-1]] * (length - len(call_ids))]
