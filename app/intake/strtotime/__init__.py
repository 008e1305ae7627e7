"""Times as PHP's strtotime() reads them: `grammar` finds the parts, `readers` write them into a `draft`, and
`resolution` makes it an instant. Pure: the moment and the zone of the asker are arguments.
"""

from zoneinfo import ZoneInfo

from .draft import Draft, NotReadable
from .grammar import SEPARATORS, longest
from .resolution import resolve

__all__ = ["strtotime"]


def strtotime(text: str, base: int, zone: ZoneInfo) -> int | None:
    """Return the UNIX time that PHP's strtotime() gives for a text read at `base` (UNIX) in `zone`; None is its false.

    Source: PHP manual, strtotime() and Supported Date and Time Formats. Years before 1 and after 9999 are possible.
    """
    try:
        return resolve(_read(text), base, zone)
    except NotReadable:
        return None


def _read(text: str) -> Draft:
    if not text:
        raise NotReadable("empty")
    text = text.strip(" \t\n\v\f\r") + "\0"  # what ends the text counts as a character in some formats
    draft, at = Draft(), 0
    while at < len(text):
        if text[at] in SEPARATORS:
            at += 1
            continue
        row, found = longest(text, at)
        row.read(draft, found.groupdict())
        at = found.end()
    return draft
