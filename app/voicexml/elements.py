"""The elements of a page: their names without namespaces, their element children, the text in them."""

import functools
import re
from collections.abc import Iterator

from lxml import etree

Element = etree._Element

_WHOLE = re.compile("[0-9]{1,9}")

ITEMS = ("field", "block", "initial", "subdialog", "record", "transfer", "object")
"""The form items (VoiceXML 2.0 section 2.3)."""
CONTROL_ITEMS = ("block", "initial")
"""Those of them that are no input items."""


def name_of(element: Element) -> str:
    """The local name; empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Element, *names: str) -> list[Element]:
    """The element children, in document order; only those of these names when any are given."""
    return list(element.iterchildren(*_tags(names)))


@functools.cache
def _tags(names: tuple[str, ...]) -> tuple[str, ...]:
    """How lxml is asked for elements of these names in whatever namespace."""
    return tuple(f"{{*}}{name}" for name in names) or ("*",)


def pieces(element: Element, *, blank: bool = False) -> Iterator[str | Element]:
    """Text and element children in document order; comments vanish, and ``blank`` text where it is not asked for."""
    text = element.text or ""
    for child in element:
        if name_of(child):
            if blank or text.strip():
                yield text
            yield child
            text = ""
        text += child.tail or ""
    if blank or text.strip():
        yield text


def own_text(element: Element) -> str:
    """The character data directly in an element."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def whole(text: str, otherwise: int) -> int:
    """A whole number as attributes have it."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else otherwise


_BEFORE_STOP = re.compile(r" (?=[.,;:!?](?: |$))")


def words_of(text: str) -> str:
    """Text with its white space folded, and none before a full stop or comma: values have some around them."""
    return _BEFORE_STOP.sub("", " ".join(text.split()))
