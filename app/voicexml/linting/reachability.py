"""Which dialogs something leads to, and what leads to a dialog or item that isn't there.

Source: VoiceXML 2.0 sections 1.5.1 and 5.3.7.
"""

from collections.abc import Iterator

from app.voicexml import transitions
from app.voicexml.document import Document
from app.voicexml.elements import ITEMS, Element, children, name_of
from app.voicexml.events import HANDLERS, Event
from app.voicexml.linting.application import Application, leads
from app.voicexml.linting.findings import Finding, Severity, error, line_of, meant
from app.voicexml.linting.structure import words

_Dialog = tuple[Document, Element]


def check(application: Application) -> Iterator[Finding]:
    """Dialogs and items that are missing, dialogs that nothing leads to."""
    for page in application.documents():
        for element in words(page.root):
            yield from _target(application, page, element)
            if name_of(element) == "goto" and "nextitem" in element.attrib:
                yield from _item(application, page, element)
    yield from _unreached(application)


def _target(application: Application, page: Document, element: Element) -> Iterator[Finding]:
    if application.is_root(page) and _is_handler_of(page, element):
        return  # it means a dialog of whichever document is active
    try:
        address = leads(page, element, page.base)
    except Event:
        return
    target = _page_at(application, page, address) if address is not None else None
    if address is None or target is None:
        return
    fragment = address.partition("#")[2]
    if target.dialog(fragment) is not None:
        return
    if not fragment:
        yield error(page, element, "no-such-dialog", f"<{name_of(element)}> leads to {address}, which has no dialog")
        return
    ids = [each.get("id", "") for each in children(target.root, "form", "menu")]
    hint = meant(fragment, ids) or f": its dialogs are {', '.join(filter(None, ids)) or 'without id'}"
    where = "this document" if target is page else target.url
    sentence = f"<{name_of(element)}> leads to {fragment}, which isn't in {where}{hint}"
    yield error(page, element, "no-such-dialog", sentence)


def _page_at(application: Application, page: Document, address: str) -> Document | None:
    bare = address.partition("#")[0]
    return page if bare == page.url.partition("#")[0] else application.pages.get(bare)


def _is_handler_of(page: Document, element: Element) -> bool:
    """Whether it stands in a handler of the document itself, outside of its dialogs."""
    outermost = element
    while (parent := outermost.getparent()) is not None and parent is not page.root:
        outermost = parent
    return name_of(outermost) in HANDLERS


def _item(application: Application, page: Document, goto: Element) -> Iterator[Finding]:
    wanted = goto.get("nextitem", "")
    dialog = next(goto.iterancestors("{*}form", "{*}menu"), None)
    forms = [dialog] if dialog is not None else children(page.root, "form")
    if any(transitions.has_item(form, wanted) for form in forms) or (dialog is None and application.is_root(page)):
        return
    names = [item.get("name", "") for form in forms for item in children(form, *ITEMS)]
    hint = meant(wanted, names) or ": nextitem names an item of the same form"
    yield error(page, goto, "no-such-item", f"there is no item {wanted} to go to{hint}")


def _unreached(application: Application) -> Iterator[Finding]:
    """Section 1.5.1: only a document's first dialog is run by itself."""
    reached = _reached(application)
    severity: Severity = "warning" if application.is_whole else "note"
    why = "" if application.is_whole else " of what was read"
    for page in application.documents():
        first, *others = children(page.root, "form", "menu") or [page.root]
        for dialog in others if first in reached else ():  # else others may use what nobody here begins with
            if dialog not in reached:
                named = f"<{name_of(dialog)}> {dialog.get('id')}" if "id" in dialog.attrib else "this dialog without id"
                sentence = f"nothing{why} leads to {named}: go to it from somewhere or leave it out"
                yield Finding(page.url, line_of(dialog), severity, sentence, "unreachable-dialog")


def _reached(application: Application) -> set[Element]:
    start = application.pages.get(application.start.partition("#")[0])
    first = start.dialog(application.start.partition("#")[2]) if start is not None else None
    waiting: list[_Dialog] = [(start, first)] if start is not None and first is not None else []
    reached: set[Element] = set()
    while waiting:
        page, dialog = waiting.pop()
        if dialog not in reached:
            reached.add(dialog)
            waiting += _onward(application, page, dialog)
    return reached


def _onward(application: Application, page: Document, dialog: Element) -> Iterator[_Dialog]:
    """The dialogs that a dialog can be followed by: what it names, and what its document and root do everywhere."""
    root = application.root_of(page)
    for holder in (page, root):
        if holder is None:
            continue
        outside = [each for each in children(holder.root) if name_of(each) in ("link", *HANDLERS)]
        for part in ([dialog] if holder is page else []) + outside:
            seen_from = page if name_of(part) in HANDLERS else holder
            for element in words(part):
                yield from _named(application, seen_from, element)
        for other in children(holder.root, "form", "menu"):
            if other.get("scope") == "document" or any(
                each.get("scope") == "document" for each in children(other, "grammar")
            ):
                yield holder, other


def _named(application: Application, page: Document, element: Element) -> Iterator[_Dialog]:
    try:
        address = leads(page, element, page.base)
    except Event:
        return
    target = _page_at(application, page, address) if address is not None else None
    found = target.dialog(address.partition("#")[2]) if target is not None and address is not None else None
    if target is not None and found is not None:
        yield target, found
