"""Events: how they are thrown, counted and matched to handlers (VoiceXML 2.0 section 5.2)."""

from collections import Counter
from dataclasses import dataclass, field

from app.voicexml.elements import Element, children, name_of, whole

SHORTHANDS = ("error", "help", "noinput", "nomatch")
HANDLERS = ("catch", *SHORTHANDS)
HANGUP = "connection.disconnect.hangup"


class Event(Exception):
    """An event on its way to its handler. ``element`` is where it was thrown; None: not by an element.

    ``outward``: if nobody in the subdialog handles it, it is its caller's.
    """

    def __init__(self, name: str, message: str = "", element: Element | None = None, *, outward: bool = False) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        self.element = element
        self.outward = outward

    @property
    def is_error(self) -> bool:
        return self.name.partition(".")[0] == "error"


@dataclass(frozen=True, slots=True)
class Handler:
    """A catch element, or its shorthand. ``names`` is empty for one that catches everything."""

    element: Element
    names: tuple[str, ...]
    count: int

    @classmethod
    def read(cls, element: Element) -> "Handler":
        name = name_of(element)
        names = (name,) if name in SHORTHANDS else tuple(element.get("event", "").split())
        return cls(element, names, whole(element.get("count", ""), 1))

    def matched(self, event: str) -> str | None:
        """Which of its names matches, the empty one when it catches everything; None when none does."""
        if not self.names:
            return ""
        return next((name.rstrip(".") for name in self.names if _is_prefix(name.rstrip("."), event)), None)


@dataclass(slots=True)
class Counts:
    """How often each event came, itself and each of its prefixes (section 5.2.2)."""

    seen: Counter[str] = field(default_factory=Counter)

    def add(self, event: str) -> None:
        parts = event.split(".")
        self.seen.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))

    def of(self, name: str) -> int:
        return self.seen[name]


def handlers_in(element: Element) -> list[Handler]:
    """The handlers that an element has itself, in document order."""
    return [Handler.read(child) for child in children(element, *HANDLERS)]


def select(handlers: list[Handler], event: str, counts: Counts) -> Handler | None:
    """The handler of an event (section 5.2.4): the first with the highest count that is not above the counter.

    ``handlers`` are those whose cond holds, innermost element first.
    """
    fit = [
        handler
        for handler in handlers
        if (name := handler.matched(event)) is not None and handler.count <= counts.of(name or event)
    ]
    return max(fit, key=lambda handler: handler.count, default=None)


def _is_prefix(name: str, event: str) -> bool:
    """Whether ``name`` is the event or its beginning, token by token; the lone dot that it was is any event's."""
    return not name or event == name or event.startswith(name + ".")
