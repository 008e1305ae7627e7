"""What comes with a call's end: the result that must be sent, and what must not be kept.

Whoever makes calls final calls ``conclude`` in the same transaction.
"""

import json
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app import clock
from app.calls import claims, db, outbox
from app.calls.db import execute, execute_many, marks
from app.calls.details import call_details
from app.calls.payloads import result_body
from app.calls.states import Status
from app.intake.orders import ResultFormat


def conclude(call_ids: Sequence[int], zone: ZoneInfo) -> None:
    """Put the results of calls that have just become final into the outbox; forget the metadata of is_pci calls."""
    if not call_ids:
        return
    asked = claims.padded(call_ids)
    rows = execute(
        f"""SELECT call.id, finished_at, result_url, result_format, is_pci,
            phone_number, message_reference, status, callee_type, attempts, last_attempt_at, duration
        FROM call JOIN terms ON terms.id = terms_id WHERE call.id IN ({marks(len(asked))}) ORDER BY call.id""",
        *asked,
    ).fetchall()
    private = [(row[0],) for row in rows if row[4]]
    if private:
        execute_many("UPDATE call SET metadata = '' WHERE id = ?", private)
        db.must_erase()
    for call_id, finished_at, url, told_as, _, *facts in rows:
        if url:
            as_json = told_as == ResultFormat.JSON
            body = json.dumps(call_details(call_id)) if as_json else _form(zone, call_id, *facts)
            outbox.add(call_id, url, body, clock.instant(finished_at), ResultFormat(told_as))


def _form(
    zone: ZoneInfo,
    call_id: int,
    phone_number: str,
    message_reference: str,
    status: str,
    callee_type: str,
    attempts: int,
    last_attempt_at: float | None,
    duration: int,
) -> str:
    return result_body(
        phone_number=phone_number,
        message_reference=message_reference,
        call_id=call_id,
        status=Status(status),
        callee_type=callee_type,
        attempts=attempts,
        last_attempt_at=None if last_attempt_at is None else clock.instant(last_attempt_at),
        duration=duration,
        zone=zone,
    )
