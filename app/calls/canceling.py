"""Taking calls back before they are reached: one call, those of a campaign, or all of a queue.

Several short transactions; each brings the results that must be sent. What is being dialled or talked to goes on, but
its window ends: it is not dialled again.
"""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from app.calls import db, endings
from app.calls.db import execute, writing
from app.calls.due_calls import RUNNING_STATUSES
from app.calls.states import Status

log = logging.getLogger(__name__)

_VISIBLE = "SELECT id FROM campaign WHERE status <> 'loading'"


def cancel_queue(queue_id: int, now: datetime, zone: ZoneInfo) -> int:
    """Cancel every call of a queue that waits; how many."""
    return _cancel(f"campaign_id IN ({_VISIBLE} AND queue_id = ?)", queue_id, now, zone)


def cancel_campaign(campaign_id: int, now: datetime, zone: ZoneInfo) -> int:
    """Cancel every call of a campaign that waits; how many."""
    return _cancel(f"campaign_id IN ({_VISIBLE} AND id = ?)", campaign_id, now, zone)


def cancel_call(call_id: int, now: datetime, zone: ZoneInfo) -> bool:
    """Cancel a call that waits; whether it did."""
    return _cancel(f"campaign_id IN ({_VISIBLE}) AND call.id = ?", call_id, now, zone) == 1


def _cancel(chosen: str, chosen_id: int, now: datetime, zone: ZoneInfo, limit: int = 1_000) -> int:
    canceled = 0
    while True:
        with writing():
            db.exclusive("claims")
            rows = execute(
                f"""UPDATE call SET status = ?, finished_at = ?,
                    callee_type = CASE attempts WHEN 0 THEN 'noattempt' ELSE callee_type END
                WHERE id IN (SELECT call.id FROM call WHERE status = 'queued' AND {chosen} LIMIT ?)
                RETURNING id""",
                Status.CANCELED,
                now.timestamp(),
                chosen_id,
                limit,
            ).fetchall()
            endings.conclude([call_id for (call_id,) in rows], zone)
            execute(
                f"""UPDATE call SET expires_at = ? WHERE status IN ({RUNNING_STATUSES})
                AND {chosen} AND coalesce(expires_at, ?) >= ?""",
                *(now.timestamp(), chosen_id, now.timestamp(), now.timestamp()),
            )
        for (call_id,) in rows:
            log.info("%d canceled", call_id)
        canceled += len(rows)
        if len(rows) < limit:
            return canceled
