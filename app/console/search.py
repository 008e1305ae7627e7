"""The search line of the calls page: what somebody writes, as what is asked for. Pure but for the zone and the time.

``status:failed type:busy number:"(617) 555-0100" ref:A17 campaign:"spring sale" after:yesterday 6175550100``: terms of
which all must be true, quoted where a value has blanks; a word by itself is a number, a reference or a call_id.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from app.calls.listing import Wanted, Word
from app.calls.states import FINAL, Status
from app.classic.form import Rules
from app.errors import Refusal
from app.intake import phone, times
from app.telephony.outcomes import CalleeType

T = TypeVar("T")

LONGEST = 500
MOST_WORDS = 10
_TERM = re.compile(r'(?:([A-Za-z_]+):)?(?:"([^"]*)"|([^\s"]+))(?=\s|\Z)|(\S+)')
NAMES = ("status", "type", "number", "ref", "campaign", "before", "after")
PENDING = "pending"
"""A word for the statuses that are not final."""
_STATUSES = {PENDING: tuple(status for status in Status if status not in FINAL)} | {one.value: (one,) for one in Status}


def parse(text: str, wanted: Wanted, now: datetime, rules: Rules) -> Wanted:
    """What is asked for, within what is ``wanted`` already. Raises Refusal with a sentence for people."""
    if len(text) > LONGEST:
        raise Refusal(f"the search is longer than {LONGEST} characters")
    named: set[str] = set()
    for name, quoted, plain, rest in _TERM.findall(text):
        name, value = name.lower(), (quoted or plain).strip()
        if not name and plain.endswith(":"):
            raise Refusal(f"{plain} needs a value right after the colon")
        if rest:
            raise Refusal(f'the quotes around {rest} are not in order: write name:"a value with blanks"')
        if name in named:
            raise Refusal(f"{name}: is given twice; all that is given must be true")
        if name:
            if not value:
                raise Refusal(f"{name}: needs a value right after the colon")
            named.add(name)
            wanted = replace(wanted, **_read(name, value, now, rules))
        elif value:
            wanted = replace(wanted, words=(*wanted.words, Word(value, _number(value))))
    if len(wanted.words) > MOST_WORDS:
        raise Refusal(f"the search has more than {MOST_WORDS} words")
    return wanted


def _read(name: str, value: str, now: datetime, rules: Rules) -> dict[str, Any]:
    """What a term says, as fields of Wanted. Raises Refusal."""
    match name:
        case "status":
            return {"statuses": _one_of(name, value, _STATUSES)}
        case "type":
            return {"callee_type": _one_of(name, value, {one.value: one.value for one in CalleeType})}
        case "number" | "tel":
            number = _number(value)
            if not number:
                raise Refusal(f"{name}: {value} is not a whole phone number such as 6175550100 or +16175550100")
            return {"number": number}
        case "ref":
            return {"reference": value}
        case "campaign":
            return {"campaign": value}
        case "before" | "after":
            try:
                return {name: times.read(value, now, rules.zone, php_only=rules.php_only).instant}
            except times.UnreadableTime as unreadable:
                raise Refusal(f"{name}: {unreadable}") from unreadable
    raise Refusal(f"there is no {name}: to search for; there are {', '.join(f'{one}:' for one in NAMES)}")


def _one_of(name: str, value: str, known: Mapping[str, T]) -> T:
    if value.lower() not in known:
        raise Refusal(f"{name}: {value} is not one of {', '.join(known)}")
    return known[value.lower()]


def _number(text: str) -> str:
    """A phone number in its normal form; "" when it is none."""
    try:
        return phone.parse(text, phone.NumberRules()).number
    except phone.BadNumber:
        return ""
