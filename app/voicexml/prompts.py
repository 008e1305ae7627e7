"""What is said: choosing prompts by count and cond, values, sounds with their fallback, lists of choices, SSML as text.

Source: VoiceXML 2.0 section 4.1; a speech synthesiser is not part of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.voicexml import properties
from app.voicexml.conversation import MOST_ITEMS, Conversation, Part
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import Element, children, name_of, pieces, whole, words_of
from app.voicexml.events import Event

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

_UNSPOKEN = frozenset(("desc", "lexicon", "meta", "metadata", "break", "grammar"))
_BYTES_PER_SECOND = 8000


@dataclass(slots=True)
class _Speech:
    """A prompt in the making: parts that are finished, and the words since."""

    bargein: bool
    parts: list[Part] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)

    def end_words(self) -> None:
        text = words_of("".join(self.words))
        if text or self.marks:
            self.parts.append(Part(text=text, bargein=self.bargein, marks=tuple(self.marks)))
        self.words, self.marks = [], []


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
    queue_pieces(conversation, content, bargein=properties.is_true(conversation.property("bargein")))


def queue_prompt(conversation: Conversation, prompt: Element) -> None:
    """Queue a prompt element; whoever asks for it has looked at its cond."""
    bargein = prompt.get("bargein") or conversation.property("bargein")
    with conversation.running(prompt):
        queue_pieces(conversation, pieces(prompt), bargein=properties.is_true(bargein))


def queue_pieces(conversation: Conversation, content: Iterable[str | Element], *, bargein: bool) -> None:
    """Queue text and elements that are spoken."""
    speech = _Speech(bargein)
    _speak(conversation, speech, content)
    speech.end_words()
    conversation.queue.extend(speech.parts)


def timeout(conversation: Conversation, prompts: Iterable[Prompt]) -> float:
    """The seconds of silence after the prompts: the last one's, else the property (section 4.1.7)."""
    given = [each.get("timeout", "") for each in prompts if not isinstance(each, list) and "timeout" in each.attrib]
    return properties.seconds(given[-1] if given else conversation.property("timeout"))


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
                speech.marks.append(conversation.given(piece, "name") or "")
        elif kind == "sub":
            speech.words.append(f" {piece.get('alias', '')} ")
        elif kind not in _UNSPOKEN:
            speech.words.append(" ")
            _speak(conversation, speech, pieces(piece))
            speech.words.append(" ")


def _sound(conversation: Conversation, speech: _Speech, audio: Element) -> None:
    """An audio element (section 4.1.3): the sound, or what the element holds when there is none.

    An ``expr`` that is undefined means silence.
    """
    with conversation.running(audio):
        if "expr" in audio.attrib and conversation.scopes.evaluate(audio.get("expr", "")) is UNDEFINED:
            return
        src = conversation.given(audio, "src") or ""
    wanted = conversation.wanted(audio, src, "audio")
    try:
        body = conversation.resources.get(wanted).body
    except Event:
        speech.end_words()
        speech.parts.append(Part(src=wanted.url, played=False, bargein=speech.bargein))
        _speak(conversation, speech, pieces(audio))
        return
    speech.end_words()
    speech.parts.append(Part(src=wanted.url, seconds=playing_seconds(body), bargein=speech.bargein))


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
