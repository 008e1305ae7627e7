"""From a draft to an instant: what was not named comes from the base, then shifts, weekdays and the zone are applied.

The order of the steps is PHP's and visible from outside: `monday next month` finds the Monday first. Sources: PHP
manual, Relative Formats; the order and the counting of working days were measured.
"""

from datetime import date
from zoneinfo import ZoneInfo

from .draft import Draft, Shift, Weekday
from .zones import offset_at, to_instant

_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # the calendar repeats
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400


def resolve(draft: Draft, base: int, zone: ZoneInfo) -> int:
    """Return the UNIX time the draft means when it is read at `base`, a UNIX time, in `zone`.

    Beyond 64 bits the answer wraps around, as PHP's does.
    """
    today, now = divmod(base + offset_at(base, zone), _DAY)
    year, month, day = _calendar(today)
    clock = (0 if draft.dates else now) if draft.clock is None else draft.clock
    wall = _shifted(
        year if draft.year is None else draft.year,
        month if draft.month is None else draft.month,
        day if draft.day is None else draft.day,
        clock,
        draft,
    )
    where = zone if draft.zone is None else draft.zone
    return _wrapped(to_instant(_wrapped(wall), where, named=draft.zones > 0))


def _shifted(year: int, month: int, day: int, clock: int, draft: Draft) -> int:
    """Apply the draft's shift to a date and a clock time; returns the wall clock's reading in seconds since 1970."""
    shift = draft.shift
    months = shift.months
    if shift.of_month:
        # The month has to be known before its Monday can be; all other months are counted after the Monday.
        month, day, months = month + months + (shift.of_month == "last"), 1, 0
    month, day = _at_edge(month, day, shift)
    number = _day_number(year, month, day) + clock // _DAY
    number += _days_to_weekday(number, shift)

    year, month, day = _calendar(number)
    month, day = _at_edge(month + months, day + shift.days, shift)
    clock = clock % _DAY + shift.seconds + (draft.micros + shift.micros) // 1_000_000
    number = _day_number(year + shift.years, month, day) + clock // _DAY
    number += _days_over_weekdays(number, shift.weekdays)
    return number * _DAY + clock % _DAY


def _at_edge(month: int, day: int, shift: Shift) -> tuple[int, int]:
    """Apply `first day of` and `last day of`; the last is day 0 of the month after."""
    if shift.edge == "first":
        return month, 1
    return (month + 1, 0) if shift.edge == "last" else (month, day)


def _days_to_weekday(day: int, shift: Shift) -> int:
    """Return how many days lie between a day and the weekday the shift asks for."""
    today, wanted = (day + 4) % 7, shift.weekday  # 1970 began on a Thursday; Sunday is 0
    if wanted is None:
        return 0
    if shift.weekday_rule is Weekday.WITHIN:
        return (wanted or 7) - (today or 7)  # weeks begin on Monday here
    if wanted < 0:
        return -wanted - today - 7
    ahead = wanted - today if wanted >= today else wanted - today + 7
    return 7 if ahead == 0 and shift.weekday_rule is Weekday.AFTER and shift.days >= 0 else ahead


def _days_over_weekdays(day: int, count: int | None) -> int:
    """Return how many days a count of working days, Monday to Friday, takes from a day."""
    if count is None:
        return 0
    today = (day + 3) % 7  # Monday is 0
    # Going forward a weekend is the end of its Friday; otherwise it is the start of the Monday after.
    weeks, weekday = divmod(min(today, 4 if count > 0 else 5) + count, 5)
    return weeks * 7 + weekday - today


def _wrapped(seconds: int) -> int:
    return (seconds + 2**63) % 2**64 - 2**63


def _day_number(year: int, month: int, day: int) -> int:
    """Return the days since 1970 of any date; months and days may lie outside their ranges and run on."""
    years, month0 = divmod(month - 1, 12)
    cycles, year_of_cycle = divmod(year + years, _CYCLE_YEARS)
    return date(year_of_cycle + _CYCLE_YEARS, month0 + 1, 1).toordinal() + (cycles - 1) * _CYCLE_DAYS - _EPOCH + day - 1


def _calendar(day: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days since 1970."""
    cycles, rest = divmod(day + _EPOCH - 1, _CYCLE_DAYS)
    found = date.fromordinal(rest + _CYCLE_DAYS + 1)
    return found.year + (cycles - 1) * _CYCLE_YEARS, found.month, found.day
