"""Claims: who may make which attempt. A claim is committed before anything is dialled.

It carries the attempt's number and a fence that counts claims; every later write names both, so whoever lost the claim
meanwhile changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls.db import execute, execute_many, marks, writing
from app.calls.states import RUNNING, CampaignStatus, Status
from app.clock import Clock

LEASE_SECONDS = 30.0
RUNNING_STATUSES = ", ".join(f"'{status}'" for status in RUNNING)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt at one call, and all that the attempt needs to know."""

    call_id: int
    attempt: int
    fence: int
    lease_until: float
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


def due(now: datetime, limit: int) -> dict[int, list[tuple[float, int]]]:
    """The calls that may be dialled now, by account: at most ``limit`` (due time, call_id) each, first due first.

    Each campaign with waiting calls is asked by itself, along an index, so that a million calls that wait in one
    cost nothing when another's are picked.
    """
    campaigns = execute(
        """WITH RECURSIVE waiting(id) AS (
            SELECT min(campaign_id) FROM call WHERE status = 'queued'
            UNION ALL
            SELECT (SELECT min(campaign_id) FROM call WHERE status = 'queued' AND campaign_id > waiting.id)
            FROM waiting WHERE waiting.id IS NOT NULL)
        SELECT campaign.id, account_id FROM waiting JOIN campaign ON campaign.id = waiting.id
        WHERE campaign.status = ?""",
        CampaignStatus.STARTED,
    ).fetchall()
    queues: dict[int, list[tuple[float, int]]] = {}
    for campaign_id, account_id in campaigns:
        waiting = execute(
            """SELECT due_at, id FROM call
            WHERE status = 'queued' AND campaign_id = ? AND due_at <= ? AND (expires_at IS NULL OR expires_at > ?)
            ORDER BY due_at, id LIMIT ?""",
            campaign_id,
            now.timestamp(),
            now.timestamp(),
            limit,
        ).fetchall()
        queues.setdefault(account_id, []).extend(waiting)
    return {account_id: sorted(waiting)[:limit] for account_id, waiting in queues.items() if waiting}


def claim(call_ids: Sequence[int], worker: str, lines: int, business: Clock) -> list[Claim]:
    """Claim the first of the calls that may still be dialled, as far as ``lines`` over all schedulers are free.

    Committed when it returns; call it outside a transaction. The time that counts is read when the turn to write has
    come, because windows may have ended in the meantime.
    """
    with writing():
        now = business.now()
        lease_until = clock.machine() + LEASE_SECONDS
        (running,) = execute(f"SELECT count(*) FROM call WHERE status IN ({RUNNING_STATUSES})").fetchone()
        call_ids = call_ids[: max(lines - running, 0)]
        claimed = execute(
            f"""UPDATE call SET status = ?, attempts = attempts + 1, fence = fence + 1, worker = ?, lease_until = ?,
                last_attempt_at = ?
            WHERE id IN ({marks(len(call_ids))}) AND status = 'queued' AND due_at <= ?
                AND (expires_at IS NULL OR expires_at > ?)
                AND campaign_id IN (SELECT id FROM campaign WHERE status = ?)
            RETURNING id, attempts""",
            Status.DIALING,
            worker,
            lease_until,
            now.timestamp(),
            *call_ids,
            now.timestamp(),
            now.timestamp(),
            CampaignStatus.STARTED,
        ).fetchall()
        execute_many(
            "INSERT INTO attempt (call_id, number, started_at) VALUES (?, ?, ?)",
            [(call_id, attempt, now.timestamp()) for call_id, attempt in claimed],
        )
        return of_calls([call_id for call_id, _ in claimed])


def of_calls(call_ids: Sequence[int]) -> list[Claim]:
    """The claims that are on some calls at present, first due first."""
    rows = execute(
        f"""SELECT call.id, attempts, fence, lease_until, phone_number, number, message_reference, call_parameters,
            campaign_parameters, start_url, result_url, max_retries, retry_interval, call.expires_at, detection
        FROM call JOIN terms ON terms.id = terms_id JOIN campaign ON campaign.id = call.campaign_id
            JOIN account ON account.id = account_id
        WHERE call.id IN ({marks(len(call_ids))}) ORDER BY due_at, call.id""",
        *call_ids,
    ).fetchall()
    return [Claim(*row) for row in rows]


def give_back(undialled: Sequence[Claim]) -> None:
    """Return claims that were never dialled to the queue, as if they had not been made."""
    if not undialled:
        return
    with writing():
        for claim in undialled:
            returned = execute(
                f"""UPDATE call SET status = 'queued', attempts = attempts - 1, worker = NULL, lease_until = NULL,
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


def renew(running: Iterable[Claim]) -> None:
    """Keep claims for another lease, those that were not lost meanwhile."""
    lease_until = clock.machine() + LEASE_SECONDS
    with writing():
        execute_many(
            f"""UPDATE call SET lease_until = ?
            WHERE id = ? AND attempts = ? AND fence = ? AND status IN ({RUNNING_STATUSES})""",
            [(lease_until, claim.call_id, claim.attempt, claim.fence) for claim in running],
        )
