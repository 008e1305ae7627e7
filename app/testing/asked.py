"""What a request to the testing API asks for: its JSON body and its query, read strictly, so that mistakes show."""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest

from app import clock
from app.calls import reports
from app.calls.db import LAST_ID
from app.calls.states import Status
from app.calls.virtual_time import LATEST_MOVE
from app.intake import phone
from app.intake.fields import LATEST_TIMESTAMP
from app.telephony import callees

LARGEST_BODY = 262_144
_MOST_TOLD, _LONGEST_TOLD = 5, 40  # names that a sentence quotes, and characters of each
LONGEST_WAIT = 600
MOST_CALLS = 1_000

_FILTER = ("login", "status", "message_reference", "phone_number", "after")


def body(request: Request, keys: Collection[str]) -> dict[str, Any]:
    """The JSON object in the body, which has none but these keys; an empty body is an empty object."""
    request.max_content_length = LARGEST_BODY
    text = request.get_data()
    try:
        sent = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(sent, dict):
        raise BadRequest("the body must be a JSON object")
    _refuse_unknown(sent, keys, "in the body")
    return sent


def query(request: Request, keys: Collection[str]) -> dict[str, str]:
    """The parameters of the query, which are among these keys; empty ones are left out."""
    _refuse_unknown(request.args, keys, "in the query")
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadRequest(f"{name}: is given twice")
        if "\0" in values[0]:
            raise BadRequest(f"{name}: holds a character that is never stored")
    return {name: value for name, value in request.args.items() if value}


def _refuse_unknown(sent: Collection[str], keys: Collection[str], where: str) -> None:
    unknown = sorted(set(sent) - set(keys))
    if unknown:
        told = [
            name if len(name) <= _LONGEST_TOLD else name[: _LONGEST_TOLD - 1] + "…" for name in unknown[:_MOST_TOLD]
        ]
        raise BadRequest(f"{where}: {', '.join(told)} is not known, only {', '.join(keys) or 'nothing'}")


def number(text: str) -> str:
    """The number that a path names in any spelling, as ``+`` and digits."""
    try:
        return phone.parse(text, phone.NumberRules()).number
    except phone.BadNumber as wrong:
        raise BadRequest(f"number: {wrong}") from wrong


def script(request: Request) -> str:
    """The outcomes that a body sets, as JSON text."""
    sent = body(request, ("outcomes",))
    try:
        callees.read_script(sent.get("outcomes"))
    except ValueError as wrong:
        raise BadRequest(str(wrong)) from wrong
    return json.dumps(sent["outcomes"], separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Move:
    """How far the clock shall move, and how many seconds the answer may wait for that."""

    to: datetime
    timeout: float


def move(request: Request, now: datetime) -> Move:
    """``{"advance": seconds}`` or ``{"to": UNIX seconds}``, and ``timeout``."""
    sent = body(request, ("advance", "to", "timeout"))
    if ("advance" in sent) == ("to" in sent):
        raise BadRequest('send either "advance", in seconds, or "to", in UNIX seconds')
    if "advance" in sent:
        to = now.timestamp() + _seconds("advance", sent["advance"])
    else:
        to = _seconds("to", sent["to"])
        if to < now.timestamp():
            raise BadRequest(f"to: it is {reports.unix(now.timestamp())} already, and time does not run backwards")
    if to > LATEST_MOVE:
        raise BadRequest("the year 9997 is the last one to move to")
    return Move(clock.instant(to), _seconds("timeout", sent.get("timeout", 60), LONGEST_WAIT))


def _seconds(name: str, value: object, most: float = math.inf) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= min(most, LATEST_TIMESTAMP):
        return float(value)
    raise BadRequest(f"{name}: must be a number of seconds from 0" + (f" to {most}" if most < math.inf else ""))


@dataclass(frozen=True, slots=True)
class Search:
    """Which calls are asked for, as the arguments of ``reports.matching``, and how many of them."""

    filter: dict[str, Any]
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Wait:
    """Which calls to wait for, how many of them, and for how many seconds."""

    filter: dict[str, Any]
    count: int
    timeout: float


def search(request: Request) -> Search:
    """The filter of a list of calls: login, status, message_reference, phone_number, after a call_id; its limit."""
    sent = query(request, (*_FILTER, "limit"))
    return Search(_filter(sent), _whole("limit", sent.get("limit", "100"), 1, MOST_CALLS))


def wait(request: Request) -> Wait:
    """The same filter, ``count`` and ``timeout``."""
    sent = query(request, (*_FILTER, "count", "timeout"))
    try:
        timeout: object = float(sent.get("timeout", "10"))
    except ValueError:
        timeout = None
    return Wait(
        _filter(sent),
        _whole("count", sent.get("count", "1"), 1, MOST_CALLS),
        _seconds("timeout", timeout, LONGEST_WAIT),
    )


def _filter(sent: dict[str, str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {name: sent[name] for name in _FILTER if name in sent}
    if "status" in wanted and wanted["status"] not in [status.value for status in Status]:
        raise BadRequest(f"status: must be one of {', '.join(Status)}")
    if wanted.get("phone_number", "").startswith(" "):
        wanted["phone_number"] = "+" + wanted["phone_number"].lstrip()  # a + that was not sent as %2B
    if "after" in wanted:
        wanted["after"] = _whole("after", wanted["after"], 0, LAST_ID)
    return wanted


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
        raise BadRequest(f"{name}: must be a whole number from {low} to {high}")
    return int(text)
