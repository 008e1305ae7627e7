"""Charts as pages draw them: columns of stacked bars over time, worked out here and drawn by ``macros.html``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import clock


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a column, from ``y`` down; all measures are in what is counted."""

    label: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """A stretch of time that begins ``at``, with how much of each label happened in it."""

    at: datetime
    counts: Mapping[str, int]
    bars: Sequence[Bar]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Chart:
    """``high`` is the top of the scale; ``totals`` how much of each label there is in all, of those that there are."""

    name: str
    high: int
    columns: Sequence[Column]
    totals: Mapping[str, int]


def over_time(
    name: str,
    counted: Mapping[int, Mapping[str, int]],
    labels: Sequence[str],
    until: datetime,
    columns: int,
    minutes: int,
) -> Chart:
    """A chart of so many columns of so many minutes each, the last of which holds ``until``.

    ``counted`` has the counts by the first minute since 1970 of each stretch (``tallies.by_minute``).
    """
    last = int(until.timestamp() // 60) // minutes * minutes
    stretches = {minute: counted.get(minute, {}) for minute in range(last - (columns - 1) * minutes, last + 1, minutes)}
    high = _round(max(sum(counts.values()) for counts in stretches.values()))
    totals = {label: sum(counts.get(label, 0) for counts in stretches.values()) for label in labels}
    return Chart(
        name,
        high,
        [
            Column(clock.instant(minute * 60), counts, _stack(counts, labels, high))
            for minute, counts in stretches.items()
        ],
        {label: total for label, total in totals.items() if total},
    )


def since(until: datetime, columns: int, minutes: int) -> datetime:
    """When the minute before the first column of such a chart begins."""
    return until - timedelta(minutes=columns * minutes)


def _stack(counts: Mapping[str, int], labels: Sequence[str], high: int) -> list[Bar]:
    bars, y = [], high
    for label in labels:
        if count := counts.get(label, 0):
            y -= count
            bars.append(Bar(label, y, count))
    return bars


def _round(most: int) -> int:
    """The next 1, 2 or 5 with noughts."""
    power = int(10 ** (len(str(most)) - 1))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)
