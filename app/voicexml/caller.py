"""Who is at the other end: the protocol of the platform, and a caller who follows a script.

A scripted caller waits for nothing: how long something takes is told in seconds, and the conversation adds them up. A
living one takes its time: the conversation says what it does, and counts afterwards.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from app.voicexml.voice import WORDS_PER_MINUTE, Part, Voice

SECONDS_PER_KEY = 0.2
SILENCES_BEFORE_LEAVING = 2
ANSWERED = "answered"
SCHEMES = ("tel", "sip", "sips", "phone")
"""Of addresses that can be called; a bare number can be, too."""

_NUMBER = re.compile(r"\+?[0-9][0-9().\s*#-]*")

Kind = Literal["say", "dtmf", "noinput", "hangup"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What comes: words said, keys pressed one after the other, silence, or the caller is gone.

    ``after`` is how many seconds after the prompts began; None: as soon as they are over.
    """

    kind: Kind
    value: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """What the application waits for, from second ``at`` of the conversation on: the kinds it has grammars for.

    ``parts`` are said first, ``timeout`` is how many seconds of silence follow them; ``takes`` says whether something
    that comes is listened to. For a ``recording`` anything that is said is, after a ``beep`` perhaps.
    """

    at: float
    voice: bool = True
    keys: bool = True
    parts: Sequence[Part] = ()
    timeout: float = 0.0
    takes: Callable[[Heard], bool] = lambda _: True
    recording: bool = False
    beep: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a living caller said: a WAV file, how long it is, and the key that ended it."""

    seconds: float
    sound: bytes
    key: str = ""


News = tuple[float, str, Any]
"""From that second on a session variable has that value, such as (1.7, "connection.callee_type", "voice")."""


class Caller(Protocol):
    """The other end of the call.

    ``leaves_after`` is the second at which it hangs up by itself, or did; ``leaves_at_prompt`` the prompt or sound,
    counted from 1, that it does not want to hear, ``beeps_after`` the second at which a machine begins to record. None:
    never. ``understands`` says whether words that are said are recognised.
    """

    leaves_after: float | None
    leaves_at_prompt: int | None
    beeps_after: float | None
    understands: bool

    def answers(self, wanted: Listening) -> Heard:
        """What it does when the application plays its prompts and then waits for it."""

    def lasts(self, heard: Heard, voice: Voice) -> float:
        """How many seconds saying or pressing it still takes when it is told of."""

    def another_key(self, within: float) -> str:
        """The next key that it presses, within so many seconds; empty for none."""

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        """What it does next, if that ends what goes on, a recording or a bridged call; else it is kept for later."""

    def records(self, longest: float, silence: float, *, keys: bool) -> Recorded | None:
        """What it says from here on, until it is silent for so long or a key ends it; None: what it said is known."""

    def transferred(self, destination: str, kind: str) -> str:
        """How the transfer went: answered, or a value of section 2.3.7's tables, or the name of an event."""

    def hears(self, parts: Sequence[Part], longest: float) -> None:
        """Say all of it to it, for so many seconds at most, while nobody listens."""

    def now(self, counted: float) -> float:
        """Which second of the conversation it is, when so many were counted: as many, or later for a living one.

        Whatever has happened by then is known from then on.
        """

    def waits(self, until: float) -> None:
        """Let it become that second."""

    def news(self) -> Sequence[News]:
        """What has become known since this was asked last."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a scripted caller does, ``after`` as in Heard; of kind ``transfer`` the outcome of one is ``value``."""

    kind: Kind | Literal["transfer"]
    value: str = ""
    after: float | None = None


class Unhurried:
    """What callers have in common for whom no time passes but what the conversation counts."""

    understands = True

    def lasts(self, heard: Heard, voice: Voice) -> float:
        return voice.speaks(heard.value) if heard.kind == "say" else len(heard.value) * SECONDS_PER_KEY

    def another_key(self, within: float) -> str:
        return ""

    def records(self, longest: float, silence: float, *, keys: bool) -> Recorded | None:
        return None

    def hears(self, parts: Sequence[Part], longest: float) -> None:
        pass

    def now(self, counted: float) -> float:
        return counted

    def waits(self, until: float) -> None:
        pass

    def news(self) -> Sequence[News]:
        return ()


class ScriptedCaller(Unhurried):
    """Follows its script; when that is used up it is silent twice and then hangs up.

    Outcomes of transfers are taken in their own order, as they come up between the other steps.
    """

    beeps_after: float | None = None

    def __init__(
        self, steps: Iterable[Step] = (), leaves_after: float | None = None, leaves_at_prompt: int | None = None
    ) -> None:
        steps = tuple(steps)
        self.leaves_after = leaves_after
        self.leaves_at_prompt = leaves_at_prompt
        self._inputs = deque(Heard(step.kind, step.value, step.after) for step in steps if step.kind != "transfer")
        self._outcomes = deque(step.value for step in steps if step.kind == "transfer")
        self._silences = 0

    def answers(self, wanted: Listening) -> Heard:
        if self._inputs:
            return self._inputs.popleft()
        self._silences += 1
        return Heard("noinput" if self._silences <= SILENCES_BEFORE_LEAVING else "hangup")

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        return self._inputs.popleft() if self._inputs and fits(self._inputs[0]) else None

    def transferred(self, destination: str, kind: str) -> str:
        return self._outcomes.popleft() if self._outcomes else reached(destination)


class Respondent(ScriptedCaller):
    """Has things to say and keys to press, and does what fits when it is asked; then as a scripted caller."""

    def __init__(
        self,
        says: Iterable[str] = (),
        dtmf: Iterable[str] = (),
        leaves_after: float | None = None,
        leaves_at_prompt: int | None = None,
    ) -> None:
        super().__init__((), leaves_after, leaves_at_prompt)
        self._says = deque(says)
        self._keys = deque(dtmf)

    def answers(self, wanted: Listening) -> Heard:
        if self._keys and (not self._says or (wanted.keys and not wanted.voice)):
            return Heard("dtmf", self._keys.popleft())
        if self._says:
            return Heard("say", self._says.popleft())
        return super().answers(wanted)

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        return Heard("say", self._says.popleft()) if self._says and fits(Heard("say", self._says[0])) else None


class AnsweringMachine(Unhurried):
    """Talks from the moment it answers, whatever it is told meanwhile; beeps, and records until its tape is full."""

    GREETING = "Hello. We can't come to the phone. Please leave a message after the tone."
    TAPE_SECONDS = 120.0

    def __init__(
        self,
        says: Iterable[str] = (),
        leaves_after: float | None = None,
        leaves_at_prompt: int | None = None,
        *,
        words_per_minute: float = WORDS_PER_MINUTE,
    ) -> None:
        self._greeting = (" ".join(says) or self.GREETING).split()
        self._seconds_per_word = 60 / words_per_minute
        self.beeps_after: float | None = len(self._greeting) * self._seconds_per_word
        full = self.beeps_after + self.TAPE_SECONDS
        self.leaves_after: float | None = full if leaves_after is None else min(leaves_after, full)
        self.leaves_at_prompt = leaves_at_prompt

    def answers(self, wanted: Listening) -> Heard:
        """Its greeting, or what is left of it: it talks at once, over any prompt."""
        left = self._greeting[int(wanted.at / self._seconds_per_word) :]
        return Heard("say", " ".join(left), after=0.0) if left and wanted.voice else Heard("noinput")

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        return None

    def transferred(self, destination: str, kind: str) -> str:
        return ANSWERED


def reached(destination: str) -> str:
    """What becomes of a call to a destination: it is answered, or the event for one that is none (section 2.3.7)."""
    scheme, colon, rest = destination.strip().partition(":")
    if not colon:
        return ANSWERED if _NUMBER.fullmatch(scheme) else "error.connection.baddestination"
    if scheme.lower() not in SCHEMES:
        return "error.unsupported.uri"
    return ANSWERED if rest else "error.connection.baddestination"
