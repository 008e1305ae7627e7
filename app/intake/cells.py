"""The cells of one line of comma-separated values (RFC 4180 section 2), which never go on to the next line."""

import re

from app.errors import Refusal

_CELL = re.compile(r'[ \t]*"([^"]*(?:""[^"]*)*)"[ \t]*(?=,|\Z)|(?![ \t]*")([^,]*)')


def classic_cells(text: str) -> tuple[str, str, str]:
    """Number, reference and parameters; further commas are the parameters' own, unless they are all there is."""
    number, end = _cell(text, 0)
    if end == len(text):
        return number, "", ""
    reference, end = _cell(text, end + 1)
    rest = text[end + 1 :]
    if not rest.strip(","):
        return number, reference, ""
    if rest.startswith('"'):
        value, end = _cell(rest, 0)
        return number, reference, value if end == len(rest) else rest
    return number, reference, rest


def cells(text: str) -> list[str]:
    """All cells of a line. Raises Refusal for a quote that is not closed."""
    cell, end = _cell(text, 0)
    found = [cell]
    while end < len(text):
        cell, end = _cell(text, end + 1)
        found.append(cell)
    return found


def _cell(text: str, start: int) -> tuple[str, int]:
    """The cell that begins at ``start``, and where it ends (RFC 4180 section 2)."""
    match = _CELL.match(text, start)
    if match is None:
        raise Refusal("a quote is not closed on its line, or stands in a quoted value without being doubled")
    quoted, plain = match.groups()
    return plain if quoted is None else quoted.replace('""', '"'), match.end()


def first_cell(text: str, longest: int) -> str:
    """The beginning of the first cell, whatever is wrong with the line: for telling people which line is meant."""
    try:
        cell, _ = _cell(text, 0)
    except Refusal:
        cell = text.partition(",")[0]
    return cell.strip()[:longest]
