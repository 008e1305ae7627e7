"""The life of a call once it is claimed: answered, ended, lost, expired; one conditional statement per verb.

A call's last write and the result that must be sent are one transaction.
"""

import logging
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls import claims
from app.calls.claims import RUNNING_STATUSES, Claim
from app.calls.db import Busy, execute, execute_many, writing
from app.calls.payloads import result_body
from app.calls.states import FINAL, CampaignStatus, Status, verdict
from app.telephony.outcomes import CalleeType

log = logging.getLogger(__name__)


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


def connect(claim: Claim, at: datetime) -> None:
    """Someone answered. A database that can't be used now must not end the conversation: ``finish`` says it again."""
    try:
        _connect(claim, at)
    except Busy:
        log.warning("%d connected: not written down yet", claim.call_id, exc_info=True)


def _connect(claim: Claim, at: datetime) -> None:
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


def finish(attempts: Sequence[Ended], zone: ZoneInfo) -> None:
    """End attempts: back into the queue for a retry, or final with the result to send, in one transaction."""
    if not attempts:
        return
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
        WHERE id = ? AND attempts = ? AND fence = ? AND status IN ({RUNNING_STATUSES})""",
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
        """UPDATE attempt SET answered_at = coalesce(?, answered_at), ended_at = ?, callee_type = ?, duration = ?
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


def recover(now: datetime, zone: ZoneInfo, still_running: Container[int], limit: int = 1_000) -> int:
    """Settle attempts whose lease ran out: their fate is lost, so they end as ``unknown`` and count as failed.

    ``still_running`` are calls whose end the caller will write down itself, however late their leases are.
    """
    rows = execute(
        f"SELECT id FROM call WHERE status IN ({RUNNING_STATUSES}) AND lease_until < ? LIMIT ?", clock.machine(), limit
    ).fetchall()
    lost = claims.of_calls([call_id for (call_id,) in rows if call_id not in still_running])
    lose(lost, now, zone, "its scheduler died, or stood still, in mid-call")
    return len(lost)


def lose(attempts: Iterable[Claim], now: datetime, zone: ZoneInfo, why: str) -> None:
    """End attempts whose fate is not known: as ``unknown``, which counts as failed."""
    finish(
        [Ended(lost, CalleeType.UNKNOWN, _started_at(lost), None, now, 0, [("lost", why)]) for lost in attempts], zone
    )


def _started_at(claim: Claim) -> datetime:
    (seconds,) = execute("SELECT last_attempt_at FROM call WHERE id = ?", claim.call_id).fetchone()
    return clock.instant(seconds)


def expire(now: datetime, zone: ZoneInfo, limit: int = 1_000) -> int:
    """Fail the queued calls whose window has ended, and queue their results; how many."""
    waiting = "SELECT 1 FROM call WHERE status = 'queued' AND expires_at <= ? LIMIT 1"
    if execute(waiting, now.timestamp()).fetchone() is None:
        return 0
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
