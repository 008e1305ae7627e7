"""A living callee as the application meets it: prompts are said on its line, its keys and its voice come from there.

Everything takes the time that it takes; the line says which second it is. Recognising speech is left to whoever brings
a ``Recogniser``: without one words are not understood, but they are recorded.
"""

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from math import pi, sin
from typing import Protocol

from app.telephony.carrier import BYTES_PER_SECOND, SAMPLES_PER_SECOND, Happening, Line
from app.telephony.outcomes import CalleeType
from app.voicexml.caller import Heard, Listening, News, Recorded
from app.voicexml.voice import Part, Voice

AHEAD_SECONDS = 1.0
"""How far ahead of what is heard the line is given prompts, so that a busy moment makes no gap."""
LOOK_SECONDS = 0.02
FRAME_SECONDS = 0.02
LOUD = 256
"""The mean amplitude of a frame in which somebody speaks."""
ONSET_SECONDS = 0.2
"""How much of half a second is loud when somebody has begun to speak."""
BEFORE_SECONDS = 0.5
"""What of the time before that belongs to it."""
END_OF_SPEECH_SECONDS = 1.0
BEEP_HERTZ, BEEP_SECONDS, BEEP_AMPLITUDE = 1_000, 0.25, 8_000
LONGEST_SPEECH_SECONDS = 60.0


class Recogniser(Protocol):
    """Who understands speech."""

    def words(self, pcm: bytes) -> str:
        """What was said; empty when it can't be understood."""


class LiveCaller:
    """The other end of a real call, as ``voicexml.caller.Caller`` has it."""

    leaves_at_prompt: int | None = None
    beeps_after: float | None = None

    def __init__(self, line: Line, recogniser: Recogniser | None = None) -> None:
        self._line = line
        self._speaker = line.speaker
        self._recogniser = recogniser
        self._keys: deque[tuple[float, str]] = deque()
        self._news: list[News] = []
        self._ear = _Ear()
        self.leaves_after: float | None = None
        self.understands = recogniser is not None

    def now(self, counted: float) -> float:
        return max(counted, self._line.seconds())

    def waits(self, until: float) -> None:
        while self.leaves_after is None and (left := until - self._line.seconds()) > 0:
            self._take_in(left)

    def news(self) -> Sequence[News]:
        news, self._news = self._news, []
        return news

    def lasts(self, heard: Heard, voice: Voice) -> float:
        return 0.0

    def hears(self, parts: Sequence[Part], longest: float) -> None:
        until = self._line.seconds() + longest
        prompts = _Prompts(self._line, self._pcm(parts))
        while self.leaves_after is None and (left := until - self._line.seconds()) > 0:
            again = prompts.feed()
            if not again:
                return
            self._take_in(min(again, left))
        self._line.hush()

    def answers(self, wanted: Listening) -> Heard:
        heard = self._awaited(wanted)
        self._line.hush()
        if heard.kind != "say":
            self._line.listen(on=False)
        return heard if heard.kind != "say" or wanted.recording else self._recognised(heard)

    def _awaited(self, wanted: Listening) -> Heard:
        """What comes first: a key, a voice, the end of the call, or the end of the silence after the prompts."""
        began = self._line.seconds()
        prompts = _Prompts(self._line, self._pcm(wanted.parts) + (BEEP if wanted.beep else b""))
        until: float | None = None
        self._ear.begin()
        self._line.listen(on=wanted.recording or (wanted.voice and self.understands))
        while self.leaves_after is None:
            heard = self._key(wanted, began) or self._voice(wanted, began)
            if heard is not None:
                return heard
            again = prompts.feed()
            if not again:
                until = until or self._line.seconds() + wanted.timeout
                again = until - self._line.seconds()
                if again <= 0:
                    return Heard("noinput")
            self._take_in(again)
        return Heard("hangup", after=max(0.0, self.leaves_after - began))

    def another_key(self, within: float) -> str:
        until = self._line.seconds() + within
        while not self._keys and self.leaves_after is None and (left := until - self._line.seconds()) > 0:
            self._take_in(left)
        return self._keys.popleft()[1] if self._keys else ""

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        return None

    def records(self, longest: float, silence: float, *, keys: bool) -> Recorded | None:
        pcm, key = self._said(longest, silence, keys=keys)
        return Recorded(len(pcm) / BYTES_PER_SECOND, self._speaker.wav(pcm), key)

    def transferred(self, destination: str, kind: str) -> str:
        return f"error.unsupported.transfer.{kind}"

    def _take_in(self, within: float) -> None:
        """Wait for what happens next, for so many seconds at most."""
        happening = self._line.next(within)
        if happening is None:
            return
        second = happening.second
        match happening.kind:
            case "key":
                self._keys.append((second, happening.value))
            case "sound":
                self._ear.hear(happening)
            case "callee":
                self._news.append((second, "connection.callee_type", told(CalleeType(happening.value))))
            case "beep":
                self._news.append((second, "connection.beep", True))
            case "gone":
                self.leaves_after = second

    def _key(self, wanted: Listening, began: float) -> Heard | None:
        """The first key that is listened to; what was pressed before the prompts began counts as pressed then."""
        while self._keys:
            second, key = self._keys.popleft()
            heard = Heard("dtmf", key, max(0.0, second - began))
            if wanted.takes(heard):
                return heard
        return None

    def _voice(self, wanted: Listening, began: float) -> Heard | None:
        """That somebody has begun to speak, where that is listened to."""
        if self._ear.onset is None or self._ear.ignoring:
            return None
        heard = Heard("say", "", max(0.0, self._ear.onset - began))
        if wanted.takes(heard):
            return heard
        self._ear.ignoring = True
        return None

    def _recognised(self, heard: Heard) -> Heard:
        pcm, _ = self._said(LONGEST_SPEECH_SECONDS, END_OF_SPEECH_SECONDS, keys=False)
        words = self._recogniser.words(pcm) if self._recogniser is not None else ""
        return Heard("say", words, heard.after)

    def _said(self, longest: float, silence: float, *, keys: bool) -> tuple[bytes, str]:
        """What is said from where it began until it is over, and the key that ended it."""
        key = ""
        while self._ear.seconds < longest and self._ear.silence < silence and self.leaves_after is None:
            if keys and self._keys:
                key = self._keys.popleft()[1]
                break
            self._take_in(silence)
        self._line.listen(on=False)
        return self._ear.taken(longest), key

    def _pcm(self, parts: Sequence[Part]) -> bytes:
        return b"".join(self._part(part) for part in parts)

    def _part(self, part: Part) -> bytes:
        """A sound, or words with the pauses between them."""
        if part.src:
            return self._speaker.sound(part.sound) if part.played else b""
        words, pieces, begin = part.text.split(), [], 0
        for place, seconds in part.pauses:
            pieces += [self._words(words[begin:place]), bytes(_size(seconds))]
            begin = max(begin, place)
        return b"".join([*pieces, self._words(words[begin:])])

    def _words(self, words: Sequence[str]) -> bytes:
        return self._speaker.words(" ".join(words)) if words else b""


def told(callee_type: CalleeType) -> str:
    """What the documentation of session.connection.callee_type calls it."""
    return "fax" if callee_type is CalleeType.FAXMACHINE else callee_type.value


class _Prompts:
    """PCM on its way to a line."""

    def __init__(self, line: Line, pcm: bytes) -> None:
        self._line = line
        self._left = memoryview(pcm)

    def feed(self) -> float:
        """Give the line what it should have; in how many seconds to do so again, 0 when all is said."""
        room = _size(AHEAD_SECONDS - self._line.unsaid())
        if self._left and room > 0:
            taken = self._line.play(bytes(self._left[:room]))
            self._left = self._left[taken:]
            return AHEAD_SECONDS / 2 if taken else LOOK_SECONDS
        unsaid = self._line.unsaid()
        return max(min(unsaid, AHEAD_SECONDS / 2), LOOK_SECONDS) if unsaid or self._left else 0.0


class _Ear:
    """What is heard: that somebody speaks, and the sound since, with a little before that."""

    def __init__(self) -> None:
        self._loud: deque[bool] = deque(maxlen=_frames(BEFORE_SECONDS))
        self.begin()

    def begin(self) -> None:
        """Forget what was heard, and wait for somebody to speak."""
        self._pcm = bytearray()
        self._loud.clear()
        self.ignoring = False
        """Whether what is said is passed over, until somebody begins to speak anew."""
        self.onset: float | None = None
        """Since which second of the call somebody speaks."""
        self.silence = 0.0
        """How many seconds ago that was last heard."""

    @property
    def seconds(self) -> float:
        """How much of it there is."""
        return len(self._pcm) / BYTES_PER_SECOND

    def hear(self, happening: Happening) -> None:
        """Another piece of what was heard."""
        for begin in range(0, len(happening.pcm), _size(FRAME_SECONDS)):
            loud = _loudness(happening.pcm[begin : begin + _size(FRAME_SECONDS)]) > LOUD
            self._loud.append(loud)
            self.silence = 0.0 if loud else self.silence + FRAME_SECONDS
        self._pcm += happening.pcm
        if self.ignoring and self.silence >= BEFORE_SECONDS:
            self.begin()
        if self.onset is None:
            del self._pcm[: -_size(BEFORE_SECONDS)]
            if sum(self._loud) >= _frames(ONSET_SECONDS):
                self.onset = happening.second

    def taken(self, longest: float) -> bytes:
        """What was heard, for so many seconds at most."""
        return bytes(self._pcm[: _size(longest)])


def _frames(seconds: float) -> int:
    return round(seconds / FRAME_SECONDS)


def _size(seconds: float) -> int:
    """How many bytes of PCM that is; 0 for less than no time."""
    return max(0, round(seconds * SAMPLES_PER_SECOND)) * 2


def _loudness(pcm: bytes) -> float:
    """The mean amplitude."""
    samples = array("h", pcm)
    return sum(map(abs, samples)) / len(samples) if samples else 0.0


def _tone(hertz: int, seconds: float, amplitude: int) -> bytes:
    """A tone of a pitch that makes whole periods."""
    step = 2 * pi * hertz / SAMPLES_PER_SECOND
    return array("h", (round(amplitude * sin(step * place)) for place in range(_size(seconds) // 2))).tobytes()


BEEP = _tone(BEEP_HERTZ, BEEP_SECONDS, BEEP_AMPLITUDE)
