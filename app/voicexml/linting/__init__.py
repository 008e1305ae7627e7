"""Reading an application without calling anybody: what would fail, and what would confuse, in its author's words.

It reads the first document, everything that is named literally from there, and runs what it read against callers who
never answer. It sends nothing and fetches each address once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.voicexml.linting import events, reachability, resources, running, scripts, structure, understanding
from app.voicexml.linting.application import Application, read
from app.voicexml.linting.findings import Finding, line_of
from app.voicexml.linting.reading import Reader
from app.voicexml.resources import MOST_FETCHES, Fetch

__all__ = ["Finding", "Report", "lint"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, by document and line, and how many answers of each kind were read for it."""

    findings: tuple[Finding, ...]
    read: Counter[str]


def lint(start: str, fetch: Fetch) -> Report:
    """Everything to say about the application whose first document is at ``start``. Raises nothing a page could cause.

    The limits of a call hold (resources.MOST_FETCHES and MOST_BYTES).
    """
    reader = Reader(fetch)
    application = read(start, reader)
    found = [*application.findings, *_read_on(application), *_notes(application)]
    if application.pages:
        found += running.check(application, found)
    return Report(tuple(sorted(set(found))), reader.read)


def _read_on(application: Application) -> Iterator[Finding]:
    for page in application.documents():
        yield from structure.check(page)
        yield from understanding.check(application, page)
    external: resources.Scripts = {}
    for page in application.documents():
        yield from resources.check(application, page, external)
    for page in application.documents():
        yield from scripts.check(application, page, external)
    yield from reachability.check(application)
    yield from events.check(application)


def _notes(application: Application) -> Iterator[Finding]:
    """What could not be looked at."""
    for page, element in application.sending:
        address = element.get("next") or element.get("src") or "an address made by an expression"
        sentence = f"nothing was sent to {address}: what it answers is not checked"
        yield Finding(page.url, line_of(element), "note", sentence, "not-sent")
    for page in application.documents():
        lines = [line_of(element) for each, element in application.made if each is page]
        if lines:
            where = ", ".join(map(str, sorted(set(lines))))
            sentence = f"addresses that an expression makes were not followed: line {where}"
            yield Finding(page.url, lines[0], "note", sentence, "not-followed")
    if application.reader.unread:
        more = len(application.reader.unread)
        sentence = f"{MOST_FETCHES} addresses were read, as many as a call may fetch; {more} more were not"
        yield Finding(application.start, 1, "note", sentence, "not-read")
