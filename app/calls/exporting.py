"""Calls as files: CSV for spreadsheets, a phone_list to send again, JSON for programs; in constant memory.

A spreadsheet takes a cell that begins with ``=`` for a formula, whoever wrote it: such cells get an apostrophe. What
other systems do with a file is theirs.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime

from app.calls import listing, reports
from app.calls.listing import Listed, Wanted

COLUMNS = (
    *("call_id", "campaign_id", "campaign_name", "phone_number", "message_reference", "call_parameters", "status"),
    *("callee_type", "attempts", "duration", "queued_at", "last_attempt_at", "finished_at", "result"),
)
BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the encoding of the country it was bought in."""
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_LINE_ENDS = re.compile(r"[\r\n]+")


def as_csv(wanted: Wanted) -> Iterator[str]:
    """RFC 4180 with a header, numbers as ``tel:+16175551234``, times as ISO 8601 in UTC."""
    yield BYTE_ORDER_MARK + _csv([COLUMNS])
    for call_ids in listing.every(wanted):
        yield _csv([_cells(call) for call in reversed(listing.rows(call_ids))])


def _csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _cells(call: Listed) -> tuple[str, ...]:
    return (
        str(call.call_id),
        str(call.campaign_id),
        call.campaign_name,
        f"tel:{call.number}",
        call.message_reference,
        call.call_parameters,
        call.status,
        call.callee_type,
        str(call.attempts),
        str(call.duration),
        *(_time(at) for at in (call.queued_at, call.last_attempt_at, call.finished_at)),
        call.result or "",
    )


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def as_phone_list(wanted: Wanted) -> Iterator[str]:
    """Lines of ``phone_number,message_reference,call_parameters`` as they were sent, to be sent again as phone_list.

    A line break in a value, which only single calls can have, becomes a blank: a list has a call per line.
    """
    for call_ids in listing.every(wanted):
        yield "".join(f"{_line(call)}\n" for call in reversed(listing.rows(call_ids)))


def _line(call: Listed) -> str:
    cells = [call.phone_number, call.message_reference, call.call_parameters]
    while not cells[-1]:
        cells.pop()
    return ",".join(map(_cell, cells))


def _cell(text: str) -> str:
    text = _LINE_ENDS.sub(" ", text)
    if text == text.strip() and not set(text) & {",", '"'}:
        return text
    return '"{}"'.format(text.replace('"', '""'))


def as_json(wanted: Wanted) -> Iterator[str]:
    """One array of calls in short, with their attempts and what became of their results."""
    opening = "[\n"
    for call_ids in listing.every(wanted):
        yield opening + ",\n".join(json.dumps(call, ensure_ascii=False) for call in reports.summaries(call_ids))
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"
