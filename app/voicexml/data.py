"""The data element: XML fetched without leaving the dialog (VoiceXML 2.1 section 5)."""

from app.voicexml.conversation import Conversation
from app.voicexml.dom import NotXml
from app.voicexml.elements import Element
from app.voicexml.events import Event
from app.voicexml.fetchaudio import play_while_fetching
from app.voicexml.submitting import names_in, request_of


def fetch(conversation: Conversation, element: Element) -> None:
    """Fetch what the element names, and give its variable the document; without a name the answer is not looked at.

    Raises Event error.badfetch for what isn't there or is no XML, ScriptError for a name that can't be a variable's.
    """
    src = conversation.given(element, "src") or ""
    wanted = request_of(conversation, element, src, names_in(element), "data")
    play_while_fetching(conversation, element, wanted)
    answer = conversation.resources.get(wanted)
    if "name" not in element.attrib:
        return
    try:
        conversation.scopes.set_xml(element.get("name", ""), answer.body)
    except NotXml as wrong:
        raise Event("error.badfetch", f"{answer.url}: {wrong}", element) from wrong
