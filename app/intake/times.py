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

_AT_CLOCK = re.compile(
    r"(?i:(?P<day>.+?)\s+at\s+)(?P<clock>(?i:noon|midnight|\d[\d:.]*\s*(?:[ap]\.?m\.?)?)(?:\s+[A-Z]{1,5})?)"
)
_COUNTED = re.compile(r"\d+(?:[.,]\d+)?\s*[cdfhmswy]", re.IGNORECASE)  # the first letters of the units


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
    """Read `in 3 days` or `tomorrow at 9am`: dateparser finds the day, strtotime() the time after `at`."""
    at_clock = _AT_CLOCK.fullmatch(text.strip())
    if at_clock is None:
        return _read_relative(text, base, zone)
    day = _read_relative(at_clock["day"], base, zone)
    return None if day is None else strtotime(at_clock["clock"], day, zone)


def _read_relative(text: str, base: int, zone: ZoneInfo) -> int | None:
    """Let dateparser read a distance in time; a UNIX time, or None."""
    # dateparser passes over numbers it has no use for: `in 3 days at 5` would keep the present time of day.
    if any(character.isdigit() for character in _COUNTED.sub("", text)):
        return None
    import dateparser  # most commands never need it, and it takes longer to load than all of ours

    found = dateparser.parse(
        text,
        languages=["en"],
        settings={
            "PARSERS": ["relative-time"],
            "PREFER_DATES_FROM": "future",
            "RELATIVE_BASE": datetime.fromtimestamp(base, zone).replace(tzinfo=None),
            "TIMEZONE": zone.key,
            "RETURN_AS_TIMEZONE_AWARE": True,
        },
    )
    if found is None:
        return None
    if str(found.tzinfo) != zone.key:  # the text names a zone
        return int(found.timestamp())
    # dateparser keeps the offset in force at the base; its clock is right, and the offset is found again.
    return to_instant(int((found.replace(tzinfo=UTC) - _EPOCH).total_seconds()), zone)
