"""What every page is made with: the list of pages that there are, and how texts, times and numbers are written."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from flask import Flask, current_app

import app
from app.console.access import known_viewer
from app.console.desk import desk


@dataclass(frozen=True, slots=True)
class Page:
    """An entry of the navigation."""

    group: str
    endpoint: str
    name: str
    for_administrators: bool = False


PAGES = (
    Page("Calls", "console.overview", "Overview"),
    Page("Calls", "console.campaigns", "Campaigns"),
    Page("Calls", "console.calls", "Calls"),
    Page("Queue", "console.queue_one", "One call"),
    Page("Queue", "console.queue_list", "A list"),
    Page("Build", "console.applications", "Applications"),
    Page("Build", "console.lab", "Testing lab", for_administrators=True),
    Page("Administration", "console.accounts", "Accounts", for_administrators=True),
    Page("Administration", "console.settings", "Settings", for_administrators=True),
    Page("Administration", "console.audit_log", "Audit log"),
)

_NOT_HTML = re.compile(
    "[\x01-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""Controls and noncharacters, which no page may have (HTML section 13.1.4), as in a sound that a customer answered."""


def install(web: Flask) -> None:
    """Give all templates what base.html and macros.html use."""
    web.jinja_env.finalize = _printable
    web.jinja_env.filters |= {"utc": utc, "local": local, "number": number, "duration": duration}
    web.context_processor(_context)


def _printable(value: object) -> object:
    return _NOT_HTML.sub("\ufffd", value) if type(value) is str else value


def _context() -> dict[str, object]:
    viewer = known_viewer()
    shown = [] if viewer is None else [page for page in PAGES if viewer.is_admin or not page.for_administrators]
    there = [page for page in shown if page.endpoint in current_app.view_functions]
    return {
        "viewer": viewer,
        "navigation": [(group, list(pages)) for group, pages in groupby(there, lambda page: page.group)],
        "zone": desk().zone.key,
        "version": app.__version__,
    }


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def utc(at: datetime | str) -> str:
    """A moment as ISO 8601 in UTC, such as ``2016-09-28T20:51:32Z``."""
    return _moment(at).astimezone(UTC).isoformat().replace("+00:00", "Z")


def local(at: datetime | str) -> str:
    """A moment in the server's zone, for those whose browser does not put it into theirs."""
    return _moment(at).astimezone(desk().zone).strftime("%Y-%m-%d %H:%M:%S")


def number(value: float) -> str:
    """A number with commas between thousands."""
    return f"{value:,}"


def duration(seconds: float) -> str:
    """How long something takes, in its two largest units: ``850 ms``, ``42 s``, ``3 min 5 s``, ``2 d 4 h``."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    left = round(seconds)
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"
