"""One function per kind of format: each writes what a match of the grammar says into the draft.

`parts` are the named groups of the match. Readers decide nothing about zones and calendars beyond what the words say.
"""

from collections.abc import Mapping
from datetime import date

from .draft import INT64, Draft, NotReadable, Weekday
from .vocabulary import DAYS, DIRECTIONS, MONTHS, ORDINALS, ROMAN_MONTHS, UNITS, WEEKDAYS
from .zones import zone_named

Parts = Mapping[str, str | None]

_NUMBERS = ORDINALS | DIRECTIONS
_MONTHS = MONTHS | ROMAN_MONTHS
_LAST_YEAR = 10**16  # beyond it PHP's count of days overflows, and its answers mean nothing


def read_date(draft: Draft, parts: Parts) -> None:
    """A date; without a year it is this year's, without a day the first of the month."""
    year, month, day = parts.get("year"), parts["month"] or "", parts.get("day")
    draft.set_date(_year(year) if year else None, _MONTHS.get(month.lower()) or int(month), int(day) if day else 1)


def read_month_and_day(draft: Draft, parts: Parts) -> None:
    """`oct 14`: also takes back a year named before it."""
    draft.year = None
    read_date(draft, parts)


def read_time(draft: Draft, parts: Parts) -> None:
    """A clock time, perhaps with a meridian, a fraction, a zone."""
    hour = int(parts["hour"] or 0)
    if meridian := parts.get("meridian"):
        hour = _in_24_hours(hour, meridian)
    seconds = hour * 3600 + int(parts.get("minute") or 0) * 60 + int(parts.get("second") or 0)
    draft.set_time(seconds, _micros(parts.get("fraction")))
    if zone := parts.get("zone"):
        draft.zone = zone_named(zone)  # PHP does not count it among the zones: one more may replace it


def read_date_and_time(draft: Draft, parts: Parts) -> None:
    """A date and a time in one format."""
    read_date(draft, parts)
    read_time(draft, parts)


def read_four_digits(draft: Draft, parts: Parts) -> None:
    """`1530`: a time, but a year once there is a time."""
    if draft.times == 1:
        draft.year = int(f"{parts['hour']}{parts['minute']}")
        draft.times = 2
    else:
        read_time(draft, parts)


def read_year(draft: Draft, parts: Parts) -> None:
    """A year that can't be a time; it leaves month, day and time alone."""
    draft.year = int(parts["year"] or 0)


def read_month(draft: Draft, parts: Parts) -> None:
    """A month alone: the day stays today's."""
    draft.set_date(None, _MONTHS[(parts["month"] or "").lower()], None)


def read_day_of_year(draft: Draft, parts: Parts) -> None:
    """`2011.045`: PostgreSQL's year and day."""
    draft.set_date(int(parts["year"] or 0), 1, int(parts["day"] or 0))


def read_iso_week(draft: Draft, parts: Parts) -> None:
    """`2011W053`: an ISO week and its day, Monday unless named. Raises NotReadable beside another date."""
    year, week, day = int(parts["year"] or 0), int(parts["week"] or 0), int(parts.get("weekday") or 1)
    draft.set_date(year, 1, 1)
    # The calendar repeats every 400 years, and date knows no year 0.
    new_year = date(year % 400 + 400, 1, 1).isoweekday()
    draft.shift.days = (week - (new_year <= 4)) * 7 + day - new_year


def read_timestamp(draft: Draft, parts: Parts) -> None:
    """`@1300000000.5`: a UNIX time. Raises NotReadable beyond 64 bits, or for a dot without a fraction."""
    draft.dates = 0
    draft.clear_time()
    if not draft.claim_zone():
        draft.year = draft.month = draft.day = 0  # PHP has forgotten the date before it ignores the timestamp
        return
    seconds = int(f"{parts['sign']}{parts['seconds']}")
    if seconds not in INT64 or parts["fraction"] == "":
        raise NotReadable("no timestamp")
    draft.year, draft.month, draft.day, draft.zone = 1970, 1, 1, 0
    draft.shift.seconds += seconds
    if parts["fraction"]:
        draft.shift.micros = _micros(parts["fraction"]) * (-1 if parts["sign"] else 1)


def read_zone(draft: Draft, parts: Parts) -> None:
    """A zone by itself or after a time."""
    if draft.claim_zone():
        draft.zone = zone_named(parts["zone"] or "")


def read_now(draft: Draft, parts: Parts) -> None:
    """`now` says nothing that is not so already."""


def read_day_word(draft: Draft, parts: Parts) -> None:
    """`yesterday`, `midnight`, `today`, `noon`, `tomorrow`; they undo a time named before them."""
    word = (parts["word"] or "").lower()
    draft.clear_time()
    if word == "noon":
        draft.set_time(12 * 3600)
    elif word in ("yesterday", "tomorrow"):
        draft.shift.days = 1 if word == "tomorrow" else -1


def read_near_hour(draft: Draft, parts: Parts) -> None:
    """`back of 7pm` is 19:15, `front of 7pm` is 18:45."""
    # PHP looks at a small b only: `Back of` counts as `front of`.
    hour, minute = int(parts["hour"] or 0), 15
    if parts["side"] != "b":
        hour, minute = hour - 1, 45
    if meridian := parts["meridian"]:
        hour = _in_24_hours(hour, meridian)
    draft.clear_time()
    draft.set_time(hour * 3600 + minute * 60)


def read_month_edge(draft: Draft, parts: Parts) -> None:
    """`first day of`, `last day of`; the time of day stays."""
    draft.shift.edge = "first" if (parts["edge"] or "").lower() == "first" else "last"


def read_weekday_of(draft: Draft, parts: Parts) -> None:
    """`second monday of`, `last friday of`."""
    amount = _NUMBERS[(parts["number"] or "").lower()]
    draft.shift.of_month = "first" if amount > 0 else "last"
    draft.shift.weekdays = None
    _move_to_weekday(draft, amount, parts["unit"] or "", Weekday.FROM if amount >= 0 else Weekday.AFTER)
    draft.clear_time()


def read_weekday(draft: Draft, parts: Parts) -> None:
    """`monday`; `weekday` counts as Monday."""
    draft.clear_time()
    draft.shift.weekday = DAYS.get((parts["unit"] or "").lower(), 1)
    if draft.shift.weekday_rule != Weekday.WITHIN:
        draft.shift.weekday_rule = Weekday.FROM


def read_week(draft: Draft, parts: Parts) -> None:
    """`next week`: a named weekday is then the one in that week, Monday when none is named."""
    draft.shift.days += DIRECTIONS[(parts["number"] or "").lower()] * 7
    draft.shift.weekday_rule = Weekday.WITHIN
    if draft.shift.weekday is None:
        draft.shift.weekday = 1


def read_text_shift(draft: Draft, parts: Parts) -> None:
    """`next month`, `third day`, `last friday`; with a day's name the time is undone."""
    number, unit = (parts["number"] or "").lower(), (parts["unit"] or "").lower()
    if unit not in UNITS:
        draft.clear_time()
    _move(draft, _NUMBERS[number], unit, Weekday.FROM if number == "this" else Weekday.AFTER)


def read_number_shift(draft: Draft, parts: Parts) -> None:
    """`+3 days`, `2 weekdays`, `-1 monday`; each minus sign turns the direction."""
    amount = int(parts["number"] or 0) * (-1) ** (parts["sign"] or "").count("-")
    _move(draft, amount, (parts["unit"] or "").lower(), Weekday.FROM)


def read_ago(draft: Draft, parts: Parts) -> None:
    """`ago` turns around all shifts before it."""
    draft.shift.turn_back()


def _move(draft: Draft, amount: int, unit: str, rule: Weekday) -> None:
    if unit in WEEKDAYS:
        draft.shift.weekdays, draft.shift.of_month = amount, None
    elif unit in DAYS:
        _move_to_weekday(draft, amount, unit, rule)
    else:
        part, size = UNITS[unit]
        draft.shift.add(part, amount * size)


def _move_to_weekday(draft: Draft, amount: int, unit: str, rule: Weekday) -> None:
    draft.shift.days += (amount - 1 if amount > 0 else amount) * 7
    draft.shift.weekday = DAYS[unit.lower()]
    draft.shift.weekday_rule = rule


def _year(text: str) -> int:
    """Years of up to three digits below 100 are near ours: 70 to 99 in the twentieth century, 0 to 69 in this one.

    Raises NotReadable for a year no calendar reaches.
    """
    year = int(text)
    if abs(year) > _LAST_YEAR:
        raise NotReadable("year out of range")
    if len(text.lstrip("+-")) >= 4 or year >= 100:
        return year
    return year + (2000 if year < 70 else 1900)


def _in_24_hours(hour: int, meridian: str) -> int:
    if meridian[0] in "Aa":
        return 0 if hour == 12 else hour
    return 12 if hour == 12 else hour + 12


def _micros(fraction: str | None) -> int:
    return int(f"{fraction:0<6}"[:6]) if fraction else 0
