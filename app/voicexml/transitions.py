"""Finding what a transition leads to: the document is fetched where the page asks for it, so errors stay there.

Source: VoiceXML 2.0 sections 1.5.2 (application roots), 5.3.7 (goto), 5.3.8 (submit).
"""

from app.voicexml import document
from app.voicexml.conversation import Conversation, Frame
from app.voicexml.document import BadDocument, Document
from app.voicexml.elements import ITEMS, Element, children
from app.voicexml.events import Event
from app.voicexml.fetchaudio import play_while_fetching
from app.voicexml.leaving import Target
from app.voicexml.resources import Answer, Request, Wanted, resolve


def find(
    conversation: Conversation,
    element: Element,
    url: str,
    *,
    base: str | None = None,
    submitted: Wanted | None = None,
    apart: bool = False,
) -> Target:
    """The dialog at an address. ``base`` is what it is relative to, ``submitted`` a request that was made up already.

    ``apart`` asks for a context of its own. A fragment alone means the active document as it is. Raises Event
    error.badfetch for what isn't there.
    """
    frame = conversation.frame
    bare, _, fragment = url.partition("#")
    if not bare and submitted is None and base in (None, frame.document.base):
        dialog = _dialog(frame.document, fragment)
        return Target(frame.document, frame.root, dialog, frame.application, fresh=apart, fresh_root=apart)
    wanted = submitted or conversation.wanted(element, resolve(base or frame.document.base, url))
    play_while_fetching(conversation, element, wanted)
    page = _fetched(conversation, wanted)
    return _placed(conversation, element, page, fragment, reset=submitted is not None, apart=apart)


def begin(conversation: Conversation, request: Request) -> None:
    """Fetch the document that the call starts with and put it into the frame. Raises Event error.badfetch."""
    answer = conversation.resources.ask(request)
    conversation.frame = Frame(_read(answer, request.url))


def first(conversation: Conversation) -> Target:
    """The dialog that the call starts with, in the document that the frame has already."""
    page = conversation.frame.document
    return _placed(conversation, page.root, page, page.url.partition("#")[2], apart=True)


def has_item(form: Element, name: str) -> bool:
    """Whether a form has an item of that name (goto's nextitem)."""
    return any(child.get("name") == name for child in children(form, *ITEMS))


def _placed(
    conversation: Conversation,
    element: Element,
    page: Document,
    fragment: str,
    *,
    reset: bool = False,
    apart: bool = False,
) -> Target:
    """A document with its root: the active one if it stays, else fetched.

    Section 1.5.2: a root stays between the documents that name it, and when one of them goes to it; after a submit to
    the root itself (``reset``) it starts anew.
    """
    frame = conversation.frame
    dialog = _dialog(page, fragment)
    own = page.url.partition("#")[0]
    application = page.application or own
    stays = application == frame.application and not apart
    if application == own:
        return Target(page, None, dialog, own, fresh_root=not stays or reset or frame.root is None)
    if stays:
        return Target(page, frame.root or frame.document, dialog, application)
    root = _fetched(conversation, conversation.wanted(element, application))
    if root.application:
        raise Event("error.semantic", f"{application} is a root document and names one itself", element)
    return Target(page, root, dialog, application, fresh_root=True)


def _dialog(page: Document, fragment: str) -> Element:
    dialog = page.dialog(fragment)
    if dialog is None:
        named = f"#{fragment}" if fragment else ""
        raise Event("error.badfetch", f"{page.url}{named}: there is no {'such ' if named else ''}dialog")
    return dialog


def _fetched(conversation: Conversation, wanted: Wanted) -> Document:
    answer = conversation.resources.get(wanted)
    conversation.keep_up()
    return _read(answer, wanted.url)


def _read(answer: Answer, url: str) -> Document:
    try:
        return document.load(answer.body, answer.url or url, answer.charset)
    except BadDocument as wrong:
        raise Event("error.badfetch", f"{url}: {wrong}") from wrong
