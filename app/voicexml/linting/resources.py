"""What documents refer to beside other documents and grammars: scripts, data and sounds that are there."""

from collections.abc import Iterator

from app.voicexml import dom
from app.voicexml.document import Document
from app.voicexml.elements import Element, name_of
from app.voicexml.events import Event
from app.voicexml.linting.application import Application, failed, sends
from app.voicexml.linting.findings import Finding, error, warning
from app.voicexml.linting.structure import words

Scripts = dict[Element, str]
"""The text of each external script that could be read, by its element."""


def check(application: Application, page: Document, scripts: Scripts) -> Iterator[Finding]:
    """Read what a document refers to; ``scripts`` gets the scripts."""
    for kind in ("script", "data", "audio"):  # sounds last: they are the ones that the limit may leave out
        for element in words(page.root):
            if name_of(element) == kind and "src" in element.attrib and not sends(element):
                yield from _read(application, page, element, scripts)


def _read(application: Application, page: Document, element: Element, scripts: Scripts) -> Iterator[Finding]:
    kind = name_of(element)
    conversation = application.reader.conversation(page, application.root_of(page), kind)
    try:
        answer = conversation.resources.get(conversation.wanted(element, element.get("src", "")))
        if kind == "script":
            scripts[element] = answer.text(element.get("charset", ""))
        elif kind == "data" and "name" in element.attrib:
            dom.read(answer.body)
    except dom.NotXml as wrong:
        yield error(page, element, "data-not-xml", f"<data>: {wrong}")
    except Event as event:
        for found in failed(page, element, event):
            yield found if kind != "audio" else warning(page, element, found.rule, _unheard(element, event))


def _unheard(audio: Element, event: Event) -> str:
    has_words = "".join(map(str, audio.itertext())).strip()
    return f"<audio>: {event.message}: {'its content' if has_words else 'nothing'} is heard instead"
