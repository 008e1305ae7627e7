"""PHP's date language as a table of formats, and the longest-match rule that chooses among them.

Source: PHP manual, "Supported Date and Time Formats" (Date, Time, Compound and Relative Formats), whose names the table
keeps; what the pages leave open was measured. Case counts except where a block says `(?i:`.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from . import readers
from .draft import Draft, NotReadable
from .readers import Parts
from .vocabulary import DAYS, DIRECTIONS, MONTHS, ORDINALS, ROMAN_MONTHS, UNITS, WEEKDAYS


def _any(*names: Iterable[str]) -> str:
    """Return a pattern for any of the names in any case; the longest first, because the first that fits is taken."""
    ordered = sorted((name for group in names for name in group), key=len, reverse=True)
    return f"(?i:{'|'.join(ordered)})"


# The end of the text is marked with a NUL, which separates like a blank.
SEPARATORS: Final = frozenset("\0\n\t .,\u00a0\u202f")

BLANK = "(?:[ \t]+|\u00a0+|\u202f+)"  # runs never mix
MERIDIAN = "(?P<meridian>[AaPp]\\.?[Mm]\\.?)[\0\t ]"
HOUR = "(?P<hour>2[0-4]|[01]?[0-9])"
HOUR_2 = "(?P<hour>2[0-4]|[01][0-9])"
HOUR_12 = "(?P<hour>1[0-2]|0?[1-9])"
MINUTE = "(?P<minute>[0-5]?[0-9])"
MINUTE_2 = "(?P<minute>[0-5][0-9])"
SECOND = "(?P<second>60|[0-5]?[0-9])"
SECOND_2 = "(?P<second>60|[0-5][0-9])"
FRACTION = r"\.(?P<fraction>[0-9]+)"

_H, _HH, _MM = "(?:2[0-4]|[01]?[0-9])", "(?:2[0-4]|[01][0-9])", "[0-5][0-9]"
_S, _SS = "(?:60|[0-5]?[0-9])", "(?:60|[0-5][0-9])"
OFFSET = f"(?:GMT)?[+-](?:{_HH}:{_MM}:{_SS}|{_HH}{_MM}{_SS}|{_H}(?::?[0-5]?[0-9])?)"
# Europe/Paris and EST are zones to PHP, US/Eastern is not: its second letter is a capital.
ZONE = rf"(?P<zone>{OFFSET}|[A-Z][a-z]+(?:[_/-][A-Za-z]+)+|\(?[A-Za-z]{{1,6}}\)?)"

YEAR = "(?P<year>[0-9]{1,4})"
YEAR_2 = "(?P<year>[0-9]{2})"
YEAR_4 = "(?P<year>[0-9]{4})"
MONTH = "(?P<month>1[0-2]|0?[0-9])"
MONTH_2 = "(?P<month>1[0-2]|0[0-9])"
MONTH_WORD = f"(?P<month>{_any(MONTHS)})"
MONTH_SHORT = f"(?P<month>{_any((name[:3] for name in MONTHS), ['sept'])})"
MONTH_TEXT = f"(?P<month>{_any(MONTHS)}|{'|'.join(sorted(ROMAN_MONTHS, key=len, reverse=True)).upper()})"
NTH = "(?:st|nd|rd|th)"
DAY = f"(?P<day>3[01]|[0-2]?[0-9]){NTH}?"
DAY_2 = "(?P<day>3[01]|[0-2][0-9])"
DAY_OF_YEAR = "(?P<day>36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0[1-9][0-9]|00[1-9])"
ISO_WEEK = "-?W(?P<week>5[0-3]|[1-4][0-9]|0[1-9])"
NO_YEAR = rf"{MONTH_TEXT}[ .\t-]*{DAY}(?:[,.stndrh\t ]+|\0)"

NUMBER = f"(?P<number>{_any(ORDINALS, DIRECTIONS)})"
DIRECTION = f"(?P<number>{_any(DIRECTIONS)})"
UNIT = f"(?P<unit>{_any(UNITS, DAYS, WEEKDAYS)})"
TEXT_UNIT = f"(?P<unit>{_any(set(UNITS) - {'week'}, DAYS, WEEKDAYS)})"

DIGIT, SIGNED, LETTER = "0-9", "0-9+-", "A-Za-z"


class Format(NamedTuple):
    """A row of the language: the characters it can begin with, its pattern and who reads a match."""

    name: str
    begins: str
    pattern: str
    read: Callable[[Draft, Parts], None]


FORMATS: Final = (
    # Of equally long matches the first in the table wins.
    Format("now", LETTER, "(?i:now)", readers.read_now),
    Format("day word", LETTER, "(?P<word>(?i:yesterday|noon|midnight|today|tomorrow))", readers.read_day_word),
    Format(
        "timestamp", "@", r"@(?P<sign>-?)(?P<seconds>[0-9]+)(?:\.(?P<fraction>[0-9]{0,6}))?", readers.read_timestamp
    ),
    Format("month edge", LETTER, "(?P<edge>(?i:first|last))(?i: day of)", readers.read_month_edge),
    Format(
        "near hour",
        LETTER,
        f"(?:(?P<side>[Bb])(?i:ack)|(?i:front))(?i: of ){HOUR}(?:{BLANK}?{MERIDIAN})?",
        readers.read_near_hour,
    ),
    Format("weekday of", LETTER, f"{NUMBER}{BLANK}(?P<unit>{_any(DAYS)}){BLANK}(?i:of)", readers.read_weekday_of),
    # Times
    Format("time 12", DIGIT, f"{HOUR_12}(?:[:.]{MINUTE_2})?{BLANK}?{MERIDIAN}", readers.read_time),
    Format("time 12 long", DIGIT, f"{HOUR_12}[:.]{MINUTE}[:.]{SECOND_2}{BLANK}?{MERIDIAN}", readers.read_time),
    Format(
        "mssql time", DIGIT, f"{HOUR_12}:{MINUTE_2}:{SECOND_2}[:.](?P<fraction>[0-9]+){MERIDIAN}", readers.read_time
    ),
    Format("time 24 tiny", "Tt", f"[Tt]{HOUR}", readers.read_time),
    Format("time 24", DIGIT + "Tt", f"[Tt]?{HOUR}[:.]{MINUTE}(?:[:.]{SECOND}(?:{FRACTION})?)?", readers.read_time),
    Format("four digits", DIGIT + "Tt", f"[Tt]?{HOUR_2}{MINUTE_2}", readers.read_four_digits),
    Format("six digits", DIGIT + "Tt", f"[Tt]?{HOUR_2}{MINUTE_2}{SECOND_2}", readers.read_time),
    # Dates
    Format("american short", DIGIT, f"{MONTH}/{DAY}", readers.read_date),
    Format("american", DIGIT, f"{MONTH}/(?P<day>3[01]|[0-2]?[0-9])/{YEAR}", readers.read_date),
    Format("american nth", DIGIT, f"{MONTH}/{DAY}/[0-9]{{1,4}}", readers.read_date),  # the year is passed over
    Format("iso date", SIGNED, f"(?P<year>[+-]?[0-9]{{4}})-{MONTH_2}-{DAY_2}", readers.read_date),
    Format("slashes", DIGIT, f"{YEAR_4}/{MONTH_2}/{DAY_2}/", readers.read_date),
    Format("slashes short", DIGIT, f"{YEAR_4}/{MONTH}/{DAY}", readers.read_date),
    Format("iso date short", DIGIT, f"{YEAR_2}-{MONTH_2}-{DAY_2}", readers.read_date),
    Format("iso date expanded", "+-", f"(?P<year>[+-][0-9]{{5,19}})-{MONTH_2}-{DAY_2}", readers.read_date),
    Format("year and month", DIGIT, f"{YEAR_4}-{MONTH}", readers.read_date),
    Format("gnu date", DIGIT, f"{YEAR}-{MONTH}-{DAY}", readers.read_date),
    Format("day month year", DIGIT, rf"{DAY}[ \t.-]*{MONTH_TEXT}[ \t.-]*{YEAR}", readers.read_date),
    Format("points", DIGIT, rf"{DAY}[.\t-]{MONTH}[.-]{YEAR_4}", readers.read_date),
    Format("points short", DIGIT, rf"{DAY}[.\t]{MONTH}\.{YEAR_2}", readers.read_date),
    Format("month year", LETTER, rf"{MONTH_TEXT}[ .\t-]*{YEAR_4}", readers.read_date),
    Format("year month", DIGIT, rf"{YEAR_4}[ .\t-]*{MONTH_TEXT}", readers.read_date),
    Format("month day year", LETTER, rf"{MONTH_TEXT}[ .\t-]*{DAY}[,.stndrh\t ]+{YEAR}", readers.read_date),
    Format("month day", LETTER, NO_YEAR, readers.read_month_and_day),
    Format("day month", DIGIT, rf"{DAY}[ .\t-]*{MONTH_TEXT}", readers.read_date),
    Format("eight digits", DIGIT, f"{YEAR_4}{MONTH_2}{DAY_2}", readers.read_date),
    # Dates with times
    Format("xmlrpc", DIGIT, f"{YEAR_4}{MONTH_2}{DAY_2}T{HOUR}:{MINUTE_2}:{SECOND_2}", readers.read_date_and_time),
    Format(
        "xmlrpc compact",
        DIGIT,
        f"{YEAR_4}{MONTH_2}{DAY_2}[Tt]{HOUR_2}{MINUTE_2}{SECOND_2}",
        readers.read_date_and_time,
    ),
    # An hour of one digit is accepted, but two are read all the same: t91234 is 91 hours, 23 minutes, 4 seconds.
    Format(
        "xmlrpc short hour",
        DIGIT,
        f"{YEAR_4}{MONTH_2}{DAY_2}[Tt](?=[0-9]{_MM}{_SS})(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9])",
        readers.read_date_and_time,
    ),
    Format(
        "soap",
        DIGIT,
        f"{YEAR_4}-{MONTH_2}-{DAY_2}T{HOUR_2}:{MINUTE_2}:{SECOND_2}{FRACTION}(?P<zone>{OFFSET})?",
        readers.read_date_and_time,
    ),
    Format("wddx", DIGIT, f"{YEAR_4}-{MONTH}-{DAY}T{HOUR}:{MINUTE}:{SECOND}", readers.read_date_and_time),
    Format("exif", DIGIT, f"{YEAR_4}:{MONTH_2}:{DAY_2} {HOUR_2}:{MINUTE_2}:{SECOND_2}", readers.read_date_and_time),
    Format("day of year", DIGIT, f"{YEAR_4}[.-]?{DAY_OF_YEAR}", readers.read_day_of_year),
    Format("iso week", DIGIT, f"{YEAR_4}{ISO_WEEK}(?:-?(?P<weekday>[0-7]))?", readers.read_iso_week),
    Format("month-day-year", LETTER, f"{MONTH_SHORT}-{DAY_2}-{YEAR}", readers.read_date),
    Format("year-month-day", DIGIT, f"{YEAR}-{MONTH_SHORT}-{DAY_2}", readers.read_date),
    Format(
        "clf",
        DIGIT,
        f"{DAY}/{MONTH_SHORT}/{YEAR_4}:{HOUR_2}:{MINUTE_2}:{SECOND_2}{BLANK}(?P<zone>{OFFSET})",
        readers.read_date_and_time,
    ),
    Format("year", DIGIT, YEAR_4, readers.read_year),
    # Words
    Format("ago", LETTER, "(?i:ago)", readers.read_ago),
    Format("weekday", LETTER, f"(?P<unit>{_any(DAYS, WEEKDAYS)})", readers.read_weekday),
    Format("week", LETTER, f"{DIRECTION}{BLANK}(?i:week)", readers.read_week),
    Format("text shift", LETTER, f"{NUMBER}{BLANK}{TEXT_UNIT}", readers.read_text_shift),
    Format("month", LETTER, MONTH_WORD, readers.read_month),
    Format("zone", LETTER + "(+-", ZONE, readers.read_zone),
    Format(
        "month day time 12",
        LETTER,
        f"{NO_YEAR}{HOUR_12}[:.]{MINUTE_2}(?:[:.]{SECOND_2})?{BLANK}?{MERIDIAN}",
        readers.read_date_and_time,
    ),
    Format(
        "month day time",
        LETTER,
        f"{NO_YEAR}[Tt]?{HOUR}[:.]{MINUTE}(?::{SECOND}|(?P<zone>\\.{_S}))?",  # .30 is no second, and no zone either
        readers.read_date_and_time,
    ),
    Format(
        "month day time zone",
        LETTER,
        f"{NO_YEAR}[Tt]?{HOUR}[:.]{MINUTE}:{SECOND_2}{BLANK}?{ZONE}",
        readers.read_date_and_time,
    ),
    Format(
        "number shift",
        SIGNED,
        rf"(?P<sign>[+-]*)[ \t]*(?P<number>[0-9]{{1,13}}){BLANK}?{UNIT}",
        readers.read_number_shift,
    ),
)


def longest(text: str, at: int) -> tuple[Format, re.Match[str]]:
    """Return the format with the longest match at a position, and the match; raises NotReadable when none fits."""
    best: tuple[Format, re.Match[str]] | None = None
    reach = at
    for row, pattern in _beginning_with(text[at]):
        found = pattern.match(text, at)
        if found and found.end() > reach:
            best, reach = (row, found), found.end()
    if best is None:
        raise NotReadable("not a time")
    return best


@functools.lru_cache(maxsize=256)
def _beginning_with(character: str) -> list[tuple[Format, re.Pattern[str]]]:
    return [(row, _compiled(row.pattern)) for row in FORMATS if re.match(f"[{row.begins}]", character)]


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # ASCII: PHP reads bytes, so that a letter such as the long s is never an s.
    return re.compile(pattern, re.ASCII)
