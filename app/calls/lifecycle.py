"""The life of a call after it is queued: one conditional statement per verb.

A claim is committed before anything is dialled, and every later write names the attempt and the fence of its
claim: whoever lost the claim meanwhile changes nothing. A call's last write and the result that must be sent are
one transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls.db import execute, execute_many, marks, writing
from app.calls.payloads import result_body
from app.calls.states import FINAL, RUNNING, CampaignStatus, Status, verdict
from app.telephony.outcomes import CalleeType

log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
_RUNNING = ", ".join(f"'{status}'" for status in RUNNING)


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
    detection: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a claimed attempt ended. ``events`` are (event, detail) pairs for the call's page."""

    claim: Claim
    callee_type: CalleeType
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration: int
    events: Sequence[tuple[str, str]] = field(default_factory=tuple)


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


def running() -> int:
    """How many calls hold a line, over all schedulers."""
    (count,) = execute(f"SELECT count(*) FROM call WHERE status IN ({_RUNNING})").fetchone()
    return int(count)


def claim(call_ids: Sequence[int], worker: str, now: datetime) -> list[Claim]:
    """Claim those of the calls that may still be dialled. Committed when it returns; call inside no transaction."""
    lease_until = clock.machine() + LEASE_SECONDS
    with writing():
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
        return _claims([call_id for call_id, _ in claimed])


def _claims(call_ids: Sequence[int]) -> list[Claim]:
    rows = execute(
        f"""SELECT call.id, attempts, fence, lease_until, phone_number, number, message_reference, call_parameters,
            campaign_parameters, start_url, result_url, max_retries, retry_interval, detection
        FROM call JOIN terms ON terms.id = terms_id JOIN campaign ON campaign.id = call.campaign_id
            JOIN account ON account.id = account_id
        WHERE call.id IN ({marks(len(call_ids))}) ORDER BY due_at, call.id""",
        *call_ids,
    ).fetchall()
    return [Claim(*row) for row in rows]


def give_back(claims: Iterable[Claim]) -> None:
    """Return claims that were never dialled to the queue, as if they had not been made."""
    with writing():
        for claim in claims:
            returned = execute(
                f"""UPDATE call SET status = 'queued', attempts = attempts - 1, worker = NULL, lease_until = NULL,
                    last_attempt_at = (SELECT max(started_at) FROM attempt WHERE call_id = ? AND number < ?)
                WHERE id = ? AND attempts = ? AND fence = ? AND status IN ({_RUNNING})""",
                claim.call_id,
                claim.attempt,
                claim.call_id,
                claim.attempt,
                claim.fence,
            )
            if returned.rowcount:
                execute("DELETE FROM attempt WHERE call_id = ? AND number = ?", claim.call_id, claim.attempt)


def connect(claim: Claim, at: datetime) -> None:
    """Someone answered."""
    with writing():
        connected = execute(
            "UPDATE call SET status = ? WHERE id = ? AND attempts = ? AND fence = ? AND status = ?",
            Status.CONNECTED,
            claim.call_id,
            claim.attempt,
            claim.fence,
            Status.DIALING,
        )
        if connected.rowcount:
            execute(
                "UPDATE attempt SET answered_at = ? WHERE call_id = ? AND number = ?",
                at.timestamp(),
                claim.call_id,
                claim.attempt,
            )


def renew(worker: str) -> None:
    """Keep this worker's claims for another lease."""
    with writing():
        execute(
            f"UPDATE call SET lease_until = ? WHERE worker = ? AND status IN ({_RUNNING})",
            clock.machine() + LEASE_SECONDS,
            worker,
        )


def finish(attempts: Iterable[Ended], zone: ZoneInfo) -> None:
    """End attempts: back into the queue for a retry, or final with the result to send, in one transaction."""
    with writing():
        for ended in attempts:
            _finish(ended, zone)


def _finish(ended: Ended, zone: ZoneInfo) -> None:
    claim = ended.claim
    then = verdict(
        ended.callee_type,
        answered=ended.answered_at is not None,
        attempts=claim.attempt,
        max_retries=claim.max_retries,
        retry_interval=claim.retry_interval,
        ended_at=ended.ended_at,
    )
    final = then.status in FINAL
    written = execute(
        f"""UPDATE call SET status = ?, callee_type = ?, duration = ?, due_at = coalesce(?, due_at), finished_at = ?,
            worker = NULL, lease_until = NULL
        WHERE id = ? AND attempts = ? AND fence = ? AND status IN ({_RUNNING})""",
        then.status,
        ended.callee_type,
        ended.duration,
        then.due_at and then.due_at.timestamp(),
        ended.ended_at.timestamp() if final else None,
        claim.call_id,
        claim.attempt,
        claim.fence,
    )
    if not written.rowcount:
        log.warning("%d stale: attempt %d was settled by another", claim.call_id, claim.attempt)
        return
    execute(
        """UPDATE attempt SET answered_at = ?, ended_at = ?, callee_type = ?, duration = ?
        WHERE call_id = ? AND number = ?""",
        ended.answered_at and ended.answered_at.timestamp(),
        ended.ended_at.timestamp(),
        ended.callee_type,
        ended.duration,
        claim.call_id,
        claim.attempt,
    )
    execute_many(
        "INSERT INTO event (call_id, at, event, detail) VALUES (?, ?, ?, ?)",
        [(claim.call_id, ended.ended_at.timestamp(), event, detail) for event, detail in ended.events],
    )
    if final and claim.result_url:
        body = result_body(
            phone_number=claim.phone_number,
            message_reference=claim.message_reference,
            call_id=claim.call_id,
            status=then.status,
            callee_type=ended.callee_type,
            attempts=claim.attempt,
            last_attempt_at=ended.started_at,
            duration=ended.duration,
            zone=zone,
        )
        _send(claim.call_id, claim.result_url, body, ended.ended_at)
    log.info("%d %s after attempt %d: %s", claim.call_id, then.status, claim.attempt, ended.callee_type)


def recover(now: datetime, zone: ZoneInfo, limit: int = 1_000) -> int:
    """Settle attempts whose lease ran out: their fate is lost, so they end as ``unknown`` and count as failed."""
    rows = execute(
        f"SELECT id FROM call WHERE status IN ({_RUNNING}) AND lease_until < ? LIMIT ?", clock.machine(), limit
    ).fetchall()
    lost = [
        Ended(
            claim, CalleeType.UNKNOWN, _started_at(claim), None, now, 0, [("lost", "its scheduler stopped in mid-call")]
        )
        for claim in _claims([call_id for (call_id,) in rows])
    ]
    finish(lost, zone)
    return len(lost)


def _started_at(claim: Claim) -> datetime:
    (seconds,) = execute("SELECT last_attempt_at FROM call WHERE id = ?", claim.call_id).fetchone()
    return clock.instant(seconds)


def expire(now: datetime, zone: ZoneInfo, limit: int = 1_000) -> int:
    """Fail the queued calls whose window has ended, and queue their results; how many."""
    with writing():
        rows = execute(
            """UPDATE call SET status = ?, finished_at = ?,
                callee_type = CASE attempts WHEN 0 THEN 'noattempt' ELSE callee_type END
            WHERE id IN (SELECT id FROM call WHERE status = 'queued' AND expires_at <= ?
                AND campaign_id NOT IN (SELECT id FROM campaign WHERE status = ?) ORDER BY expires_at LIMIT ?)
            RETURNING id, terms_id, phone_number, message_reference, callee_type, attempts, last_attempt_at,
                duration""",
            Status.FAILED,
            now.timestamp(),
            now.timestamp(),
            CampaignStatus.LOADING,
            limit,
        ).fetchall()
        for call_id, terms_id, phone_number, reference, callee_type, attempts, last_attempt_at, duration in rows:
            (url,) = execute("SELECT result_url FROM terms WHERE id = ?", terms_id).fetchone()
            if url:
                body = result_body(
                    phone_number=phone_number,
                    message_reference=reference,
                    call_id=call_id,
                    status=Status.FAILED,
                    callee_type=callee_type,
                    attempts=attempts,
                    last_attempt_at=clock.instant(last_attempt_at) if last_attempt_at is not None else None,
                    duration=duration,
                    zone=zone,
                )
                _send(call_id, url, body, now)
            log.info("%d failed: expired after %d attempts", call_id, attempts)
    return len(rows)


def _send(call_id: int, url: str, body: str, now: datetime) -> None:
    execute(
        """INSERT INTO result (call_id, url, body, state, tries, unacknowledged, due_at, last_answer)
        VALUES (?, ?, ?, 'pending', 0, 0, ?, '')""",
        call_id,
        url,
        body,
        now.timestamp(),
    )
