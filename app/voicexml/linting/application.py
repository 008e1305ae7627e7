"""The documents of an application, as far as they name each other: links, roots, and what could not be followed.

Submits are not sent, addresses that an expression makes are not known: both are kept as notes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.voicexml import document
from app.voicexml.document import BadDocument, Document
from app.voicexml.elements import Element, name_of
from app.voicexml.events import Event
from app.voicexml.linting.findings import Finding, error, line_of
from app.voicexml.linting.reading import Reader, Unread
from app.voicexml.linting.structure import words
from app.voicexml.resources import Answer, Resources, Wanted, resolve

LEADING = {"goto": "next", "choice": "next", "link": "next", "subdialog": "src"}
"""The elements that lead to a dialog, and by which attribute."""
_MADE = {"goto": ("expr", "expritem"), "choice": ("expr",), "link": ("expr",), "subdialog": ("srcexpr",)}


@dataclass(slots=True)
class Application:
    """What was read. ``pages`` has the documents by the address that they were asked for, without fragment."""

    start: str
    reader: Reader
    pages: dict[str, Document] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    sending: list[tuple[Document, Element]] = field(default_factory=list)
    made: list[tuple[Document, Element]] = field(default_factory=list)
    """Elements that send something; those whose address an expression makes."""

    @property
    def is_whole(self) -> bool:
        """Whether everything that it can get to was read."""
        return not (self.sending or self.made or self.reader.unread or any(f.rule in _UNREAD for f in self.findings))

    def root_of(self, page: Document) -> Document | None:
        """The application root document of a page, if it has one that was read."""
        return self.pages.get(page.application) if page.application else None

    def is_root(self, page: Document) -> bool:
        """Whether other documents name it as theirs: its handlers run in theirs."""
        return any(each is not page and self.root_of(each) is page for each in self.pages.values())

    def documents(self) -> list[Document]:
        """Each once, whatever it was asked for as."""
        return list({id(page): page for page in self.pages.values()}.values())


_UNREAD = ("fetch-failed", "not-well-formed", "not-vxml", "unreadable")


def read(start: str, reader: Reader) -> Application:
    """Read the document at an address and all that it leads to."""
    application = Application(start, reader)
    waiting: list[tuple[str, Document | None, Element | None]] = [(start, None, None)]
    seen: set[str] = set()
    while waiting:
        url, page, element = waiting.pop(0)
        bare = url.partition("#")[0]
        if not bare or bare in seen:
            continue
        seen.add(bare)
        try:
            answer = Resources(reader.fetching("document"), lambda: 0.0, lambda *_, **__: None).get(Wanted(bare))
        except Event as event:
            application.findings += (
                failed(page, element, event)
                if page is not None and element is not None
                else (Finding(bare, 1, "error", event.message, "fetch-failed"),)
            )
            continue
        found = _document(application, answer, answer.url or bare)
        if found is not None:
            application.pages[bare] = found
            waiting += [(address, found, each) for each, address in _followed(application, found)]
    return application


def failed(page: Document, element: Element, event: Event) -> Iterator[Finding]:
    """The finding about something that can't be fetched; none when it was not tried."""
    if not isinstance(event.__cause__, Unread):
        yield error(page, element, "fetch-failed", f"<{name_of(element)}>: {event.message}: check the address")


def leads(page: Document, element: Element, base: str) -> str | None:
    """Where an element leads to literally, as an absolute address; None for one that does not.

    Raises Event error.badfetch for an address that is none.
    """
    name = name_of(element)
    if name not in LEADING or LEADING[name] not in element.attrib or sends(element):
        return None
    given = element.get(LEADING[name], "")
    if given.startswith("#"):
        return f"{page.url.partition('#')[0]}{given}"
    return resolve(base, given)


def _document(application: Application, answer: Answer, url: str) -> Document | None:
    try:
        root = document.parse(answer.body, answer.charset)
    except BadDocument as wrong:
        rule = "not-well-formed" if wrong.line else "unreadable"
        application.findings.append(Finding(url, wrong.line or 1, "error", str(wrong), rule))
        return None
    if not document.is_vxml(root):
        sentence = f"<{name_of(root)}> is not VoiceXML: the root element is <vxml>"
        application.findings.append(Finding(url, line_of(root), "error", sentence, "not-vxml"))
        return None
    return Document(root, url)


def _followed(application: Application, page: Document) -> Iterator[tuple[Element, str]]:
    """What a document leads to, with where it says so; the rest is noted."""
    if page.application:
        yield page.root, page.application
    for element in words(page.root):
        name = name_of(element)
        if sends(element):
            application.sending.append((page, element))
        elif any(attribute in element.attrib for attribute in _MADE.get(name, ())):
            application.made.append((page, element))
        try:
            address = leads(page, element, page.base)
        except Event as event:
            application.findings.append(error(page, element, "fetch-failed", event.message))
            continue
        if address is not None and address.partition("#")[0] != page.url.partition("#")[0]:
            yield element, address


def sends(element: Element) -> bool:
    """Whether what it asks for is an order to the server, which nobody has given."""
    name = name_of(element)
    return name == "submit" or (name in ("subdialog", "data") and bool({"namelist", "method"} & set(element.attrib)))
