"""What a caller may say: grammars that load, fields and menus that listen to something, keys that a telephone has."""

from collections.abc import Iterator

from app.voicexml import active, grammars
from app.voicexml.document import Document
from app.voicexml.elements import Element, children, name_of, own_text
from app.voicexml.events import Event
from app.voicexml.grammars import BadGrammar
from app.voicexml.linting.application import Application, failed
from app.voicexml.linting.findings import Finding, error, warning
from app.voicexml.linting.structure import words
from app.voicexml.properties import is_true


def check(application: Application, page: Document) -> Iterator[Finding]:
    """All findings about what one document listens to."""
    for element in words(page.root):
        name = name_of(element)
        if name == "grammar":
            yield from _grammar(application, page, element)
        elif name in ("field", "initial"):
            yield from _asking(application, page, element)
        elif name == "menu" and not children(element, "choice"):
            yield error(page, element, "menu-without-choices", "the menu offers nothing: write a <choice> into it")
        if name in ("choice", "option", "link"):
            yield from _choice(page, element)


def _grammar(application: Application, page: Document, element: Element) -> Iterator[Finding]:
    """A grammar that the interpreter would refuse; one whose address an expression makes is nobody's to judge."""
    external = "src" in element.attrib
    if "srcexpr" in element.attrib or external == bool(own_text(element).strip() or children(element)):
        return
    conversation = application.reader.conversation(page, application.root_of(page), "grammar")
    try:
        active.load(conversation, element, page.base)
    except Event as event:
        wrong = event.__cause__
        if isinstance(wrong, BadGrammar):
            where = f" of {element.get('src')}" if external else ""
            yield error(page, element, "bad-grammar", f"the grammar{where} does not load: {wrong}")
        else:
            yield from failed(page, element, event)


def _asking(application: Application, page: Document, item: Element) -> Iterator[Finding]:
    """A field or initial that nothing fills: section 3.1 wants a grammar to be active."""
    name = f"<{name_of(item)}> {item.get('name', '')}".strip()
    if "type" in item.attrib and name_of(item) == "field":
        yield from _builtin(page, item)
    form = item.getparent()
    own = children(item, "grammar", "option") or "type" in item.attrib
    if own or form is None or "expr" in item.attrib or _is_assigned(page, item):
        return
    modal = is_true(item.get("modal", ""))
    if children(form, "grammar") and not modal:
        return
    advice = 'write a <grammar>, an <option> or a type such as type="digits"'
    if not children(item, "link") and (modal or not _hears_others(application, page, form)):
        yield error(page, item, "no-grammar", f"nothing can be said in {name}: {advice}")
    elif name_of(item) == "field":
        yield warning(page, item, "no-grammar", f"nothing that is said can fill {name}: {advice}")


def _hears_others(application: Application, page: Document, form: Element) -> bool:
    """Whether something else listens while the form does: links, other dialogs, universal commands."""
    for each in (page, application.root_of(page)):
        if each is not None and (
            children(each.root, "link")
            or any(one.get("scope") == "document" for one in each.root.iter("{*}menu", "{*}form", "{*}grammar"))
            or any(one.get("name") == "universals" for one in each.root.iter("{*}property"))
        ):
            return True
    return bool(children(form, "link"))


def _is_assigned(page: Document, item: Element) -> bool:
    """Whether something else may fill it: an assign, or a script, which is not understood."""
    assigned = (each for each in page.root.iter("{*}assign") if each.get("name") == item.get("name"))
    return bool([*assigned, *page.root.iter("{*}script")])


def _builtin(page: Document, field: Element) -> Iterator[Finding]:
    for mode in ("voice", "dtmf"):
        try:
            grammars.builtin(field.get("type", ""), mode)
        except BadGrammar as wrong:
            yield error(page, field, "unknown-type", f"{wrong}: write a type of appendix P, or a <grammar>")
            return


def _choice(page: Document, element: Element) -> Iterator[Finding]:
    """The key of a choice, option or link; whether there is a way to choose it."""
    key = "".join(element.get("dtmf", "").split())
    name = name_of(element)
    try:
        grammars.keys_grammar(key)
    except BadGrammar as wrong:
        yield error(page, element, "not-a-key", f"dtmf of <{name}>: {wrong}")
    holder = element.getparent()
    numbered = holder is not None and is_true(holder.get("dtmf", ""))
    said = "".join(str(text) for text in element.itertext()).strip()
    if not key and not children(element, "grammar") and (name == "link" or not (said or numbered)):
        sentence = f"nothing that is said or pressed means this <{name}>: give it a grammar or dtmf"
        yield warning(page, element, "never-chosen", sentence)
