"""The call_details of a call: what the Fuse API tells of it, and what its result_url hears.

Source: "Outbound Parameters" (Result Callbacks) and "Queue Call"; the types of the values are those of its sample.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.calls.db import execute
from app.calls.states import Status
from app.errors import NoSuchCall
from app.telephony.outcomes import CalleeType

_SHOWN_WHILE_WAITING = frozenset({CalleeType.BUSY, CalleeType.NOANSWER, CalleeType.INFORMATIONTONE})
_SHOWN_AS_EVENT = _SHOWN_WHILE_WAITING | {CalleeType.LINEFAILURE}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A row of the call's history. Times are UNIX seconds."""

    started_at: float
    answered_at: float | None
    ended_at: float | None
    callee_type: str | None


def call_details(call_id: int) -> dict[str, Any]:
    """The call_details object of one call. Raises NoSuchCall.

    start_timestamp and end_timestamp are the connect and the hang-up of the attempt that connected last, and the window
    before one did: "" where it has no end. A call whose is_pci is 1 has no metadata once it is final.
    """
    row = execute(
        """SELECT phone_number, metadata, status, attempts, callee_type, duration, queued_at, call.expires_at,
            finished_at, max_retries, retry_interval, scheduled_at
        FROM call JOIN terms ON terms.id = terms_id WHERE call.id = ?""",
        call_id,
    ).fetchone()
    if row is None:
        raise NoSuchCall(call_id)
    phone_number, metadata, status, attempts, callee_type, duration, queued_at, expires_at, finished_at = row[:9]
    max_retries, retry_interval, scheduled_at = row[9:]
    history = [
        _Attempt(*attempt)
        for attempt in execute(
            "SELECT started_at, answered_at, ended_at, callee_type FROM attempt WHERE call_id = ? ORDER BY number",
            call_id,
        ).fetchall()
    ]
    start, end = _start_and_end(history, scheduled_at, expires_at)
    canceled_at = finished_at if status == Status.CANCELED else None
    return {
        "max_attempts": str(max_retries + 1),
        "attempts": str(attempts),
        "events": [{"event": event, "timestamp": int(at)} for event, at in _events(queued_at, history, canceled_at)],
        "phone_number": phone_number,
        "status": _shown(status, callee_type),
        "queued_timestamp": _whole(queued_at),
        "start_timestamp": _whole(start),
        "end_timestamp": _whole(end),
        "reattempt_wait": str(retry_interval),
        "duration": duration,
        "metadata": json.loads(metadata) if metadata else {},
        "callee_type": callee_type,
    }


def _start_and_end(
    history: Sequence[_Attempt], scheduled_at: float, expires_at: float | None
) -> tuple[float, float | None]:
    connected = [attempt for attempt in history if attempt.answered_at is not None]
    if not connected or connected[-1].answered_at is None:
        return scheduled_at, expires_at
    return connected[-1].answered_at, connected[-1].ended_at


def _events(queued_at: float, history: Sequence[_Attempt], canceled_at: float | None) -> Iterator[tuple[str, float]]:
    yield "queued", queued_at
    for attempt in history:
        yield "dialing", attempt.started_at
        if attempt.answered_at is not None:
            yield "connected", attempt.answered_at
        if attempt.ended_at is not None:
            yield _ending(attempt), attempt.ended_at
    if canceled_at is not None:
        yield "canceled", canceled_at


def _ending(attempt: _Attempt) -> str:
    """The event that an attempt ended with. An attempt whose fate was lost never connected, as far as anyone knows."""
    if attempt.answered_at is not None:
        return "disconnected"
    return attempt.callee_type if attempt.callee_type in _SHOWN_AS_EVENT else CalleeType.LINEFAILURE


def _shown(status: str, callee_type: str) -> str:
    """The status in the documented words: a call that waits for its next attempt shows how the last one ended."""
    return callee_type if status == Status.QUEUED and callee_type in _SHOWN_WHILE_WAITING else status


def _whole(at: float | None) -> str:
    return "" if at is None else str(int(at))
