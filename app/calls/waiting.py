"""Why is this call not dialling? One answer for every call, in a sentence for people."""

from datetime import datetime

from app import clock
from app.calls import claims, due_calls, schedulers
from app.calls.db import execute
from app.calls.due_calls import RUNNING_STATUSES
from app.calls.states import APPLICATION_ERROR, CampaignStatus, Status
from app.errors import Refusal

_ENDED = {
    Status.COMPLETED: "it is completed",
    Status.FAILED: "it has failed",
    Status.CANCELED: "it was canceled",
    Status.DIALING: "it is being dialled",
    Status.CONNECTED: "it is being talked to",
}

FAR_BACK = 1_000
"""So many calls before one are counted, and no more."""


def why(call_id: int, now: datetime, lines: int) -> str:
    """Why a call is not being dialled at this moment; the first reason that must go away. Raises Refusal.

    ``lines`` is how many calls there may be at once.
    """
    row = execute(
        """SELECT call.status, due_at, call.expires_at, attempts, number, campaign.status, campaign.name, queue_id
        FROM call JOIN campaign ON campaign.id = campaign_id WHERE call.id = ?""",
        call_id,
    ).fetchone()
    if row is None:
        raise Refusal(f"call_id: there is no call {call_id}")
    status, due_at, expires_at, attempts, number, campaign_status, campaign_name, queue_id = row
    if status in _ENDED:
        return _ENDED[Status(status)] + (f", but {failure}" if (failure := application_failure(call_id)) else "")
    if expires_at is not None and expires_at <= now.timestamp():
        return f"its window ended at {_told(expires_at)}: it is about to fail"
    if campaign_status == CampaignStatus.LOADING:
        return f"the list of its campaign {campaign_name} is still being read"
    if campaign_status == CampaignStatus.STOPPED:
        return f"its campaign {campaign_name} is stopped"
    if suspended := _suspended():
        return suspended
    if due_at > now.timestamp():
        what = f"it waits for its retry, attempt {attempts + 1}," if attempts else "it is scheduled"
        return f"{what} at {_told(due_at)}"
    if not schedulers.beating():
        return "no scheduler is running: start `ringback scheduler`"
    if troubles := schedulers.troubles():
        return f"nothing can be dialled at present: {'; '.join(troubles)}"
    if other := _called_for(number):
        return f"its number is being called for call {other}"
    return _turn(call_id, queue_id, due_at, now, lines)


def application_failure(call_id: int) -> str:
    """How the application failed in the call's last attempt, in a sentence; else the empty text."""
    row = execute(
        """SELECT detail FROM event JOIN call ON call.id = call_id
        WHERE call_id = ? AND event = ? AND event.at >= last_attempt_at ORDER BY event.id LIMIT 1""",
        call_id,
        APPLICATION_ERROR,
    ).fetchone()
    return f"the application failed: {row[0]}" if row else ""


def _suspended() -> str:
    suspended, changed_at, changed_by = execute("SELECT suspended, changed_at, changed_by FROM switch").fetchone()
    return f"all calling is suspended, since {_told(changed_at)} by {changed_by}" if suspended else ""


def _called_for(number: str) -> int | None:
    row = execute(f"SELECT id FROM call WHERE number = ? AND status IN ({RUNNING_STATUSES})", number).fetchone()
    return row and int(row[0])


def _turn(call_id: int, queue_id: int, due_at: float, now: datetime, lines: int) -> str:
    """Its place among the due calls of its queue, and how many queues take turns with it."""
    in_use = claims.running()
    if in_use < lines:
        return f"it is next: {lines - in_use} of {lines} lines are free"
    campaigns = execute("SELECT id FROM campaign WHERE status = 'started' AND queue_id = ?", queue_id).fetchall()
    before = sum(_waiting_before(call_id, due_at, campaign_id) for (campaign_id,) in campaigns)
    place = f"number {before + 1}" if before < FAR_BACK else f"beyond number {FAR_BACK:,}"
    others = len(set(due_calls.queues(now)) - {queue_id})
    turns = f", which takes turns with {others} other{'s' if others > 1 else ''}" if others else ""
    return f"all {lines} lines are in use; it is {place} in its queue{turns}"


def _waiting_before(call_id: int, due_at: float, campaign_id: int) -> int:
    """How many calls of a campaign are due before a call; FAR_BACK at most."""
    (count,) = execute(
        """SELECT count(*) FROM (SELECT 1 FROM call WHERE status = 'queued' AND campaign_id = ? AND due_at <= ?
            AND (due_at < ? OR id < ?) LIMIT ?) AS before""",
        campaign_id,
        due_at,
        due_at,
        call_id,
        FAR_BACK,
    ).fetchone()
    return int(count)


def _told(seconds: float) -> str:
    return f"{clock.instant(seconds):%Y-%m-%d %H:%M:%S} UTC"
