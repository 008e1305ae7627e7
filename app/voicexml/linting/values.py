"""Attributes and properties whose values have a form: times, switches, counts, choices (VoiceXML 2.0 section 6.3)."""

import re
from collections.abc import Iterator

from app.voicexml import properties
from app.voicexml.document import Document
from app.voicexml.elements import Element, name_of
from app.voicexml.events import Event
from app.voicexml.linting.findings import Finding, error, meant, warning

_SWITCH = ("true|false", "true or false")
_PART = (r"0?\.\d+|0(?:\.\d*)?|1(?:\.0*)?", "a number from 0.0 to 1.0")
_WHOLE = (r"\d{1,9}", "a whole number")
_COUNT = (r"[1-9]\d{0,8}", "a whole number from 1")
_TIMES = ("connecttimeout", "fetchtimeout", "finalsilence", "maxtime", "timeout")
"""Attributes that are times; the interpreter refuses one that is none."""
_METHOD = ("(?i:get|post)", "get or post")

_ATTRIBUTES = {
    "bargein": _SWITCH,
    "count": _COUNT,
    "maxage": _WHOLE,
    "maxstale": _WHOLE,
    "bargeintype": ("speech|hotword", "speech or hotword"),
    "fetchhint": ("prefetch|safe", "prefetch or safe"),
}
_PROPERTIES = {
    "bargein": _SWITCH,
    "bargeintype": _ATTRIBUTES["bargeintype"],
    "confidencelevel": _PART,
    "sensitivity": _PART,
    "speedvsaccuracy": _PART,
    "inputmodes": (r"(?:dtmf|voice|\s)*", "dtmf, voice or both"),
    "maxnbest": _COUNT,
    "termchar": (r"[0-9*#A-D]?", "one key, or empty for none"),
    "universals": (r"(?:none|all|help|cancel|exit|\s)*", "none, all, or some of help, cancel and exit"),
    **{
        f"{kind}{age}": _WHOLE
        for kind in ("audio", "data", "document", "grammar", "object", "script")
        for age in ("maxage", "maxstale")
    },
}
_PROPERTY_TIMES = frozenset(name for name, value in properties.DEFAULTS.items() if re.fullmatch(r"\d+m?s", value))
_KNOWN = frozenset((
    *_PROPERTIES, *_PROPERTY_TIMES, "fetchaudio", "audiofetchhint", "documentfetchhint",
    "grammarfetchhint", "objectfetchhint", "scriptfetchhint", "recordutterance", "recordutterancetype",
))  # fmt: skip


def of_attributes(page: Document, element: Element) -> Iterator[Finding]:
    """Attributes out of their form."""
    name = name_of(element)
    for attribute, value in element.attrib.items():
        attribute, value = str(attribute), str(value)
        if attribute in _TIMES and not _is_time(value):
            yield error(page, element, "attribute-value", f'{attribute}="{value}" is not a time: write one such as 5s')
        if attribute == "method" and not re.fullmatch(_METHOD[0], value):
            yield error(page, element, "attribute-value", _wrong(f"{attribute} of <{name}>", value, _METHOD[1]))
        form = _ATTRIBUTES.get(attribute)
        if form and not re.fullmatch(form[0], value.strip()):
            yield warning(page, element, "attribute-value", _wrong(f"{attribute} of <{name}>", value, form[1]))


def of_property(page: Document, element: Element) -> Iterator[Finding]:
    """A property out of its form, or one whose name is nearly that of a known one; others are a platform's own."""
    name, value = element.get("name", ""), element.get("value", "")
    form = _PROPERTIES.get(name)
    if name in _PROPERTY_TIMES and not _is_time(value):
        yield error(page, element, "property-value", f"{name} is {value!r}: write a time such as 5s or 300ms")
    elif form and not re.fullmatch(form[0], value.strip()):
        yield warning(page, element, "property-value", _wrong(f"property {name}", value, form[1]))
    elif name not in _KNOWN and meant(name, _KNOWN):
        yield warning(page, element, "unknown-property", f"nobody reads the property {name}{meant(name, _KNOWN)}")


def _wrong(what: str, value: str, form: str) -> str:
    return f"{what} is {value!r}: write {form}"


def _is_time(text: str) -> bool:
    try:
        properties.seconds(text)
    except Event:
        return False
    return True
