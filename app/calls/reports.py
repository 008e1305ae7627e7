"""Reading calls for people and tests: counts, lists of calls, and one call with all that happened to it.

Times are ISO 8601 in UTC unless a name says timestamp: those are UNIX seconds.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from app.calls.db import execute, marks
from app.calls.models import Attempt, Call, Event, Exchange, Result, Terms
from app.calls.states import APPLICATION_ERROR, CampaignStatus, Status
from app.clock import instant
from app.errors import NoSuchCall
from app.intake import phone


def counts(account_id: int | None = None) -> dict[str, int]:
    """Calls by status, of one account or of all."""
    rows = execute(
        """SELECT call.status, count(*) FROM call JOIN campaign ON campaign.id = campaign_id
        WHERE campaign.status <> ? AND account_id = coalesce(?, account_id) GROUP BY 1 ORDER BY 1""",
        CampaignStatus.LOADING,
        account_id,
    )
    return {str(status): int(count) for status, count in rows.fetchall()}


def campaigns() -> Iterator[dict[str, Any]]:
    """Every campaign with its counts, the newest first."""
    rows = execute(
        """SELECT campaign.id, login, name, campaign.status,
            count(*) FILTER (WHERE call.status IN ('queued', 'dialing', 'connected')),
            count(*) FILTER (WHERE call.status = 'completed'),
            count(*) FILTER (WHERE call.status IN ('failed', 'canceled'))
        FROM campaign JOIN account ON account.id = account_id LEFT JOIN call ON call.campaign_id = campaign.id
        WHERE campaign.status <> ? GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC""",
        CampaignStatus.LOADING,
    )
    names = ("campaign_id", "login", "campaign_name", "status", "pending", "completed", "failed")
    for row in rows.fetchall():
        yield dict(zip(names, row, strict=True))


def last_application_failure() -> dict[str, Any] | None:
    """The call whose application was the last to fail, when and how; None when none has."""
    row = execute(
        "SELECT call_id, at, detail FROM event WHERE event = ? ORDER BY id DESC LIMIT 1", APPLICATION_ERROR
    ).fetchone()
    return row and {"call_id": row[0], "at": instant(row[1]).isoformat(), "detail": row[2]}


def acknowledged_calls() -> list[int]:
    """The calls whose result the customer has acknowledged."""
    return [call_id for (call_id,) in execute("SELECT call_id FROM result WHERE state = 'acknowledged' ORDER BY 1")]


def matching(
    *,
    login: str = "",
    status: str = "",
    message_reference: str = "",
    phone_number: str = "",
    after: int = 0,
    limit: int,
) -> list[int]:
    """The call_ids above ``after`` of at most ``limit`` calls of which all that is given is true, in order.

    ``phone_number`` is the number as it was sent, or any spelling of it.
    """
    wanted = {
        "login = ?": [login],
        "call.status = ?": [status],
        "message_reference = ?": [message_reference],
        "(phone_number = ? OR number = ?)": [phone_number, _normalised(phone_number)] if phone_number else [""],
    }
    given = {rule: values for rule, values in wanted.items() if any(values)}
    rows = execute(
        f"""SELECT call.id FROM call JOIN campaign ON campaign.id = campaign_id JOIN account ON account.id = account_id
        WHERE {" AND ".join(["call.id > ?", "campaign.status <> ?", *given])} ORDER BY call.id LIMIT ?""",
        after,
        CampaignStatus.LOADING,
        *(value for values in given.values() for value in values),
        limit,
    ).fetchall()
    return [int(call_id) for (call_id,) in rows]


def _normalised(phone_number: str) -> str:
    try:
        return phone.parse(phone_number, phone.NumberRules()).number
    except phone.BadNumber:
        return phone_number


def summaries(call_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Some calls in short, by call_id, with their attempts and how often their results were posted."""
    if not call_ids:
        return []
    history: dict[int, list[dict[str, Any]]] = {call_id: [] for call_id in call_ids}
    for attempt in Attempt.select().where(Attempt.call.in_(call_ids)).order_by(Attempt.number):
        history[attempt.call_id].append(_attempt(attempt))  # type: ignore[attr-defined] # the column of call
    rows = execute(
        f"""SELECT call.id, login, campaign.id, campaign.name, phone_number, number, message_reference, call.status,
            callee_type, attempts, duration, queued_at, call.due_at, finished_at, state, tries, last_answer
        FROM call JOIN campaign ON campaign.id = campaign_id JOIN account ON account.id = account_id
            LEFT JOIN result ON result.call_id = call.id
        WHERE call.id IN ({marks(len(call_ids))}) ORDER BY call.id""",
        *call_ids,
    ).fetchall()
    return [_summary(row, history[row[0]]) for row in rows]


def _summary(row: Sequence[Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    *call, queued_at, due_at, finished_at, state, tries, last_answer = row
    names = ("call_id", "login", "campaign_id", "campaign_name", "phone_number", "number", "message_reference")
    told = dict(zip((*names, "status", "callee_type", "attempts", "duration"), call, strict=True))
    return {
        **told,
        "queued_at": instant(queued_at).isoformat(),
        "due_at": instant(due_at).isoformat() if told["status"] == Status.QUEUED else None,
        "finished_at": None if finished_at is None else instant(finished_at).isoformat(),
        "history": history,
        "result": None if state is None else {"state": state, "tries": tries, "last_answer": last_answer},
    }


def call(call_id: int) -> dict[str, Any]:
    """One call, whole. Raises NoSuchCall."""
    found = Call.get_or_none(Call.id == call_id)
    if found is None:
        raise NoSuchCall(call_id)
    terms, campaign = found.terms, found.campaign
    attempts = Attempt.select().where(Attempt.call == call_id).order_by(Attempt.number)
    exchanges = Exchange.select().where(Exchange.call == call_id).order_by(Exchange.id)
    return {
        "call_id": found.id,
        "login": campaign.account.login,
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "phone_number": found.phone_number,
        "number": found.number,
        "message_reference": found.message_reference,
        "call_parameters": found.call_parameters,
        "campaign_parameters": terms.campaign_parameters,
        "status": found.status,
        "callee_type": found.callee_type,
        "attempts": found.attempts,
        "duration": found.duration,
        "max_retries": terms.max_retries,
        "retry_interval": terms.retry_interval,
        "queued_at": _iso(found.queued_at),
        "scheduled_at": _iso(terms.scheduled_at),
        "scheduled_timestamp": _unix(terms.scheduled_at),
        "expires_at": _iso(found.expires_at),
        "expiration_timestamp": _unix(found.expires_at),
        "due_at": _iso(found.due_at) if found.status == Status.QUEUED else None,
        "last_attempt_at": _iso(found.last_attempt_at),
        "finished_at": _iso(found.finished_at),
        "start_url": terms.start_url,
        "result_url": terms.result_url,
        "history": [_attempt(one) | {"transcript": _transcript(one.transcript)} for one in attempts],
        "events": _events(found, terms),
        "exchanges": [_exchange(one) for one in exchanges],
        "result": _result(call_id),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.number,
        "started_at": _iso(attempt.started_at),
        "answered_at": _iso(attempt.answered_at),
        "ended_at": _iso(attempt.ended_at),
        "callee_type": attempt.callee_type,
        "duration": attempt.duration,
    }


def _transcript(lines: str) -> list[Any]:
    return [json.loads(line) for line in lines.split("\n") if line]


def _events(found: Call, terms: Terms) -> list[dict[str, Any]]:
    notes = [{"at": _iso(found.queued_at), "event": "note", "detail": note} for note in terms.notes.splitlines()]
    events = Event.select().where(Event.call == found).order_by(Event.at, Event.id)
    return [*notes, *({"at": _iso(event.at), "event": event.event, "detail": event.detail} for event in events)]


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "at": _iso(exchange.at),
        "purpose": exchange.purpose,
        "attempt": exchange.attempt,
        "method": exchange.method,
        "url": exchange.url,
        "request": exchange.request,
        "status": exchange.status,
        "answer": exchange.answer,
        "error": exchange.error,
        "seconds": exchange.seconds,
    }


def _result(call_id: int) -> dict[str, Any] | None:
    result = Result.get_or_none(Result.call == call_id)
    if result is None:
        return None
    return {
        "state": result.state,
        "tries": result.tries,
        "last_answer": result.last_answer,
        "due_at": _iso(result.due_at) if result.state == "pending" else None,
        "body": result.body,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _unix(at: datetime | None) -> float | None:
    """UNIX seconds, as a whole number when they are one."""
    return None if at is None else unix(at.timestamp())


def unix(seconds: float) -> float:
    """Seconds as they are told: as a whole number when they are one."""
    return int(seconds) if seconds == int(seconds) else seconds
