"""Time zones as PHP writes and applies them: names, abbreviations, offsets, and clock times that summer time moves.

Source: PHP manual, Time Formats ("tz", "tzcorrection") and List of Supported Timezones; the rule for the hour that
summer time skips or repeats was measured.
"""

import functools
import zoneinfo
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .abbreviations import ABBREVIATIONS
from .draft import NotReadable

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - zones are applied to it by hand
_CYCLE = 146_097 * 86_400  # the calendar repeats every 400 years
_FIRST = -62_135_596_800 + 86_400  # a day inside what datetime holds, so that any offset fits
_LAST = 253_402_300_800 - 86_400


def zone_named(text: str) -> ZoneInfo | int:
    """Read `EST`, `(EST)`, `Europe/Paris`, `+02:00` or `GMT-5`; an int is seconds east of UTC. Raises NotReadable."""
    bare = text.strip("()")
    if bare.startswith(("GMT+", "GMT-")):
        bare = bare[3:]
    if bare[0] in "+-":
        return _offset(bare[1:]) * (-1 if bare[0] == "-" else 1)
    word = bare.lower()
    if word in ABBREVIATIONS:
        return ABBREVIATIONS[word]
    name = _identifiers().get(word)
    if name is None:
        raise NotReadable("no such zone")
    return ZoneInfo(name)


def _offset(text: str) -> int:
    """Read `2`, `02`, `230`, `0230`, `023015`, `2:30`, `02:30:15` as seconds."""
    if ":" in text:
        parts = [int(part) for part in text.split(":")]
    elif len(text) <= 2:
        parts = [int(text)]
    elif len(text) <= 4:
        parts = [int(text[:-2]), int(text[-2:])]
    else:
        parts = [int(text[:2]), int(text[2:4]), int(text[4:])]
    return sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


@functools.cache
def _identifiers() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones()}


def offset_at(instant: int, zone: ZoneInfo | int) -> int:
    """Return the zone's offset in seconds east of UTC at a UNIX time, however far from today."""
    if isinstance(zone, int):
        return zone
    offset = _local(instant, zone).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return int(offset.total_seconds())


def _local(instant: int, zone: ZoneInfo) -> datetime:
    if instant >= _LAST:
        instant -= ((instant - _LAST) // _CYCLE + 1) * _CYCLE
    return zone.fromutc((_EPOCH + timedelta(seconds=max(instant, _FIRST))).replace(tzinfo=zone))


def to_instant(wall: int, zone: ZoneInfo | int, *, named: bool = False) -> int:
    """Return the UNIX time of a clock time, given as if it were UTC; `named` if the text itself names the zone.

    A time that summer time skips moves forward by the gap. Of a repeated hour the zones west of Greenwich take the
    first, those east of it the second, but the first as well when they are named, as PHP does.
    """
    if isinstance(zone, int):
        return wall - zone
    before = offset_at(wall, zone)
    after = offset_at(wall - before, zone)
    if named and before == after >= 0 and not _local(wall, zone).dst():
        earlier = offset_at(wall - before - 7200, zone)
        if offset_at(wall - earlier, zone) == earlier:
            return wall - earlier
    if after > before and offset_at(wall - after, zone) != after:
        return wall - before
    return wall - after
