"""What a submit, a subdialog or a data element sends: variables as text, recordings as files (section 5.3.8)."""

from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import Element
from app.voicexml.events import Event
from app.voicexml.recording import length
from app.voicexml.resources import MOST_BYTES, Field, Wanted, resolve

MULTIPART = "multipart/form-data"


def names_in(element: Element) -> list[str]:
    """The variables that a namelist names."""
    return element.get("namelist", "").split()


def fields_of(conversation: Conversation, names: list[str]) -> tuple[Field, ...]:
    """A field per variable; a property may be named with its dots. Raises ScriptError for one that was not declared."""
    fields: list[Field] = []
    total = 0
    for name in names:
        fields.append((name, _value(conversation, name)))
        total += len(name) + len(fields[-1][1])
        if total > MOST_BYTES:
            raise Event("error.badfetch", f"what is sent has more than {MOST_BYTES} bytes")
    return tuple(fields)


def request_of(
    conversation: Conversation, element: Element, url: str, names: list[str], kind: str = "document"
) -> Wanted:
    """The request of an element with next or src, method, enctype and namelist."""
    method = element.get("method", "get").upper()
    if method not in ("GET", "POST"):
        raise Event("error.badfetch", f"the method {method} is neither get nor post", element)
    return conversation.wanted(
        element,
        resolve(conversation.frame.document.base, url),
        kind,
        method=method,
        fields=fields_of(conversation, names),
        multipart=element.get("enctype") == MULTIPART,
    )


def _value(conversation: Conversation, name: str) -> str | bytes:
    value = conversation.scopes.get(name)
    if length(value) is not None:
        return conversation.recordings.sound(value)
    return "" if value is UNDEFINED else conversation.scopes.text(name)
