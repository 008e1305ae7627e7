"""Reading calls for people: counts, and one call with all that happened to it."""

from collections.abc import Iterator
from typing import Any

from app.calls.db import execute
from app.calls.models import Attempt, Call, Event, Result
from app.calls.states import CampaignStatus
from app.errors import Refusal


def counts() -> dict[str, int]:
    """Calls by status."""
    rows = execute(
        """SELECT call.status, count(*) FROM call JOIN campaign ON campaign.id = campaign_id
        WHERE campaign.status <> ? GROUP BY 1 ORDER BY 1""",
        CampaignStatus.LOADING,
    )
    return {str(status): int(count) for status, count in rows.fetchall()}


def campaigns() -> Iterator[dict[str, Any]]:
    """Every campaign with its counts, the newest first."""
    rows = execute(
        """SELECT campaign.id, login, name, campaign.status,
            sum(call.status IN ('queued', 'dialing', 'connected')), sum(call.status = 'completed'),
            sum(call.status IN ('failed', 'canceled'))
        FROM campaign JOIN account ON account.id = account_id LEFT JOIN call ON call.campaign_id = campaign.id
        WHERE campaign.status <> ? GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC""",
        CampaignStatus.LOADING,
    )
    names = ("campaign_id", "login", "campaign_name", "status", "pending", "completed", "failed")
    for row in rows.fetchall():
        yield dict(zip(names, (value or 0 for value in row), strict=True))


def acknowledged_calls() -> list[int]:
    """The calls whose result the customer has acknowledged."""
    return [call_id for (call_id,) in execute("SELECT call_id FROM result WHERE state = 'acknowledged' ORDER BY 1")]


def call(call_id: int) -> dict[str, Any]:
    """One call, whole; times are ISO 8601 in UTC. Raises Refusal when there is none."""
    found = Call.get_or_none(Call.id == call_id)
    if found is None:
        raise Refusal(f"call_id: there is no call {call_id}")
    terms = found.terms
    result = Result.get_or_none(Result.call == call_id)
    attempts = Attempt.select().where(Attempt.call == call_id).order_by(Attempt.number)
    events = Event.select().where(Event.call == call_id).order_by(Event.at, Event.id)
    return {
        "call_id": found.id,
        "phone_number": found.phone_number,
        "message_reference": found.message_reference,
        "status": found.status,
        "callee_type": found.callee_type,
        "attempts": found.attempts,
        "duration": found.duration,
        "due_at": found.due_at.isoformat() if found.status == "queued" else None,
        "start_url": terms.start_url,
        "result_url": terms.result_url,
        "history": [
            {
                "attempt": attempt.number,
                "started_at": attempt.started_at.isoformat(),
                "answered_at": attempt.answered_at and attempt.answered_at.isoformat(),
                "ended_at": attempt.ended_at and attempt.ended_at.isoformat(),
                "callee_type": attempt.callee_type,
                "duration": attempt.duration,
            }
            for attempt in attempts
        ],
        "events": [
            *(
                {"at": found.queued_at.isoformat(), "event": "note", "detail": note}
                for note in terms.notes.splitlines()
            ),
            *({"at": event.at.isoformat(), "event": event.event, "detail": event.detail} for event in events),
        ],
        "result": result
        and {
            "state": result.state,
            "tries": result.tries,
            "last_answer": result.last_answer,
            "due_at": result.due_at.isoformat() if result.state == "pending" else None,
        },
    }
