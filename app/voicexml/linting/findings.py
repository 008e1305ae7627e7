"""What a lint finds: how bad it is, where it is, which rule says so, and what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from app.voicexml.document import Document
from app.voicexml.elements import Element

_LONGEST_NAME = 40
_MOST_NAMES = 300
Severity = Literal["error", "warning", "note"]
"""The call would fail; somebody would be confused; what could not be looked at."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to change. ``line`` counts from 1; ``rule`` is the rule's name in kebab-case."""

    url: str
    line: int
    severity: Severity
    sentence: str
    rule: str


def error(page: Document, element: Element, rule: str, sentence: str) -> Finding:
    """What makes a call fail that gets there."""
    return Finding(page.url, line_of(element), "error", sentence, rule)


def warning(page: Document, element: Element, rule: str, sentence: str) -> Finding:
    """What the interpreter passes over, or what its author can't have meant."""
    return Finding(page.url, line_of(element), "warning", sentence, rule)


def line_of(element: Element) -> int:
    return element.sourceline or 1


def meant(name: str, known: Iterable[str]) -> str:
    """The question after a name that nobody knows, with its comma; empty where none comes close.

    Long names and all but the first of many are left out: comparing them takes longer than anybody waits.
    """
    names = sorted(each for each in known if len(each) <= _LONGEST_NAME)[:_MOST_NAMES]
    close = get_close_matches(name.lower(), names, 1) if len(name) <= _LONGEST_NAME else []
    return f", did you mean {close[0]}?" if close else ""
