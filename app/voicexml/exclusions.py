"""What a page may not combine: attributes and contents that exclude each other, as the schema can't say it.

Source: the sentences "exactly one of … otherwise an error.badfetch event is thrown" of VoiceXML 2.0 and 2.1.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from app.voicexml.elements import CONTROL_ITEMS, ITEMS, Element, children, name_of, own_text

_CONTENT = "its content"
_EXACTLY_ONE = {
    "audio": ("src", "expr"),  # 4.1.3
    "choice": ("next", "expr", "event", "eventexpr"),  # 2.2.2
    "data": ("src", "srcexpr"),  # 2.1, 5
    "goto": ("next", "expr", "nextitem", "expritem"),  # 5.3.7
    "grammar": ("src", "srcexpr", _CONTENT),  # 3.1.1.4; 2.1, 2
    "link": ("next", "expr", "event", "eventexpr"),  # 2.5
    "meta": ("name", "http-equiv"),  # 6.2.1
    "param": ("expr", "value"),  # 6.4.1
    "script": ("src", "srcexpr", _CONTENT),  # 5.3.12; 2.1, 3
    "subdialog": ("src", "srcexpr"),  # 2.3.4
    "submit": ("next", "expr"),  # 5.3.8
    "throw": ("event", "eventexpr"),  # 5.2.1
    "transfer": ("dest", "destexpr"),  # 2.3.7
}
_AT_MOST_ONE = {
    "exit": (("expr", "namelist"),),  # 5.3.9
    "return": (("event", "eventexpr", "namelist"), ("message", "messageexpr")),  # 5.3.10
    "throw": (("message", "messageexpr"),),  # 5.2.1
    "choice": (("message", "messageexpr"),),
    "link": (("message", "messageexpr"),),
    "transfer": (("bridge", "type"), ("aai", "aaiexpr")),  # 2.3.7; 2.1, 7
    "mark": (("name", "nameexpr"),),  # 2.1, 4
}
_REQUIRED = {
    "assign": ("name", "expr"),
    "elseif": ("cond",),
    "foreach": ("array", "item"),
    "if": ("cond",),
    "meta": ("content",),
    "param": ("name",),
    "property": ("name", "value"),
    "value": ("expr",),
    "var": ("name",),
}
_VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "choice": {"accept": ("exact", "approximate")},
    "field": {"modal": ("true", "false")},
    "filled": {"mode": ("all", "any")},
    "form": {"scope": ("dialog", "document")},
    "grammar": {"mode": ("voice", "dtmf"), "scope": ("dialog", "document")},
    "menu": {"accept": ("exact", "approximate"), "dtmf": ("true", "false"), "scope": ("dialog", "document")},
    "option": {"accept": ("exact", "approximate")},
    "record": {"beep": ("true", "false"), "dtmfterm": ("true", "false"), "modal": ("true", "false")},
    "transfer": {"bridge": ("true", "false"), "type": ("blind", "bridge", "consultation")},
}
"""What the schema leaves to choose from."""
_RULED = frozenset((*_EXACTLY_ONE, *_AT_MOST_ONE, *_REQUIRED, *_VALUES, "vxml"))
_KEYS_BESIDE_DIGITS = ("*", "#", "0")


def broken(root: Element) -> Iterator[tuple[int, str]]:
    """Each rule that a page breaks: the line, and what is wrong with the element there."""
    for element in root.iter():
        name = name_of(element)
        if name not in _RULED:
            continue
        for rule in _rules(name, element):
            yield element.sourceline or 1, f"<{name}> {rule}"


def _rules(name: str, element: Element) -> Iterator[str]:
    if name in _EXACTLY_ONE:
        given = [one for one in _EXACTLY_ONE[name] if _has(element, one)]
        if len(given) != 1:
            yield f"needs exactly one of {', '.join(_EXACTLY_ONE[name])}; it has {' and '.join(given) or 'none'}"
    for group in _AT_MOST_ONE.get(name, ()):
        given = [one for one in group if _has(element, one)]
        if len(given) > 1:
            yield f"can't have both {' and '.join(given)}"
    for attribute in _REQUIRED.get(name, ()):
        if attribute not in element.attrib:
            yield f"needs the attribute {attribute}"
    for attribute, values in _VALUES.get(name, {}).items():
        if element.get(attribute, values[0]) not in values:
            yield f"has {attribute}={element.get(attribute)!r}; it is {' or '.join(values)}"
    if name in _OWN_RULES:
        yield from _OWN_RULES[name](element)


def _has(element: Element, what: str) -> bool:
    if what == _CONTENT:
        return bool(own_text(element).strip() or children(element))
    return what in element.attrib


def _dialogs(page: Element) -> Iterator[str]:
    """Section 1.5.1: the ids of a page's dialogs are unique."""
    for name in _twice(children(page, "form", "menu"), "id"):
        yield f"has two dialogs with the id {name}"


def _items(form: Element) -> Iterator[str]:
    """Section 2.1.2: the names of a form's items are unique."""
    for name in _twice(children(form, *ITEMS), "name"):
        yield f"has two items named {name}"


def _twice(elements: list[Element], attribute: str) -> list[str]:
    counted = Counter(each.get(attribute, "") for each in elements)
    return [name for name, count in counted.items() if name and count > 1]


def _grammar(grammar: Element) -> Iterator[str]:
    """Section 3.1.3: only the grammar of a form has a scope of its own."""
    parent = grammar.getparent()
    if "scope" in grammar.attrib and parent is not None and name_of(parent) != "form":
        yield f"can't have a scope inside {name_of(parent)}"


def _keys(menu: Element) -> Iterator[str]:
    """Section 2.2.1: with dtmf="true" a choice's own key can't be one of the digits given out."""
    if menu.get("dtmf") == "true":
        for choice in children(menu, "choice"):
            if choice.get("dtmf", "0") not in _KEYS_BESIDE_DIGITS:
                yield f'has dtmf="true", and a choice with the key {choice.get("dtmf")}'


def _filled(filled: Element) -> Iterator[str]:
    """Section 2.4: mode and namelist are for the filled of a form, and name its input items."""
    parent = filled.getparent()
    if parent is None:
        return
    if name_of(parent) == "form":
        inputs = {item.get("name") for item in children(parent, *ITEMS) if name_of(item) not in CONTROL_ITEMS}
        for name in filled.get("namelist", "").split():
            if name not in inputs:
                yield f"names {name}, which nobody fills"
    else:
        for attribute in ("mode", "namelist"):
            if attribute in filled.attrib:
                yield f"can't have {attribute} inside {name_of(parent)}"


_OWN_RULES: dict[str, Callable[[Element], Iterator[str]]] = {
    "filled": _filled,
    "form": _items,
    "grammar": _grammar,
    "menu": _keys,
    "vxml": _dialogs,
}
