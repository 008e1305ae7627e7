"""Times as customers write them: first as PHP's strtotime() reads them, then the everyday phrases PHP refuses.

The moment and the zone of the reader are arguments: nothing here asks the machine for the time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from .strtotime import strtotime
from .strtotime.zones import to_instant

LONGEST = 80
_EXAMPLE = "oct 14th, 2011 11:05PM EST"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# dateparser passes over what it has no use for (`tomorrow nine`, `2 days before tomorrow`), and a call at a wrong hour
# is worse than a refusal: it is asked only about phrases it reads to the end.
_COUNT = (
    r"(?:\d+(?:[.,]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:twen|thir|for|fif)ty)"
)
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|years?|[smhdwy])"
_SPAN = rf"{_COUNT}\s*{_UNIT}(?:(?:\s*,\s*|\s+and\s+|\s*){_COUNT}\s*{_UNIT}\b)*"
_PART_OF_DAY = r"(?:\s+(?:morning|afternoon|evening|night))?"
_DAY = rf"(?:(?:the\s+)?day\s+after\s+tomorrow|(?:tomorrow|today|yesterday){_PART_OF_DAY}|tonight)"
_PHRASE = rf"(?:in\s+{_SPAN}|{_SPAN}\s+(?:from\s+(?:now|today|tomorrow)|later|ago)|{_DAY})"
_CLOCK = r"(?:noon|midnight|\d[\d:.]*\s*(?:[ap]\.?m\.?)?)"
_RELATIVE = re.compile(rf"\s*(?P<day>(?i:{_PHRASE}))(?:\s+(?i:at)\s+(?P<clock>(?i:{_CLOCK})(?:\s+[A-Z]{{1,5}})?))?\s*")


class UnreadableTime(ValueError):
    """A text is no time; ``str()`` is one sentence that quotes it and shows a time that works."""

    def __init__(self, text: str, why: str = "is not a time that can be read") -> None:
        shown = text if len(text) <= 40 else f"{text[:39]}…"
        super().__init__(f'"{shown}" {why}; write it as in "{_EXAMPLE}"')


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means: the instant, in UTC, and who read it."""

    instant: datetime
    layer: Literal["php", "dateparser"]


def read(text: str, now: datetime, zone: ZoneInfo, *, php_only: bool = False) -> Reading:
    """Read a text of at most 80 characters at an aware moment, for a customer in `zone`.

    Raises UnreadableTime, also for an instant outside the years 1 to 9999. Sources: Plum Outbound, scheduled_time and
    expiration_time; PHP manual, strtotime().
    """
    if len(text) > LONGEST:
        raise UnreadableTime(text, f"is longer than the {LONGEST} characters a time may have")
    base = int(now.timestamp())
    layer: Literal["php", "dateparser"] = "php"
    seconds = strtotime(text, base, zone)
    if seconds is None and not php_only:
        layer = "dateparser"
        seconds = _read_phrase(text, base, zone)
    if seconds is None:
        raise UnreadableTime(text)
    try:
        return Reading(_EPOCH + timedelta(seconds=seconds), layer)
    except OverflowError:
        raise UnreadableTime(text, "lies outside the years 1 to 9999") from None


def when_lines(lines: Iterable[str], now: datetime, zone: ZoneInfo, php_only: bool) -> Iterator[str]:
    """Give for each line, without its line end, a UNIX time or `false` as PHP does: any length, any year."""
    base = int(now.timestamp())
    for line in lines:
        text = line.rstrip("\r\n")
        seconds = strtotime(text, base, zone)
        if seconds is None and not php_only and len(text) <= LONGEST:
            seconds = _read_phrase(text, base, zone)
        yield "false" if seconds is None else str(seconds)


def _read_phrase(text: str, base: int, zone: ZoneInfo) -> int | None:
    """Read `in 3 days` or `tomorrow at 9am EST`: dateparser finds the day, strtotime() the time after `at`."""
    phrase = _RELATIVE.fullmatch(text)
    day = phrase and _ask_dateparser(phrase["day"], base, zone)
    if phrase is None or day is None or phrase["clock"] is None:
        return day
    return strtotime(phrase["clock"], day, zone)


def _ask_dateparser(phrase: str, base: int, zone: ZoneInfo) -> int | None:
    """Return the UNIX time of a phrase without a zone, or None."""
    import dateparser  # most commands never need it, and it takes longer to load than all of ours

    # In a zone with summer time dateparser keeps the offset in force at the base. So it is given the bare clock, as if
    # in UTC, and the offset is found afterwards.
    found = dateparser.parse(
        phrase,
        languages=["en"],
        settings={
            "PARSERS": ["relative-time"],
            "PREFER_DATES_FROM": "future",
            "RELATIVE_BASE": datetime.fromtimestamp(base, zone).replace(tzinfo=None),
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": True,
        },
    )
    return None if found is None else to_instant(int(found.timestamp()), zone)
