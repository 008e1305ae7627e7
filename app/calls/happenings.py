"""What happened to calls since somebody was last told: read from the rows that say it anyway, no log beside them.

Two runs that do the same under the same seed are told the same, byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from app import clock
from app.calls.db import execute
from app.calls.delivery import ResultState
from app.calls.reports import unix
from app.calls.states import Status
from app.calls.virtual_time import Told
from app.telephony.outcomes import CalleeType

_Order = Literal["ASC", "DESC"]

# The order of what happens to one call in one instant.
_DIALING, _CONNECTED, _ENDED, _EXPIRED, _FINAL, _RESULT = range(6)


@dataclass(frozen=True, slots=True, order=True)
class _Happening:
    at: float
    call_id: int
    place: int
    number: int
    """Of the attempt, or of the exchange for a result."""
    event: str = field(compare=False)
    detail: str = field(compare=False, default="")


def since(told: Told, until: datetime, limit: int = 1_000) -> list[dict[str, Any]]:
    """The first ``limit`` things that happened after what was told and not after ``until``.

    By time, then call_id: ``{"at": UNIX seconds, "call_id", "event", "attempt"?, "detail"?}``. ``event`` is dialing,
    connected, disconnected, busy, noanswer, informationtone, linefailure, lost, expired, completed, failed, canceled or
    result. ``detail`` is the callee type, or for a result how far its delivery got.
    """
    return [_as_told(happening) for happening in sorted(_found(told, until, limit, "ASC"))[:limit]]


def latest(until: datetime, limit: int) -> list[dict[str, Any]]:
    """The last ``limit`` things that happened, the newest first; told as ``since`` tells them."""
    found = _found(Told(clock.instant(0), 0, 0), until, limit, "DESC")
    return [_as_told(happening) for happening in sorted(found, reverse=True)[:limit]]


def _found(told: Told, until: datetime, limit: int, order: _Order) -> Iterator[_Happening]:
    """Among others the first or last ``limit`` things."""
    sources = (_dialled, _answered, _ended, _unreached, _posted)
    return chain.from_iterable(source(told, until.timestamp(), limit, order) for source in sources)


def _as_told(happening: _Happening) -> dict[str, Any]:
    attempt = {"attempt": happening.number} if happening.place in (_DIALING, _CONNECTED, _ENDED) else {}
    detail = {"detail": happening.detail} if happening.detail else {}
    return {"at": unix(happening.at), "call_id": happening.call_id, "event": happening.event} | attempt | detail


def _dialled(told: Told, until: float, limit: int, order: _Order) -> Iterator[_Happening]:
    rows = execute(
        f"""SELECT started_at, call_id, number FROM attempt WHERE (started_at > ? OR id > ?) AND started_at <= ?
        ORDER BY started_at {order}, call_id {order} LIMIT ?""",
        told.until.timestamp(),
        told.attempt,
        until,
        limit,
    ).fetchall()
    return (_Happening(at, call_id, _DIALING, number, "dialing") for at, call_id, number in rows)


def _answered(told: Told, until: float, limit: int, order: _Order) -> Iterator[_Happening]:
    rows = execute(
        f"""SELECT answered_at, call_id, number FROM attempt WHERE (answered_at > ? OR id > ?) AND answered_at <= ?
        ORDER BY answered_at {order}, call_id {order} LIMIT ?""",
        told.until.timestamp(),
        told.attempt,
        until,
        limit,
    ).fetchall()
    return (_Happening(at, call_id, _CONNECTED, number, "connected") for at, call_id, number in rows)


def _ended(told: Told, until: float, limit: int, order: _Order) -> Iterator[_Happening]:
    """Attempts that ended, and the calls that were final with them."""
    rows = execute(
        f"""SELECT ended_at, call_id, attempt.number, attempt.callee_type, answered_at, status, attempts, max_retries
        FROM attempt JOIN call ON call.id = call_id JOIN terms ON terms.id = terms_id
        WHERE (ended_at > ? OR attempt.id > ?) AND ended_at <= ? ORDER BY ended_at {order}, call_id {order} LIMIT ?""",
        told.until.timestamp(),
        told.attempt,
        until,
        limit,
    ).fetchall()
    for at, call_id, number, callee_type, answered_at, status, attempts, max_retries in rows:
        was_last = number == attempts and _ended_with_an_attempt(status, attempts, max_retries)
        event = _end_of(callee_type, answered_at is not None, completed=was_last and status == Status.COMPLETED)
        yield _Happening(at, call_id, _ENDED, number, event, callee_type if event == "disconnected" else "")
        if was_last:
            yield _Happening(at, call_id, _FINAL, number, status, callee_type)


def _ended_with_an_attempt(status: str, attempts: int, max_retries: int) -> bool:
    """Whether a call is final because its last attempt was: one that failed with retries left has expired."""
    return status == Status.COMPLETED or (status == Status.FAILED and attempts > max_retries)


def _end_of(callee_type: str, answered: bool, *, completed: bool) -> str:
    """The event that an attempt's end is. ``unknown`` means answered and not determined, or else lost."""
    if callee_type == CalleeType.UNKNOWN and not completed:
        return "lost"
    return "disconnected" if answered else callee_type


def _unreached(told: Told, until: float, limit: int, order: _Order) -> Iterator[_Happening]:
    """Calls that became final without a dial: their window ended, or they were taken back."""
    rows = execute(
        f"""SELECT finished_at, call.id, status, callee_type FROM call JOIN terms ON terms.id = terms_id
        WHERE finished_at > ? AND finished_at <= ?
            AND (status = 'canceled' OR (status = 'failed' AND attempts <= max_retries))
        ORDER BY finished_at {order}, call.id {order} LIMIT ?""",
        told.until.timestamp(),
        until,
        limit,
    ).fetchall()
    for at, call_id, status, callee_type in rows:
        if status == Status.FAILED:
            yield _Happening(at, call_id, _EXPIRED, 0, "expired")
        yield _Happening(at, call_id, _FINAL, 0, status, callee_type)


def _posted(told: Told, until: float, limit: int, order: _Order) -> Iterator[_Happening]:
    """Posts of results. The last one brought the result into its state."""
    rows = execute(
        f"""SELECT at, exchange.call_id, exchange.id, exchange.status, state, exchange.id =
            (SELECT max(id) FROM exchange AS other
                WHERE other.call_id = exchange.call_id AND other.purpose = 'result_url')
        FROM exchange JOIN result ON result.call_id = exchange.call_id
        WHERE purpose = 'result_url' AND (at > ? OR exchange.id > ?) AND at <= ?
        ORDER BY at {order}, exchange.call_id {order}, exchange.id {order} LIMIT ?""",
        told.until.timestamp(),
        told.exchange,
        until,
        limit,
    ).fetchall()
    for at, call_id, number, status, state, is_last in rows:
        met = "no answer" if status is None else f"HTTP {status}"
        detail = state if is_last and state != ResultState.PENDING else met
        yield _Happening(at, call_id, _RESULT, number, "result", detail)
