"""Reading a VoiceXML document: hardened parsing, leniency for old pages, and the one check that it is VoiceXML.

Source: VoiceXML 2.0 section 1.5 (documents); a missing namespace is accepted because pages of old applications
have none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

NAMESPACE = "http://www.w3.org/2001/vxml"
VERSIONS = ("2.0", "2.1")


class BadDocument(ValueError):
    """A page that is not VoiceXML; the message says what it is, for the author of the page."""


@dataclass(frozen=True, slots=True)
class Document:
    """A VoiceXML page. ``root`` is its vxml element."""

    root: etree._Element

    def spoken_text(self) -> str:
        """The words of its prompts, in document order."""
        return " ".join(_words(self.root))


def load(page: bytes) -> Document:
    """Parse a page. Raises BadDocument. Nothing is fetched and no entity is expanded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(page, parser)
    except etree.XMLSyntaxError as wrong:
        raise BadDocument(f"the page is not well-formed XML: {wrong.msg}") from wrong
    except ValueError as wrong:
        raise BadDocument(f"the page can't be read: {wrong}") from wrong
    if _name(root) != "vxml" or etree.QName(root).namespace not in (None, NAMESPACE):
        raise BadDocument(f"the page is not VoiceXML: its root element is {_name(root)}")
    if root.get("version") not in VERSIONS:
        raise BadDocument("the page's vxml element has no version 2.0 or 2.1")
    return Document(root)


def _words(element: etree._Element) -> Iterator[str]:
    """The texts of the outermost blocks and prompts below an element."""
    for child in element:
        if _name(child) in ("block", "prompt"):
            yield from (str(text) for text in child.itertext())
        else:
            yield from _words(child)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
