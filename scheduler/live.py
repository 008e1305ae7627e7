"""A living callee as the application meets it: prompts are said on its line, its keys and its voice come from there.

Everything takes the time that it takes; the line says which second it is. Recognising speech is left to whoever brings
a ``Recogniser``: without one words are not understood, but they are recorded.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf, pi, sin
from typing import Protocol

from app.telephony.carrier import BYTES_PER_SECOND, SAMPLES_PER_SECOND, Line
from app.telephony.outcomes import CalleeType
from app.voicexml.caller import Heard, Listening, News, Recorded
from app.voicexml.conversation import LONGEST_SECONDS
from app.voicexml.voice import Part, Voice
from scheduler.ear import Ear, size

AHEAD_SECONDS = 1.0
"""How far ahead of what is heard the line is given prompts, so that a busy moment makes no gap."""
LOOK_SECONDS = 0.02
STUCK_SECONDS = 5.0
"""After how long a prompt is given up on a line that takes no more of it: the callee has put us on hold."""
END_OF_SPEECH_SECONDS = 1.0
BEEP_HERTZ, BEEP_SECONDS, BEEP_AMPLITUDE = 1_000, 0.25, 8_000
LONGEST_SPEECH_SECONDS = 60.0


class Recogniser(Protocol):
    """Who understands speech."""

    def words(self, pcm: bytes) -> str:
        """What was said; empty when it can't be understood."""


class LiveCaller:
    """The other end of a real call, as ``voicexml.caller.Caller`` has it. Nothing lasts longer than a call may."""

    leaves_at_prompt: int | None = None
    beeps_after: float | None = None

    def __init__(self, line: Line, recogniser: Recogniser | None = None) -> None:
        self._line = line
        self._speaker = line.speaker
        self._recogniser = recogniser
        self._keys: deque[tuple[float, str]] = deque()
        self._news: list[News] = []
        self._ear = Ear()
        self.leaves_after: float | None = None
        self.understands = recogniser is not None

    def now(self, counted: float) -> float:
        while self._take_in(0.0):
            pass
        return max(counted, self._line.seconds())

    def waits(self, until: float) -> None:
        while (left := self._left(until)) > 0:
            self._take_in(left)

    def news(self) -> Sequence[News]:
        news, self._news = self._news, []
        return news

    def lasts(self, heard: Heard, voice: Voice) -> float:
        return 0.0

    def hears(self, parts: Sequence[Part], longest: float) -> None:
        prompts = _Prompts(self._line, self._pieces(parts))
        while (left := self._left(prompts.began + longest)) > 0 and (again := prompts.feed()):
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
        if wanted.recording:
            self._keys.clear()
        prompts = _Prompts(self._line, self._pieces(wanted.parts, beep=wanted.beep), wanted.parts)
        self._listen(on=wanted.voice and self.understands and not wanted.recording)
        while (left := self._left(inf)) > 0:
            heard = self._key(wanted, prompts) or self._voice(wanted, prompts)
            if heard is not None:
                return heard
            again = prompts.feed()
            if not again and prompts.over is None:
                prompts.over = self._line.seconds()
                if wanted.recording:  # what is heard before may be an echo
                    self._listen(on=True)
            if prompts.over is not None and (again := prompts.over + wanted.timeout - self._line.seconds()) <= 0:
                return Heard("noinput")
            self._take_in(min(again, left))
        return Heard("noinput") if self.leaves_after is None else Heard("hangup", "", prompts.place(self.leaves_after))

    def another_key(self, within: float) -> str:
        until = self._line.seconds() + within
        while not self._keys and (left := self._left(until)) > 0:
            self._take_in(left)
        return self._keys.popleft()[1] if self._keys else ""

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        return None

    def records(self, longest: float, silence: float, *, keys: bool) -> Recorded | None:
        pcm, key = self._said(longest, silence, keys=keys)
        return Recorded(len(pcm) / BYTES_PER_SECOND, self._speaker.wav(pcm), key)

    def transferred(self, destination: str, kind: str) -> str:
        return f"error.unsupported.transfer.{kind}"

    def _left(self, until: float) -> float:
        """How many seconds that is from now; none when the callee has left or a call may last no longer."""
        return min(until, LONGEST_SECONDS) - self._line.seconds() if self.leaves_after is None else 0.0

    def _listen(self, *, on: bool) -> None:
        """To what is said from now on."""
        self._ear.begin(self._line.seconds())
        self._line.listen(on=on)

    def _take_in(self, within: float) -> bool:
        """Wait for what happens next, for so many seconds at most; whether something has."""
        happening = self._line.next(within)
        if happening is None:
            return False
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
        return True

    def _key(self, wanted: Listening, prompts: "_Prompts") -> Heard | None:
        """The first key that is listened to; what was pressed before the prompts began counts as pressed then."""
        while self._keys:
            second, key = self._keys.popleft()
            heard = Heard("dtmf", key, prompts.place(second))
            if wanted.takes(heard):
                return heard
        return None

    def _voice(self, wanted: Listening, prompts: "_Prompts") -> Heard | None:
        """That somebody has begun to speak, where that is listened to."""
        if self._ear.onset is None or self._ear.ignoring:
            return None
        heard = Heard("say", "", prompts.place(self._ear.onset))
        if wanted.takes(heard):
            return heard
        self._ear.ignoring = True
        return None

    def _recognised(self, heard: Heard) -> Heard:
        pcm, _ = self._said(LONGEST_SPEECH_SECONDS, END_OF_SPEECH_SECONDS, keys=False)
        words = self._recogniser.words(pcm) if self._recogniser is not None else ""
        return Heard("say", words, heard.after)

    def _said(self, longest: float, silence: float, *, keys: bool) -> tuple[bytes, str]:
        """What is said from where it began until it is over, and the key that ended it; other keys belong to it."""
        key = ""
        until = self._line.seconds() + longest
        while self._ear.seconds < longest and (left := self._left(until)) > 0:
            pressed = self._keys.popleft()[1] if self._keys else ""
            waits = silence - self._ear.silence(self._line.seconds())
            if (pressed and keys) or waits <= 0:
                key = pressed if keys else ""
                break
            self._take_in(min(waits, left))
        self._line.listen(on=False)
        return self._ear.taken(longest), key

    def _pieces(self, parts: Iterable[Part], *, beep: bool = False) -> Iterator[bytes]:
        """The PCM of prompts, made when it is needed."""
        for part in parts:
            yield from self._sounds(part)
        if beep:
            yield BEEP

    def _sounds(self, part: Part) -> Iterator[bytes]:
        """A sound, or words with the pauses between them."""
        if part.src:
            yield self._speaker.sound(part.sound) if part.played else b""
            return
        words, begin = part.text.split(), 0
        for place, seconds in part.pauses:
            yield self._speaker.words(" ".join(words[begin:place]))
            yield bytes(size(min(seconds, LONGEST_SECONDS)))
            begin = place
        yield self._speaker.words(" ".join(words[begin:]))


def told(callee_type: CalleeType) -> str:
    """What the documentation of session.connection.callee_type calls it."""
    return "fax" if callee_type is CalleeType.FAXMACHINE else callee_type.value


class _Prompts:
    """PCM on its way to a line. ``over`` is since which second of the call all is said, for whoever looks after it."""

    def __init__(self, line: Line, pieces: Iterator[bytes], parts: Sequence[Part] = ()) -> None:
        self.began = self._taken_at = line.seconds()
        self.over: float | None = None
        self._line = line
        self._pieces = pieces
        self._seconds = sum(part.seconds for part in parts)
        self._left = memoryview(b"")

    def place(self, second: float) -> float:
        """How long after their beginning a second of the call is, where they last as long as the application thinks."""
        if self.over is None:
            return min(max(0.0, second - self.began), self._seconds)
        return self._seconds + max(0.0, second - self.over)

    def feed(self) -> float:
        """Give the line what it should have; in how many seconds to do so again, 0 when all is said."""
        unsaid = self._line.unsaid()
        while (room := size(AHEAD_SECONDS - unsaid)) and self._more():
            taken = self._line.play(bytes(self._left[:room]))
            if not taken:
                break
            self._left = self._left[taken:]
            self._taken_at = self._line.seconds()
            unsaid = self._line.unsaid()
        if (not unsaid and not self._more()) or self._line.seconds() > self._taken_at + STUCK_SECONDS:
            return 0.0
        return max(min(unsaid, AHEAD_SECONDS / 2), LOOK_SECONDS)

    def _more(self) -> bool:
        """Whether there is more to give."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._left = memoryview(piece)
        return True


def _tone(hertz: int, seconds: float, amplitude: int) -> bytes:
    """A tone of a pitch that makes whole periods."""
    step = 2 * pi * hertz / SAMPLES_PER_SECOND
    return array("h", (round(amplitude * sin(step * place)) for place in range(size(seconds) // 2))).tobytes()


BEEP = _tone(BEEP_HERTZ, BEEP_SECONDS, BEEP_AMPLITUDE)
