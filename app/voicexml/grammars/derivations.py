"""Derivations: how an input follows from a grammar, put together part by part and read in the order of the input.

Several ways to the same end are one derivation with branches in it: however many there are, it stays small.
"""

from collections import deque
from typing import TypeAlias

from app.voicexml.grammars.rules import Tag, Token

Event: TypeAlias = tuple[str, object]
"""What a derivation says, in the order of the input.

("words", words) · ("tag", Tag) · ("value", what a builtin type made of the words) · ("enter", Key) · ("leave", None).
"""

Derivation: TypeAlias = object
"""Token · Tag · None: nothing · (SPAN, start, end) · (VALUE, start, end, value) · (key of a rule, what is in it) · two
of them, one after the other or instead of each other."""

SPAN = "span"
VALUE = "value"
_THEN = "then"
_OR = "or"


def then(first: Derivation, second: Derivation) -> Derivation:
    """One after the other."""
    if first is None:
        return second
    return first if second is None else (_THEN, first, second)


def either(first: Derivation, second: Derivation) -> Derivation:
    """Two ways to the same end."""
    return _OR, first, second


def events_of(derivation: Derivation, words: tuple[str, ...], most: int) -> list[list[Event]]:
    """The events of the first ``most`` ways through a derivation."""
    found: list[list[Event]] = []
    begun: deque[tuple[list[Event], list[object]]] = deque([([], [derivation])], maxlen=most)
    while begun and len(found) < most:
        events, waiting = begun.pop()
        while waiting:
            match waiting.pop():
                case (str(kind), first, second) if kind == _OR:
                    begun.append((events.copy(), [*waiting, second]))  # the latest is taken first: the oldest may go
                    waiting.append(first)
                case other:
                    _read(other, words, events, waiting)
        found.append(events)
    return found


def _read(part: Derivation, words: tuple[str, ...], events: list[Event], waiting: list[object]) -> None:
    """Add what a part says to the events, and what is in it to what waits."""
    match part:
        case Token(own):
            events.append(("words", own))
        case (str(kind), int(start), int(end)) if kind == SPAN:
            events.append(("words", words[start:end]))
        case (str(kind), int(start), int(end), value) if kind == VALUE:
            events += [("words", words[start:end]), (VALUE, value)]
        case Tag():
            events.append(("tag", part))
        case (str(word), None):
            events.append((word, None))
        case (tuple(key), how):
            events.append(("enter", key))
            waiting += [("leave", None), how]
        case (str(), first, second):
            waiting += [second, first]
