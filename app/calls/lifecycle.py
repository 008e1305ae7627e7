"""The life of a call once it is claimed: answered, ended, lost, expired; one conditional statement per verb.

A call's last write and the result that must be sent are one transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls import claims, db, due_calls, endings, exchanges, outbox, schedulers
from app.calls.claims import Claim
from app.calls.db import execute, execute_many, marks, writing
from app.calls.due_calls import RUNNING_STATUSES
from app.calls.exchanges import Exchange
from app.calls.states import APPLICATION_ERROR, FINAL, CampaignStatus, Status, Verdict, verdict
from app.telephony.outcomes import CalleeType

log = logging.getLogger(__name__)

_EXPIRED = "SELECT 1 FROM call WHERE status = 'queued' AND expires_at <= ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a claimed attempt ended.

    ``events`` are (event, detail) pairs for the call's page; ``transcript`` has a JSON object per line.
    """

    claim: Claim
    callee_type: CalleeType
    answered_at: datetime | None
    ended_at: datetime
    duration: int
    events: Sequence[tuple[str, str]] = ()
    exchanges: Sequence[Exchange] = ()
    transcript: str = ""


def connect(answered: Iterable[tuple[Claim, datetime]]) -> None:
    """Someone answered: say so while the conversation goes on."""
    with writing():
        for claim, at in answered:
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


def finish(attempts: Iterable[Ended], zone: ZoneInfo) -> None:
    """End attempts: back into the queue for a retry, or final with the result to send, in one transaction.

    An attempt that another scheduler has settled meanwhile changes nothing.
    """
    with writing():
        written = _still_held(list(attempts))
        settled = [(ended, _verdict(ended)) for ended in written]
        execute_many(
            """UPDATE call SET status = ?, callee_type = ?, duration = ?, due_at = coalesce(?, due_at), finished_at = ?,
                worker = NULL
            WHERE id = ?""",
            [
                (
                    then.status,
                    ended.callee_type,
                    ended.duration,
                    then.due_at and then.due_at.timestamp(),
                    ended.ended_at.timestamp() if then.status in FINAL else None,
                    ended.claim.call_id,
                )
                for ended, then in settled
            ],
        )
        due_calls.comes_due(
            {ended.claim.call_id: then.due_at.timestamp() for ended, then in settled if then.due_at is not None}
        )
        _keep_history(written)
        endings.conclude([ended.claim.call_id for ended, then in settled if then.status in FINAL], zone)
        for ended, then in settled:
            claim = ended.claim
            log.info("%d %s after attempt %d: %s", claim.call_id, then.status, claim.attempt, ended.callee_type)
            if any(event == APPLICATION_ERROR for event, _ in ended.events):
                log.warning("%d %s, but the application failed: %s", claim.call_id, then.status, _fault(ended))


def _fault(ended: Ended) -> str:
    """How an application failed, as far as a log may have it: no parameters, and nothing that a page says."""
    last = ended.exchanges[-1] if ended.exchanges else None
    if last is None or (last.status is not None and last.status // 100 == 2):
        return f"`ringback status {ended.claim.call_id}` tells how"
    answer = f" answered {last.status}" if last.status is not None else f": {last.error}"
    return f"{last.method} {last.url.partition('?')[0]}{answer}"


def _still_held(attempts: Sequence[Ended]) -> list[Ended]:
    """The attempts whose claims still stand, by call_id, so that two schedulers can't wait for each other in a circle.

    Their rows are locked until the transaction ends.
    """
    if not attempts:
        return []
    call_ids = claims.padded([ended.claim.call_id for ended in attempts])
    held = set(
        execute(
            f"""SELECT id, attempts, fence FROM call WHERE id IN ({marks(len(call_ids))})
                AND status IN ({RUNNING_STATUSES}) ORDER BY id {db.for_update()}""",
            *call_ids,
        ).fetchall()
    )
    kept = []
    for ended in sorted(attempts, key=lambda ended: ended.claim.call_id):
        claim = ended.claim
        if (claim.call_id, claim.attempt, claim.fence) in held:
            kept.append(ended)
        else:
            log.warning("%d stale: attempt %d was settled by another", claim.call_id, claim.attempt)
    return kept


def _verdict(ended: Ended) -> Verdict:
    claim = ended.claim
    return verdict(
        ended.callee_type,
        answered=ended.answered_at is not None,
        attempts=claim.attempt,
        max_retries=claim.max_retries,
        retry_interval=claim.retry_interval,
        ended_at=ended.ended_at,
    )


def _keep_history(written: Sequence[Ended]) -> None:
    """Complete the attempts' rows, with their events and what was said to the customer's server."""
    execute_many(
        """UPDATE attempt SET answered_at = coalesce(?, answered_at), ended_at = ?, callee_type = ?, duration = ?,
            transcript = ?
        WHERE call_id = ? AND number = ?""",
        [
            (
                ended.answered_at and ended.answered_at.timestamp(),
                ended.ended_at.timestamp(),
                ended.callee_type,
                ended.duration,
                ended.transcript,
                ended.claim.call_id,
                ended.claim.attempt,
            )
            for ended in written
        ],
    )
    execute_many(
        "INSERT INTO event (call_id, at, event, detail) VALUES (?, ?, ?, ?)",
        [
            (ended.claim.call_id, ended.ended_at.timestamp(), event, detail)
            for ended in written
            for event, detail in ended.events
        ],
    )
    exchanges.keep(one for ended in written for one in ended.exchanges)


def settle_lost(worker: str, now: datetime, zone: ZoneInfo, *, beat: int | None = None, limit: int = 500) -> int:
    """Settle the attempts of a scheduler that is lost, and forget it once nothing of it is left; how many were settled.

    Nobody knows how they ended: they end as ``unknown``, which counts as failed, and are never dialled again. The
    results that it was posting are posted again.
    """
    with writing():
        db.exclusive("claims")
        if beat is not None and schedulers.has_beaten(worker, since=beat):
            return 0
        lost = claims.of_worker(worker, limit)
        lose(lost, now, zone, "its scheduler died, or stood still, in mid-call")
        if len(lost) < limit:
            outbox.release(worker)
            execute("DELETE FROM scheduler WHERE worker = ?", worker)
    return len(lost)


def lose(attempts: Iterable[Claim], now: datetime, zone: ZoneInfo, why: str) -> None:
    """End attempts whose fate is not known: as ``unknown``, which counts as failed."""
    finish([Ended(lost, CalleeType.UNKNOWN, None, now, 0, [("lost", why)]) for lost in attempts], zone)


def next_expiry(now: datetime) -> datetime | None:
    """When the next window of a queued call ends after ``now``."""
    row = execute(
        "SELECT expires_at FROM call WHERE status = 'queued' AND expires_at > ? ORDER BY expires_at LIMIT 1",
        now.timestamp(),
    ).fetchone()
    return clock.instant(row[0]) if row else None


def expire(now: datetime, zone: ZoneInfo, limit: int = 1_000) -> int:
    """End the queued calls whose window has ended, and queue their results; how many.

    One that was dialled before is failed; what one is that never was stands in its terms.
    """
    if execute(_EXPIRED, now.timestamp()).fetchone() is None:
        return 0
    with writing():
        rows = execute(
            f"""WITH over AS (SELECT id FROM call WHERE status = 'queued' AND expires_at <= ?
                AND campaign_id NOT IN (SELECT id FROM campaign WHERE status = ?) ORDER BY expires_at, id LIMIT ?
                {db.skip_locked()})
            UPDATE call SET finished_at = ?,
                status = CASE attempts WHEN 0 THEN (SELECT undialled FROM terms WHERE id = terms_id) ELSE ? END,
                callee_type = CASE attempts WHEN 0 THEN 'noattempt' ELSE callee_type END
            WHERE id IN (SELECT id FROM over)
            RETURNING id, status, attempts""",
            now.timestamp(),
            CampaignStatus.LOADING,
            limit,
            now.timestamp(),
            Status.FAILED,
        ).fetchall()
        endings.conclude([call_id for call_id, _, _ in rows], zone)
        for call_id, status, attempts in rows:
            log.info("%d %s: expired after %d attempts", call_id, status, attempts)
    return len(rows)
