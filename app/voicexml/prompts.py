"""What is said: choosing prompts by count and cond, values, sounds with their fallback, lists of choices, SSML as text.

Source: VoiceXML 2.0 section 4.1; a speech synthesiser is not part of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.voicexml import properties, recording
from app.voicexml.conversation import MOST_ITEMS, Conversation, Part
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import Element, children, name_of, pieces, whole, words_of
from app.voicexml.events import Event
from app.voicexml.hearing import HOTWORD
from app.voicexml.resources import Answer, resolve

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

_UNSPOKEN = frozenset(("desc", "lexicon", "meta", "metadata", "grammar"))
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_BYTES_PER_SECOND = 8000


@dataclass(slots=True)
class _Speech:
    """A prompt in the making: parts that are finished, and the words since; ``pause`` is the silence between those.

    ``like`` is what its parts have in common, ``base`` what addresses in it are relative to.
    """

    speaks: Callable[[str], float]
    like: Part
    base: str
    parts: list[Part] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    pause: float = 0.0
    marks: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the words since the last part take."""
        return self.speaks("".join(self.words)) + self.pause

    def end_words(self) -> None:
        text = words_of("".join(self.words))
        if text or self.marks or self.pause:
            self.parts.append(replace(self.like, text=text, seconds=self.seconds, marks=tuple(self.marks)))
        self.words, self.pause, self.marks = [], 0.0, []

    def add_sound(self, src: str, seconds: float | None) -> None:
        """A sound after the words; None seconds: it can't be played."""
        self.end_words()
        self.parts.append(replace(self.like, src=src, played=seconds is not None, seconds=seconds or 0.0))


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
    speech = _Speech(conversation.speaks, like, base)
    _speak(conversation, speech, content)
    speech.end_words()
    conversation.queue.extend(speech.parts)


def timeout(conversation: Conversation) -> float:
    """The seconds of silence after what is queued: the last prompt's, else the property (section 4.1.7)."""
    given = conversation.queue[-1].timeout if conversation.queue else ""
    return properties.seconds(given) if given else conversation.duration("timeout")


def _speak(conversation: Conversation, speech: _Speech, content: Iterable[str | Element]) -> None:
    for piece in content:
        if isinstance(piece, str):
            speech.words.append(piece)
            continue
        kind = name_of(piece)
        if kind == "value":
            with conversation.running(piece):
                speech.words.append(f" {conversation.scopes.text(piece.get('expr', ''))} ")
        elif kind == "audio":
            _sound(conversation, speech, piece)
        elif kind == "enumerate":
            _enumerate(conversation, speech, piece)
        elif kind == "foreach":
            for _ in each_of(conversation, piece):
                _speak(conversation, speech, pieces(piece))
        elif kind == "mark":
            with conversation.running(piece):
                speech.marks.append((conversation.given(piece, "name") or "", speech.seconds))
        elif kind == "break":
            with conversation.running(piece):
                speech.pause += properties.seconds(piece.get("time", "0s"))
        elif kind == "sub":
            speech.words.append(f" {piece.get('alias', '')} ")
        elif kind not in _UNSPOKEN:
            speech.words.append(" ")
            _speak(conversation, speech, pieces(piece))
            speech.words.append(" ")


def _sound(conversation: Conversation, speech: _Speech, audio: Element) -> None:
    """An audio element (section 4.1.3): the sound, or what the element holds when there is none.

    An ``expr`` that is undefined means silence; it may be a recording as well.
    """
    with conversation.running(audio):
        if "expr" in audio.attrib:
            value = conversation.scopes.evaluate(audio.get("expr", ""))
            if value is UNDEFINED:
                return
            seconds = recording.length(value)
            if seconds is not None:
                speech.add_sound(audio.get("expr", ""), seconds)
                return
        src = conversation.given(audio, "src") or ""
    try:
        url = resolve(speech.base, src)
        answer = conversation.resources.get(conversation.wanted(audio, url, "audio"))
    except Event:
        url, answer = src, None
    if answer is not None and is_sound(answer):
        speech.add_sound(url, playing_seconds(answer.body))
    else:
        speech.add_sound(url, None)
        _speak(conversation, speech, pieces(audio))


def is_sound(answer: Answer) -> bool:
    """Whether it can be played: a file with a header that says so, or what the server has no better name for."""
    if answer.body[:4] in (b"RIFF", b".snd"):
        return True
    kind = answer.media_type
    return bool(answer.body) and (kind.startswith("audio/") or kind in ("", "application/octet-stream"))


def playing_seconds(body: bytes) -> float:
    """How long a sound is: by the byte rate in a WAV header, else as telephone audio of 8,000 bytes a second."""
    rate = int.from_bytes(body[28:32], "little") if body[:4] == b"RIFF" else 0
    return len(body) / (rate or _BYTES_PER_SECOND)


def _enumerate(conversation: Conversation, speech: _Speech, element: Element) -> None:
    """The choices of the menu or field that is being visited (section 2.2.4), by the element's content as a template.

    ``_dtmf`` has its keys with blanks between them and is undefined for a choice without.
    """
    holder = next((each for each in conversation.frame.around() if children(each, "choice", "option")), None)
    if holder is None:
        raise Event("error.semantic", "enumerate stands outside of a menu or a field with options", element)
    template = list(pieces(element))
    for phrase, key in choices_of(holder):
        if not template:
            speech.words.append(f" {phrase}; ")
            continue
        conversation.scopes.enter("anonymous")
        conversation.scopes.declare("_prompt", None)
        conversation.scopes.set("_prompt", phrase)
        conversation.scopes.declare("_dtmf", None)
        conversation.scopes.set("_dtmf", " ".join(key) if key else UNDEFINED)
        try:
            _speak(conversation, speech, template)
        finally:
            conversation.scopes.leave()
        speech.words.append(" ")


def choices_of(holder: Element) -> list[tuple[str, str]]:
    """The phrase and the key (empty: none) of each choice of a menu or option of a field."""
    given_out = iter("123456789") if properties.is_true(holder.get("dtmf", "")) else iter(())
    found = []
    for each in children(holder, "choice", "option"):
        key = each.get("dtmf") or next(given_out, "")
        found.append((words_of("".join(_texts(each))), "".join(key.split())))
    return found


def _texts(element: Element) -> Iterator[str]:
    for piece in pieces(element):
        if isinstance(piece, str):
            yield piece
        elif name_of(piece) != "grammar":
            yield from _texts(piece)


def each_of(conversation: Conversation, element: Element) -> Iterator[None]:
    """Give the item of a foreach each value of a shallow copy of its array (VoiceXML 2.1 section 6)."""
    scopes, item, array = conversation.scopes, element.get("item", ""), element.get("array", "")
    with conversation.running(element):
        try:
            length = int(scopes.text(f"({array}).length"))
        except ValueError:
            raise Event("error.semantic", f"{array} is not an array", element) from None
        if not scopes.exists(item):
            scopes.declare(item, None)
        if length > MOST_ITEMS:
            raise Event("error.semantic", f"{array} has {length} items; {MOST_ITEMS} can be gone through", element)
        handles = [scopes.hold(f"({array})[{place}]") for place in range(length)]
    for handle in handles:
        conversation.count_step()
        with conversation.running(element):
            scopes.put(item, handle)
        yield


def _count(prompt: Prompt) -> int:
    return 1 if isinstance(prompt, list) else whole(prompt.get("count", ""), 1)
