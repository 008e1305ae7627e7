"""Which prompts are said: by count and cond, what of a page is one, how long to wait for input after them.

Source: VoiceXML 2.0 sections 4.1.2 and 4.1.5 to 4.1.8. What a prompt holds is speaking's business.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.voicexml import properties
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element, name_of, pieces, whole
from app.voicexml.hearing import HOTWORD
from app.voicexml.resources import resolve
from app.voicexml.speaking import Speech, add_fetched, speak
from app.voicexml.voice import Part

SPEECH = frozenset(
    (
        "audio",
        "enumerate",
        "value",
        "break",
        "emphasis",
        "mark",
        "p",
        "paragraph",
        "phoneme",
        "prosody",
        "s",
        "sentence",
        "say-as",
        "sub",
        "voice",
        "desc",
    )
)
"""Elements that are spoken, where executable content stands as well."""

_BASE = "{http://www.w3.org/XML/1998/namespace}base"

Prompt = Element | list[str | Element]
"""A prompt element, or text and what is spoken like it without one around it (section 4.1.2)."""


def choose(conversation: Conversation, item: Element, count: int) -> list[Prompt]:
    """The prompts of an item for its prompt counter (section 4.1.6): those of the highest count that is not above."""
    prompts = [each for each in _prompts(item) if _count(each) <= count and _holds(conversation, each)]
    highest = max(map(_count, prompts), default=0)
    return [each for each in prompts if _count(each) == highest]


def _prompts(item: Element) -> Iterator[Prompt]:
    """What an item says, in document order."""
    bare: list[str | Element] = []
    for piece in pieces(item):
        if isinstance(piece, str) or name_of(piece) in SPEECH:
            bare.append(piece)
            continue
        if bare:
            yield bare
            bare = []
        if name_of(piece) == "prompt":
            yield piece
    if bare:
        yield bare


def _holds(conversation: Conversation, prompt: Prompt) -> bool:
    return isinstance(prompt, list) or conversation.holds(prompt)


def queue_all(conversation: Conversation, prompts: Iterable[Prompt]) -> None:
    """Queue prompts that were chosen."""
    for prompt in prompts:
        if isinstance(prompt, list):
            queue_bare(conversation, prompt)
        else:
            queue_prompt(conversation, prompt)


def queue_bare(conversation: Conversation, content: Iterable[str | Element]) -> None:
    """Queue what is spoken without a prompt element around it."""
    _queue(conversation, content, {}, conversation.frame.document.base)


def queue_prompt(conversation: Conversation, prompt: Element) -> None:
    """Queue a prompt element; whoever asks for it has looked at its cond."""
    base = resolve(conversation.frame.document.base, prompt.get(_BASE, ""))
    with conversation.running(prompt):
        _queue(conversation, pieces(prompt), dict(prompt.attrib), base)


def _queue(
    conversation: Conversation, content: Iterable[str | Element], attributes: Mapping[Any, Any], base: str
) -> None:
    """Queue text and elements that are spoken, as the attributes of their prompt say (section 4.1)."""
    like = Part(
        bargein=properties.is_true(attributes.get("bargein") or conversation.property("bargein")),
        hotword=(attributes.get("bargeintype") or conversation.property("bargeintype")) == HOTWORD,
        timeout=attributes.get("timeout", ""),
    )
    speech = Speech(conversation.voice, like, base)
    speak(conversation, speech, content)
    speech.end_words()
    conversation.queue.extend(speech.parts)


def timeout(conversation: Conversation) -> float:
    """The seconds of silence after what is queued: the last prompt's, else the property (section 4.1.7)."""
    given = conversation.queue[-1].timeout if conversation.queue else ""
    return properties.seconds(given) if given else conversation.duration("timeout")


def queue_sound(conversation: Conversation, element: Element, src: str) -> None:
    """Queue a sound that is no prompt: what an element wants to be heard meanwhile."""
    speech = Speech(conversation.voice, Part(), conversation.frame.document.base)
    if add_fetched(conversation, speech, element, src):
        conversation.queue.extend(speech.parts)


def _count(prompt: Prompt) -> int:
    return 1 if isinstance(prompt, list) else whole(prompt.get("count", ""), 1)
