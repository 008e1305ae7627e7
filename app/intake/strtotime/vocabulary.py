"""The words of PHP's date language and what they stand for (PHP manual: Date Formats, Relative Formats)."""

from typing import Final, Literal

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
ROMAN_MONTHS: Final = {
    name: number
    for number, name in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"), start=1)
}

DAYS: Final = {
    name: number
    for number, stem in enumerate(("sun", "mon", "tues", "wednes", "thurs", "fri", "satur"))
    for name in (stem[:3], f"{stem}day", f"{stem}days")
}
WEEKDAYS: Final = ("weekday", "weekdays")

# Two tables, because `next week` is in the language and `first week` is not.
ORDINALS: Final = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eight": 8,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
}
DIRECTIONS: Final = {"next": 1, "last": -1, "previous": -1, "this": 0}

Part = Literal["years", "months", "days", "seconds", "micros"]
_SINGULARS: Final[dict[str, tuple[Part, int]]] = {
    "millisecond": ("micros", 1000),
    "msec": ("micros", 1000),
    "microsecond": ("micros", 1),
    "usec": ("micros", 1),
    "µsec": ("micros", 1),
    "µs": ("micros", 1),
    "second": ("seconds", 1),
    "sec": ("seconds", 1),
    "minute": ("seconds", 60),
    "min": ("seconds", 60),
    "hour": ("seconds", 3600),
    "day": ("days", 1),
    "week": ("days", 7),
    "fortnight": ("days", 14),
    "forthnight": ("days", 14),
    "month": ("months", 1),
    "year": ("years", 1),
}
# unit -> the part of a shift it moves, and by how many
UNITS: Final[dict[str, tuple[Part, int]]] = (
    _SINGULARS | {f"{name}s": move for name, move in _SINGULARS.items() if name != "µs"} | {"ms": ("micros", 1000)}
)
