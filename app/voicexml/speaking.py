"""Turning what a prompt holds into parts with their lengths: words, values, pauses, marks, sounds, lists of choices.

Source: VoiceXML 2.0 sections 4.1.1 to 4.1.4, VoiceXML 2.1 sections 4 and 6; SSML is read as text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from operator import add

from app.voicexml import properties, recording
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import Element, children, name_of, pieces, words_of
from app.voicexml.events import Event
from app.voicexml.forms import choices_of
from app.voicexml.limits import MOST_ITEMS
from app.voicexml.resources import Answer, resolve
from app.voicexml.voice import Part, Voice

_WITHOUT_HEADER = frozenset(
    (
        "",
        "application/octet-stream",
        "audio/basic",
        "audio/mulaw",
        "audio/pcmu",
        "audio/ulaw",
        "audio/x-mulaw",
        "audio/x-ulaw",
    )
)
"""What servers call telephone audio as it is."""
_UNSPOKEN = frozenset(("desc", "lexicon", "meta", "metadata", "grammar"))


@dataclass(slots=True)
class Speech:
    """A prompt in the making: parts that are finished, and the words since; ``pauses`` are the silences between those.

    ``like`` is what its parts have in common, ``base`` what addresses in it are relative to.
    """

    voice: Voice
    like: Part
    base: str
    parts: list[Part] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    pauses: list[tuple[int, float]] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    """How many seconds the words before each pause take: those are said one by one."""
    marks: list[tuple[str, int, int]] = field(default_factory=list)
    """A name, and after how many words and pauses it stands."""

    def pause(self, seconds: float) -> None:
        self.words.append(" ")
        self._end_piece()
        self.pauses.append((self._place, seconds))

    def mark(self, name: str) -> None:
        self.marks.append((name, self._place, len(self.pauses)))

    def end_words(self) -> None:
        text = words_of("".join(self.words))
        if text or self.marks or self.pauses:
            self._end_piece()
            seconds = sum(self.lengths) + sum(pause for _, pause in self.pauses)
            marks, pauses = tuple(self._timed_marks()), tuple(self.pauses)
            self.parts.append(replace(self.like, text=text, seconds=seconds, marks=marks, pauses=pauses))
        self.words, self.pauses, self.lengths, self.marks = [], [], [], []

    @property
    def _place(self) -> int:
        return len("".join(self.words).split())

    def _end_piece(self) -> None:
        begin = self.pauses[-1][0] if self.pauses else 0
        self.lengths.append(self.voice.speaks(" ".join("".join(self.words).split()[begin:])))

    def _timed_marks(self) -> Iterator[tuple[str, float]]:
        """When marks are reached: between two pauses all words are taken for equally long."""
        edges = [0, *(place for place, _ in self.pauses), self._place]
        begins = [0.0, *accumulate(map(add, self.lengths, (pause for _, pause in self.pauses)))]
        for name, place, paused in self.marks:
            begin, end = edges[paused : paused + 2]
            share = (place - begin) / (end - begin) if end > begin else 0.0
            yield name, begins[paused] + share * self.lengths[paused]

    def add_sound(self, src: str, seconds: float | None, sound: bytes = b"") -> None:
        """A sound after the words; None seconds: it can't be played."""
        self.end_words()
        played = seconds is not None
        self.parts.append(replace(self.like, src=src, played=played, seconds=seconds or 0.0, sound=sound))


def speak(conversation: Conversation, speech: Speech, content: Iterable[str | Element]) -> None:
    """Add text and elements that are spoken to a prompt in the making. Raises Event and ScriptError."""
    for piece in content:
        if isinstance(piece, str):
            conversation.limits.count_characters(len(piece))
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
                speak(conversation, speech, pieces(piece))
        elif kind == "mark":
            with conversation.running(piece):
                speech.mark(conversation.given(piece, "name") or "")
        elif kind == "break":
            with conversation.running(piece):
                conversation.limits.seconds_left()
                speech.pause(properties.seconds(piece.get("time", "0s")))
        elif kind == "sub":
            speech.words.append(f" {piece.get('alias', '')} ")
        elif kind not in _UNSPOKEN:
            speech.words.append(" ")
            speak(conversation, speech, pieces(piece))
            speech.words.append(" ")


def _sound(conversation: Conversation, speech: Speech, audio: Element) -> None:
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
                speech.add_sound(audio.get("expr", ""), seconds, conversation.recordings.sound(value))
                return
        src = conversation.given(audio, "src") or ""
    if not add_fetched(conversation, speech, audio, src):
        speak(conversation, speech, pieces(audio))


def add_fetched(conversation: Conversation, speech: Speech, element: Element, src: str) -> bool:
    """A sound that ``element`` wants from an address; whether it can be played."""
    try:
        src = resolve(speech.base, src)
        answer = conversation.resources.get(conversation.wanted(element, src, "audio"))
    except Event:
        speech.add_sound(src, None)
        return False
    seconds = conversation.voice.plays(answer.body) if _is_sound(answer) else None
    speech.add_sound(src, seconds, answer.body)
    return seconds is not None


def _is_sound(answer: Answer) -> bool:
    """Whether it can be played: a file with a header that says so, or one that can do without by its type."""
    return answer.body[:4] in (b"RIFF", b".snd") or (bool(answer.body) and answer.media_type in _WITHOUT_HEADER)


def _enumerate(conversation: Conversation, speech: Speech, element: Element) -> None:
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
            speak(conversation, speech, template)
        finally:
            conversation.scopes.leave()
        speech.words.append(" ")


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
        conversation.limits.count_step()
        with conversation.running(element):
            scopes.put(item, handle)
        yield
