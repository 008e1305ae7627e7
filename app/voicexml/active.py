"""Which grammars are active, in their order of precedence (VoiceXML 2.0 sections 3.1.3, 3.1.4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lxml import etree

from app.voicexml import grammars, properties
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element, children, name_of
from app.voicexml.events import Event
from app.voicexml.forms import choices_of
from app.voicexml.grammars import BadGrammar, Grammar, UnsupportedBuiltin, UnsupportedFormat, builtin
from app.voicexml.grammars.loading import SILENT_TYPES, TYPES
from app.voicexml.resources import resolve

UNIVERSALS = ("help", "cancel", "exit")


@dataclass(frozen=True, slots=True)
class Active:
    """A grammar and whose it is: a form item, form, link, choice or option; None for a universal command.

    ``event`` is what a universal command throws; ``value`` the value of an option; ``element`` the grammar element,
    if there is one.
    """

    grammar: Grammar
    owner: Element | None
    base: str = ""
    event: str = ""
    value: str | None = None
    element: Element | None = None

    @property
    def source(self) -> str:
        """Which grammar it is, for a person: its address, its line in the page, or what it was made from."""
        if self.element is not None:
            src = self.element.get("src")
            page = self.base.rpartition("/")[2]
            return resolve(self.base, src) if src else f"{page} line {self.element.sourceline}"
        if self.owner is None:
            return f"universal {self.event}"
        if name_of(self.owner) == "field" and self.value is None:
            return f"builtin {self.owner.get('type')}"
        return "its keys" if self.grammar.mode == "dtmf" else "its words"

    @property
    def whose(self) -> str:
        """Whose it is, for a person: the kind of element, and its name or line."""
        if self.owner is None:
            return "platform"
        name = self.owner.get("name") or self.owner.get("id")
        return f"{name_of(self.owner)} {name}" if name else f"{name_of(self.owner)} line {self.owner.sourceline}"


def grammars_for(conversation: Conversation, item: Element | None) -> list[Active]:
    """All that may be said here, innermost first. Raises Event error.badfetch and error.unsupported.format."""
    found = list(_of_item(conversation, item)) if item is not None else []
    if item is not None and properties.is_true(item.get("modal", str(name_of(item) == "record"))):
        return found
    frame = conversation.frame
    if frame.dialog is not None and item is not frame.dialog:
        found += _of_dialog(conversation, frame.dialog)
    for page in (frame.document, frame.root):
        if page is None:
            continue
        found += _links(conversation, page.root, page.base)
        for dialog in children(page.root, "form", "menu"):
            if dialog is not frame.dialog:
                found += _of_dialog(conversation, dialog, only_document_wide=True, base=page.base)
    return found + list(_universals(conversation))


def _of_item(conversation: Conversation, item: Element) -> Iterator[Active]:
    base = conversation.frame.document.base
    if name_of(item) == "menu":
        yield from _choices(conversation, item, base)
    for element in children(item, "grammar"):
        yield from_element(conversation, element, item, base)
    if name_of(item) == "field":
        if "type" in item.attrib:
            with _usable(item):
                made = [builtin(item.get("type", ""), mode) for mode in ("voice", "dtmf")]
            yield from (Active(grammar, item, base) for grammar in made)
        for option, (phrase, key) in zip(children(item, "option"), choices_of(item), strict=True):
            value = option.get("value", phrase or key)
            for grammar in _phrases(option, phrase, key, option.get("accept") or "exact"):
                yield Active(grammar, item, base, value=value)
    yield from _links(conversation, item, base)


def _of_dialog(
    conversation: Conversation, dialog: Element, *, only_document_wide: bool = False, base: str = ""
) -> Iterator[Active]:
    """The grammars of a form, or of a menu that is not the active dialog, and its links."""
    base = base or conversation.frame.document.base
    scope = dialog.get("scope", "dialog")
    if name_of(dialog) == "menu":
        if scope == "document":
            yield from _choices(conversation, dialog, base)
        return
    for element in children(dialog, "grammar"):
        if not only_document_wide or element.get("scope", scope) == "document":
            yield from_element(conversation, element, dialog, base)
    if not only_document_wide:
        yield from _links(conversation, dialog, base)


def _links(conversation: Conversation, element: Element, base: str) -> Iterator[Active]:
    for link in children(element, "link"):
        for grammar in children(link, "grammar"):
            yield from_element(conversation, grammar, link, base)
        if "dtmf" in link.attrib:
            yield from (Active(grammar, link, base) for grammar in _phrases(link, "", link.get("dtmf", "")))


def _choices(conversation: Conversation, menu: Element, base: str) -> Iterator[Active]:
    """Section 2.2.2: a choice's own grammar instead of its words; its key in any case."""
    for choice, (phrase, key) in zip(children(menu, "choice"), choices_of(menu), strict=True):
        own = children(choice, "grammar")
        for element in own:
            yield from_element(conversation, element, choice, base)
        accept = choice.get("accept") or menu.get("accept") or "exact"
        for grammar in _phrases(choice, "" if own else phrase, key, accept):
            yield Active(grammar, choice, base)


def _phrases(element: Element, phrase: str, key: str, accept: str = "exact") -> Iterator[Grammar]:
    try:
        if phrase:
            yield grammars.phrase_grammar(phrase, accept)
        if key:
            yield grammars.keys_grammar(key)
    except BadGrammar as wrong:
        raise Event("error.badfetch", str(wrong), element) from wrong


def _universals(conversation: Conversation) -> Iterator[Active]:
    """Section 3.1.2.3: commands that every platform knows, where the page asks for them."""
    wanted = conversation.property("universals").split()
    for name in UNIVERSALS:
        if name in wanted or "all" in wanted:
            yield Active(grammars.phrase_grammar(name), None, event=name)


@contextmanager
def _usable(element: Element) -> Iterator[None]:
    """Turn what is wrong with a grammar into the event of section 5.2.6 that says so."""
    try:
        yield
    except UnsupportedFormat as wrong:
        raise Event("error.unsupported.format", str(wrong), element) from wrong
    except UnsupportedBuiltin as wrong:
        raise Event("error.unsupported.builtin", str(wrong), element) from wrong
    except BadGrammar as wrong:
        outside = element.get("src") or element.get("srcexpr")
        raise Event("error.badfetch" if outside else "error.semantic", f"grammar: {wrong}", element) from wrong


def from_element(conversation: Conversation, element: Element, owner: Element, base: str) -> Active:
    """The grammar of a grammar element as ``owner`` has it. Raises Event as ``grammars_for`` does."""
    return Active(load(conversation, element, base), owner, base, element=element)


def load(conversation: Conversation, element: Element, base: str) -> Grammar:
    """The grammar of a grammar element; kept for the length of the call where it stands in the page itself."""
    kept = conversation.grammars.get(element)
    if kept is not None:
        return kept
    with conversation.running(element), _usable(element):
        conversation.limits.seconds_left()
        src = conversation.given(element, "src")
        grammar = _inline(conversation, element, base) if src is None else _external(conversation, element, src, base)
    if src is None:
        conversation.grammars[element] = grammar
    return grammar


def _inline(conversation: Conversation, element: Element, base: str) -> Grammar:
    return grammars.load(
        etree.tostring(element, encoding="unicode", with_tail=False),
        media_type=_known_type(element),
        base=base,
        mode=element.get("mode", "voice"),
        fetch=lambda url: conversation.resources.get(conversation.wanted(element, url, "grammar")).body,
    )


def _external(conversation: Conversation, element: Element, src: str, base: str) -> Grammar:
    if src.startswith("builtin:"):
        return builtin(src, element.get("mode", ""))
    wanted = conversation.wanted(element, resolve(base, src), "grammar")
    answer = conversation.resources.get(wanted)
    return grammars.load(
        answer.body,
        media_type=_known_type(element) or answer.media_type,
        base=answer.url,
        mode=element.get("mode", "voice"),
        rule=wanted.url.partition("#")[2],
        fetch=lambda url: conversation.resources.get(conversation.wanted(element, url, "grammar")).body,
    )


def _known_type(element: Element) -> str:
    """The type that a page gives a grammar (section 3.1.1.4). Raises UnsupportedFormat for one that nobody knows."""
    given = element.get("type", "").partition(";")[0].strip().lower()
    if given not in TYPES and given not in SILENT_TYPES:
        raise UnsupportedFormat(f"grammars of type {given[:80]} are not read")
    return given
