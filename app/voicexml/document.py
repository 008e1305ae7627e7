"""Reading a VoiceXML document: hardened parsing, leniency for old pages, the check that it is VoiceXML, its dialogs.

Source: VoiceXML 2.0 section 1.5 (documents); a missing namespace is accepted because pages of old applications
have none.
"""

import codecs
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from app.voicexml import exclusions
from app.voicexml.elements import Element, children, name_of
from app.voicexml.resources import resolve

NAMESPACE = "http://www.w3.org/2001/vxml"
VERSIONS = ("2.0", "2.1")
MOST_BYTES = 262_144
"""More than any page that people are spoken to from, and what it is parsed into still fits a line's share of memory."""
MOST_SHARED = 128
MOST_SHARED_BYTES = 16_384
"""How many pages are kept for the calls that come, and of what length: some 20 MB of memory if all are that long."""

_ENTITY = re.compile("<!ENTITY", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    ("<?".encode("utf-16-le"), "utf-16-le"),
    ("<?".encode("utf-16-be"), "utf-16-be"),
)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Supersets of ASCII without shift states: those that pages of the telephone world come in.
_ENCODING = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-?[0-9]{1,2}|latin-?1|windows-125[0-9]|cp125[0-9]|koi8-[ru]|shift_jis|euc-(?:jp|kr)|"
    r"gb2312|gbk|gb18030|big5"
)


class BadDocument(ValueError):
    """A page that is not VoiceXML; the message says what it is, for the author of the page.

    ``line`` is where it stops being XML, 0 for whatever else is wrong.
    """

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """A VoiceXML page. ``root`` is its vxml element, ``url`` where it came from."""

    root: Element
    url: str = ""

    @property
    def base(self) -> str:
        """What its relative addresses are relative to (section 1.5.1, xml:base)."""
        return resolve(self.url, self.root.get("{http://www.w3.org/XML/1998/namespace}base", ""))

    @property
    def application(self) -> str:
        """The address of its application root document without fragment; empty when it has none (section 1.5.2)."""
        named = self.root.get("application")
        return resolve(self.base, named).partition("#")[0] if named else ""

    def dialog(self, identifier: str = "") -> Element | None:
        """The form or menu of that id, the first one without an id; None when there is none."""
        for each in children(self.root, "form", "menu"):
            if not identifier or each.get("id") == identifier:
                return each
        return None

    def spoken_text(self) -> str:
        """The words of its prompts, in document order."""
        return " ".join(_words(self.root))


NONE = Document(etree.Element("vxml"))
"""What is active before the first page."""


def load(page: bytes, url: str = "", charset: str = "") -> Document:
    """Parse a page that came from ``url``. Raises BadDocument. Nothing is fetched and no entity is expanded.

    ``charset`` is the encoding of a page that names none itself.

    Calls share what the same bytes from the same address were parsed into: nobody changes a page.
    """
    return (_shared if len(page) <= MOST_SHARED_BYTES else _load)(page, url, charset)


def _load(page: bytes, url: str, charset: str) -> Document:
    root = parse(page, charset)
    if not is_vxml(root):
        space = etree.QName(root).namespace
        of_space = f" of the namespace {space}; VoiceXML's is {NAMESPACE}" if name_of(root) == "vxml" else ""
        raise BadDocument(f"the page is not VoiceXML: its root element is {name_of(root)}{of_space}")
    if root.get("version") not in VERSIONS:
        raise BadDocument("the page's vxml element has no version 2.0 or 2.1")
    for line, rule in exclusions.broken(root):
        raise BadDocument(f"line {line}: {rule}")
    return Document(root, url)


_shared = functools.lru_cache(maxsize=MOST_SHARED)(_load)


def parse(page: bytes, charset: str = "") -> Element:
    """The root element of a page, whatever it is. Raises BadDocument."""
    text = _text(page, charset)
    if _ENTITY.search(text):
        raise BadDocument("the page declares entities: write out what they stand for")
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError as wrong:
        raise BadDocument(f"the page is not well-formed XML: {wrong.msg}", wrong.lineno or 1) from wrong
    except ValueError as wrong:
        raise BadDocument(f"the page can't be read: {wrong}") from wrong


def is_vxml(root: Element) -> bool:
    """Whether this is VoiceXML's root element."""
    return name_of(root) == "vxml" and etree.QName(root).namespace in (None, NAMESPACE)


def _text(page: bytes, charset: str) -> str:
    """The characters of a page, by its byte order mark, its XML declaration, its server, else UTF-8 (XML appendix F).

    We decode it and not the parser: what is looked for above then can't hide behind an encoding.
    """
    if not page.strip():
        raise BadDocument("the page is empty")
    if len(page) > MOST_BYTES:
        raise BadDocument(f"the page has {len(page)} bytes; {MOST_BYTES} are read")
    encoding = next((name for mark, name in _MARKS if page.startswith(mark)), "")
    if not encoding:
        declared = _DECLARED.match(page)
        encoding = (declared[1].decode("ascii") if declared else charset or "utf-8").lower()
        if not _ENCODING.fullmatch(encoding):
            raise BadDocument(f"the page's encoding {encoding} is not read: send UTF-8")
    try:
        text = page.decode(encoding)
    except (LookupError, UnicodeError):
        raise BadDocument(f"the page is not in {encoding}; one that names no encoding must be in UTF-8") from None
    if "\0" in text:
        raise BadDocument("the page has a NUL in it")
    return text


def _words(element: Element) -> Iterator[str]:
    """The texts of the outermost blocks and prompts below an element."""
    for child in element:
        if name_of(child) in ("block", "prompt"):
            yield from (str(text) for text in child.itertext())
        else:
            yield from _words(child)
