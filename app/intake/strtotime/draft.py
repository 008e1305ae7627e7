"""What has been read so far of one time expression: a date, a clock time, a zone and shifts, each of them optional.

Nothing here knows the grammar or where the asker is; `resolution` turns a finished draft into an instant.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal
from zoneinfo import ZoneInfo

from .vocabulary import Part

INT64 = range(-(2**63), 2**63)


class NotReadable(ValueError):
    """The expression is one for which PHP's strtotime() gives false."""


class Weekday(IntEnum):
    """Which day a weekday's name means, seen from the day that is otherwise named."""

    AFTER = 0  # `next monday`: never the day itself
    FROM = 1  # `monday`: the day itself or the first one after it
    WITHIN = 2  # `monday next week`: the one in the week, Monday to Sunday


@dataclass(slots=True)
class Shift:
    """How far to move from the date and time that were named, and the rules that then pick a day."""

    years: int = 0
    months: int = 0
    days: int = 0
    seconds: int = 0
    micros: int = 0
    weekday: int | None = None  # 0 is Sunday; negative after `ago`
    weekday_rule: Weekday = Weekday.AFTER
    weekdays: int | None = None  # working days, Monday to Friday
    of_month: Literal["first", "last"] | None = None  # where to count from in `second monday of`, `last monday of`
    edge: Literal["first", "last"] | None = None  # `first day of`, `last day of`

    def add(self, part: Part, amount: int) -> None:
        """Move one part further; raises NotReadable where PHP's seconds overflow."""
        setattr(self, part, getattr(self, part) + amount)
        if self.seconds not in INT64:
            raise NotReadable("too many seconds")

    def turn_back(self) -> None:
        """Turn around everything read so far (`ago`)."""
        self.years, self.months, self.days = -self.years, -self.months, -self.days
        self.seconds = -self.seconds  # PHP leaves microseconds as they are
        if self.weekday is not None:
            self.weekday = -self.weekday or -7  # Sunday is 0 and needs a sign
        if self.weekdays is not None:
            self.weekdays = -self.weekdays


@dataclass(slots=True)
class Draft:
    """The parts of an expression; `None` stands for "as in the moment it is read at"."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    clock: int | None = None  # seconds since midnight
    micros: int = 0
    zone: ZoneInfo | int | None = None  # an int is an offset in seconds east of UTC
    dates: int = 0
    times: int = 0
    zones: int = 0
    shift: Shift = field(default_factory=Shift)

    def set_date(self, year: int | None, month: int | None, day: int | None) -> None:
        """Take the parts of a date that were named; raises NotReadable for a second date."""
        if self.dates:
            raise NotReadable("two dates")
        self.dates = 1
        self.year = self.year if year is None else year
        self.month = self.month if month is None else month
        self.day = self.day if day is None else day

    def set_time(self, clock: int, micros: int = 0) -> None:
        """Take a time in seconds since midnight; raises NotReadable for a second time."""
        if self.times:
            raise NotReadable("two times")
        self.times = 1
        self.clock, self.micros = clock, micros

    def clear_time(self) -> None:
        """Go back to midnight, after which another time may be named."""
        self.times = 0
        self.clock, self.micros = 0, 0

    def claim_zone(self) -> bool:
        """Tell whether the zone read now counts: a second is ignored, a third raises NotReadable."""
        self.zones += 1
        if self.zones > 2:
            raise NotReadable("three zones")
        return self.zones == 1
