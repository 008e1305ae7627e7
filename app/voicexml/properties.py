"""Properties and the values of attributes: durations, booleans, the platform's defaults (VoiceXML 2.0 section 6.3)."""

import re

from app.voicexml.elements import Element, children
from app.voicexml.events import Event

DEFAULTS = {
    "bargein": "true",
    "bargeintype": "speech",
    "completetimeout": "500ms",
    "confidencelevel": "0.5",
    "fetchaudiodelay": "0s",
    "fetchaudiominimum": "1s",
    "fetchtimeout": "10s",
    "incompletetimeout": "1s",
    "inputmodes": "dtmf voice",
    "interdigittimeout": "3s",
    "maxnbest": "1",
    "maxspeechtimeout": "60s",
    "recordutterance": "false",
    "recordutterancetype": "audio/x-wav",
    "termchar": "#",
    "termtimeout": "0s",
    "timeout": "5s",
    "universals": "none",
}
LONGEST_SECONDS = 86_400.0

_DURATION = re.compile(r"\+?(\d{0,9}(?:\.\d{1,9})?)(ms|s)")


def of(element: Element) -> dict[str, str]:
    """The properties that an element sets; the last one of a name counts."""
    return {child.get("name", ""): child.get("value", "") for child in children(element, "property")}


def seconds(text: str, wrong: str = "error.badfetch") -> float:
    """A CSS2 time such as 5s or 300ms (section 6.5); a bare number is seconds, as old pages have it.

    Raises Event ``wrong``: an attribute makes the document a bad one, a property is error.semantic (section 6.3).
    """
    given = _DURATION.fullmatch(text.strip())
    if given and given[1] not in ("", "."):
        return min(float(given[1]) / (1000 if given[2] == "ms" else 1), LONGEST_SECONDS)
    if re.fullmatch(r"\d{1,5}(\.\d{1,3})?", text.strip()):
        return float(text)
    raise Event(wrong, f"{text!r} is not a time such as 5s or 300ms")


def is_true(text: str) -> bool:
    return text.strip().lower() == "true"
