"""The rules of form fields that both APIs share: text, whole numbers, URLs, times. Each names its field and rule."""

import re
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app import clock
from app.errors import BadField
from app.intake import caller_ids, times
from app.intake.phone import BadNumber, NumberRules, PhoneNumber
from app.intake.phone import parse as parse_number

LATEST_TIMESTAMP = 253_402_300_799  # 9999-12-31: what a datetime can hold
LONGEST_NUMBER = 80
"""Characters, blanks included, of what is to be a whole number."""
_WHOLE = re.compile(r"\s*([0-9]{1,18})\s*")


def text(field: str, value: str, longest: int) -> str:
    """A text of at most ``longest`` characters; blank counts as empty."""
    if len(value) > longest:
        raise BadField(field, f"must have at most {longest} characters, not {len(value)}")
    return value if value.strip() else ""


def required(field: str, value: str) -> str:
    """A field that must be there."""
    if not value:
        raise BadField(field, "is required")
    return value


def whole_number(field: str, value: str, low: int, high: int, unit: str = "") -> int:
    """A whole number of decimal digits from ``low`` to ``high``."""
    match = _WHOLE.fullmatch(value)
    if not match or not low <= int(match[1]) <= high:
        raise BadField(field, f"must be a whole number{unit} from {low} to {high}, not {_shortened(value)}")
    return int(match[1])


def timestamp(field: str, value: str) -> datetime | None:
    """A UNIX time in whole seconds; None for 0, which stands for "not given"."""
    match = _WHOLE.fullmatch(value)
    if not match or not 0 <= int(match[1]) <= LATEST_TIMESTAMP:
        raise BadField(field, f"must be a UNIX time in whole seconds, or 0, not {_shortened(value)}")
    return clock.instant(int(match[1])) if int(match[1]) else None


def time(field: str, value: str, now: datetime, zone: ZoneInfo, *, php_only: bool) -> times.Reading:
    """A strtotime() expression of at most 80 characters, read at ``now`` in ``zone``."""
    text(field, value, 80)
    try:
        return times.read(value, now, zone, php_only=php_only)
    except times.UnreadableTime as wrong:
        raise BadField(field, str(wrong)) from wrong


def url(field: str, value: str) -> str:
    """An http or https URL of at most 255 characters, without user name or blanks.

    Whether it may be called is decided when it is.
    """
    text(field, value, 255)
    stripped = value.strip()
    try:
        parts = urlsplit(stripped)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise BadField(field, f"must be an http or https URL, not {_shortened(value)}")
    if "@" in parts.netloc or len(stripped.split()) > 1:
        raise BadField(field, "must be a URL without user name, password or blanks")
    return stripped


def phone_number(field: str, value: str, rules: NumberRules) -> PhoneNumber:
    """A phone number or telephone URL of at most 128 characters, with a caller ID that may be shown."""
    text(field, value, 128)
    try:
        number = parse_number(value, rules)
        caller_ids.refuse_unless_allowed(number, rules.callers)
    except BadNumber as wrong:
        raise BadField(field, str(wrong)) from wrong
    return number


def _shortened(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:39] + "…")
