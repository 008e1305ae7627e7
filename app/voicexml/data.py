"""The data element: XML fetched without leaving the dialog (VoiceXML 2.1 section 5), for whom its author allows."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from app.voicexml.conversation import Conversation
from app.voicexml.dom import NotXml
from app.voicexml.elements import Element
from app.voicexml.events import Event
from app.voicexml.fetchaudio import play_while_fetching
from app.voicexml.submitting import names_in, request_of

_PROLOG = re.compile(rb"(?:[^<]|<[?!])*")
"""All before the first element."""
_INSTRUCTION = re.compile(rb"<\?access-control\s([^>]*)\?>")
_RULE = re.compile(rb"""(allow|deny)\s*=\s*(["'])(.*?)\2""")


def fetch(conversation: Conversation, element: Element) -> None:
    """Fetch what the element names, and give its variable the document; without a name the answer is not looked at.

    Raises Event error.badfetch for what isn't there or is no XML, error.noauthorization for what the page's host may
    not read, ScriptError for a name that can't be a variable's.
    """
    src = conversation.given(element, "src") or ""
    wanted = request_of(conversation, element, src, names_in(element), "data")
    play_while_fetching(conversation, element, wanted)
    answer = conversation.resources.get(wanted)
    if "name" not in element.attrib:
        return
    host = urlsplit(conversation.frame.document.url).hostname or ""
    if not _may_read(host, answer.body):
        raise Event("error.noauthorization", f"{answer.url} is not for {host}", element)
    try:
        conversation.scopes.set_xml(element.get("name", ""), answer.body)
    except NotXml as wrong:
        raise Event("error.badfetch", f"{answer.url}: {wrong}", element) from wrong


def _may_read(host: str, body: bytes) -> bool:
    """What a document's access-control instruction says of a host (W3C Note of 13 June 2005); without one all may."""
    prolog = _PROLOG.match(body)
    instruction = _INSTRUCTION.search(prolog[0]) if prolog else None
    if instruction is None:
        return True
    rules = {name: value.decode("ascii", "replace").lower().split() for name, _, value in _RULE.findall(instruction[1])}
    return _is_among(host, rules.get(b"allow", ())) and not _is_among(host, rules.get(b"deny", ()))


def _is_among(host: str, names: Iterable[str]) -> bool:
    """Whether names mean a host: ``*`` is any, ``*.example.com`` any below it."""
    return any(name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])) for name in names)
