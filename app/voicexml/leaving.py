"""The ways out of a dialog, raised by executable content and caught where they lead (VoiceXML 2.0 section 5.3)."""

from dataclasses import dataclass
from typing import Any

from app.voicexml.document import Document
from app.voicexml.elements import Element


@dataclass(frozen=True, slots=True)
class Target:
    """Where a transition leads: ``application`` is the address of the root document, or of the document without one.

    ``fresh`` says that the document starts anew, ``fresh_root`` that all of the application does; ``item`` is the form
    item to begin with.
    """

    document: Document
    root: Document | None
    dialog: Element
    application: str
    fresh: bool = True
    fresh_root: bool = False
    item: str = ""


class Leave(Exception):
    """Executable content is over."""


class GoTo(Leave):
    """To another dialog, here or in another document."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.target = target


class GoToItem(Leave):
    """To another item of the same form; ``prompts`` is False out of a handler that didn't reprompt."""

    def __init__(self, item: str) -> None:
        super().__init__(item)
        self.item = item
        self.prompts = True


class Exit(Leave):
    """The application is over; ``value`` is what it hands back, as JSON has it."""

    def __init__(self, value: Any = None) -> None:
        super().__init__(value)
        self.value = value


class Return(Leave):
    """Out of a subdialog: ``held`` is the handle of an object with its variables; or with an event for the caller."""

    def __init__(self, held: int = 0, event: str = "", message: str = "") -> None:
        super().__init__(held, event)
        self.held = held
        self.event = event
        self.message = message
