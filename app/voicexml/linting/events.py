"""Handlers of events that nobody throws, where it is certain: all that could throw them was read."""

from collections.abc import Iterator

from app.voicexml.document import Document
from app.voicexml.elements import Element, name_of
from app.voicexml.events import Handler
from app.voicexml.linting.application import Application
from app.voicexml.linting.findings import Finding, meant, warning
from app.voicexml.linting.structure import words

_PLATFORMS = ("cancel", "connection", "error", "exit", "help", "maxspeechtimeout", "noinput", "nomatch")
"""The first words of the events that a platform throws (VoiceXML 2.0 section 5.2.6)."""
_THROWING = ("throw", "choice", "link", "return")


def check(application: Application) -> Iterator[Finding]:
    """Catches that never run; those of a root document may be for documents of other applications."""
    elements = [(page, element) for page in application.documents() for element in words(page.root)]
    if not application.is_whole or any("eventexpr" in element.attrib for _, element in elements):
        return
    thrown = {element.get("event", "") for _, element in elements if name_of(element) in _THROWING}
    for page, element in elements:
        if name_of(element) == "catch" and not application.is_root(page):
            yield from _never(page, element, thrown)


def _never(page: Document, catch: Element, thrown: set[str]) -> Iterator[Finding]:
    handler = Handler.read(catch)
    for name in handler.names:
        alone = Handler(catch, (name,), 1)
        if name.partition(".")[0] not in _PLATFORMS and not any(alone.matched(event) is not None for event in thrown):
            hint = meant(name, thrown | set(_PLATFORMS)) or ": throw it somewhere or leave the handler out"
            yield warning(page, catch, "event-never-thrown", f"nobody throws {name}{hint}")
