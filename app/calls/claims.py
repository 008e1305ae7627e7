"""Claims: who may make which attempt. A claim is committed before anything is dialled.

It carries the attempt's number and a fence that counts claims; every later write names both, so whoever lost the claim
meanwhile changes nothing. Its lease is the beat of the scheduler that holds it (``schedulers``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.calls import caller_ids, db, due_calls
from app.calls.accounts import AccountStatus
from app.calls.db import execute, execute_many, marks, writing
from app.calls.due_calls import RUNNING_STATUSES
from app.calls.states import CampaignStatus, Status
from app.clock import Clock


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
            RETURNING id, attempts, campaign_id""",
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
            [(call_id, attempt, now.timestamp()) for call_id, attempt, _ in sorted(claimed)],
        )
        due_calls.correct({campaign_id for _, _, campaign_id in claimed})
        return sorted(of_calls([call_id for call_id, _, _ in claimed]), key=_by_place(call_ids))


def running() -> int:
    """How many lines are in use over all schedulers."""
    # Of numbers, not of rows: SQLite then reads the small index of numbers that are being called.
    (count,) = execute(f"SELECT count(number) FROM call WHERE status IN ({RUNNING_STATUSES})").fetchone()
    return int(count)


def running_of_queues() -> dict[int, int]:
    """How many lines each queue has in use over all schedulers; those without one are left out."""
    rows = execute(
        f"""SELECT queue_id, count(number) FROM call JOIN campaign ON campaign.id = campaign_id
        WHERE call.status IN ({RUNNING_STATUSES}) GROUP BY queue_id"""
    ).fetchall()
    return {int(queue_id): int(count) for queue_id, count in rows}


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
        due_calls.comes_due({claim.call_id: claim.due_at for claim in undialled})
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
