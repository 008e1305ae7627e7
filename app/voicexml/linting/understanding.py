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
    others, scripted = _hears_others(application, page), next(page.root.iter("{*}script"), None) is not None
    assigned = {each.get("name") for each in page.root.iter("{*}assign")}
    for element in words(page.root):
        name = name_of(element)
        if name == "grammar":
            yield from _grammar(application, page, element)
        elif name in ("field", "initial"):
            yield from _builtin(page, element)
            if not scripted and element.get("name") not in assigned:  # else something else may fill it
                yield from _unfilled(page, element, others)
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


def _unfilled(page: Document, item: Element, others: bool) -> Iterator[Finding]:
    """A field or initial that nothing fills (section 3.1). ``others``: something else of the page listens."""
    name = f"<{name_of(item)}> {item.get('name', '')}".strip()
    form, modal = item.getparent(), is_true(item.get("modal", ""))
    if children(item, "grammar", "option") or {"type", "expr"} & set(item.attrib) or form is None:
        return
    if form.find("{*}grammar") is not None and not modal:
        return
    advice = 'write a <grammar>, an <option> or a type such as type="digits"'
    if not children(item, "link") and (modal or not (others or form.find("{*}link") is not None)):
        yield error(page, item, "no-grammar", f"nothing can be said in {name}: {advice}")
    elif name_of(item) == "field":
        yield warning(page, item, "no-grammar", f"nothing that is said can fill {name}: {advice}")


def _hears_others(application: Application, page: Document) -> bool:
    """Whether something listens while any form of the page does: links, other dialogs, universal commands."""
    for each in (page, application.root_of(page)):
        if each is not None and (
            children(each.root, "link")
            or any(one.get("scope") == "document" for one in each.root.iter("{*}menu", "{*}form", "{*}grammar"))
            or any(one.get("name") == "universals" for one in each.root.iter("{*}property"))
        ):
            return True
    return False


def _builtin(page: Document, field: Element) -> Iterator[Finding]:
    """A type that there is no grammar for (appendix P)."""
    for mode in ("voice", "dtmf") if "type" in field.attrib else ():
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
