"""Who is at the other end: the protocol of the platform, and a caller who follows a script.

A caller waits for nothing: how long something takes is told in seconds, and the conversation adds them up.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

WORDS_PER_MINUTE = 160
SECONDS_PER_KEY = 0.2
SILENCES_BEFORE_LEAVING = 2
ANSWERED = "answered"

Kind = Literal["say", "dtmf", "noinput", "hangup"]


@dataclass(frozen=True, slots=True)
class Listening:
    """What the application waits for: ``seconds`` of silence at most; which kinds of input have a grammar."""

    seconds: float
    voice: bool = True
    keys: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What came: words said, keys pressed one after the other, silence, or the caller is gone."""

    kind: Kind
    value: str = ""

    @property
    def seconds(self) -> float:
        """How long saying or pressing it takes."""
        if self.kind == "say":
            return speaking_seconds(self.value)
        return len(self.value) * SECONDS_PER_KEY if self.kind == "dtmf" else 0


class Caller(Protocol):
    """The other end of the call. ``leaves_after`` is when it hangs up by itself, in seconds; None: it does not."""

    leaves_after: float | None

    def hears(self, text: str, seconds: float, *, bargein: bool) -> None:
        """A prompt was spoken to it."""

    def answers(self, wanted: Listening) -> Heard:
        """What it does when the application waits for it."""

    def transferred(self, destination: str, kind: str) -> str:
        """How the transfer went: answered, or a value of section 2.3.7's tables, or the name of an event."""

    def talks(self, wanted: Listening, longest: float) -> Heard:
        """What it says when it is recorded, for ``longest`` seconds at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a scripted caller does; kind ``transfer`` is the outcome of one, in ``value``."""

    kind: Kind | Literal["transfer"]
    value: str = ""


class ScriptedCaller:
    """Follows its script; when that is used up it is silent twice and then hangs up.

    Outcomes of transfers are taken in their own order, as they come up between the other steps.
    """

    def __init__(self, steps: Iterable[Step] = (), leaves_after: float | None = None) -> None:
        steps = tuple(steps)
        self.leaves_after = leaves_after
        self._inputs = deque(Heard(step.kind, step.value) for step in steps if step.kind != "transfer")
        self._outcomes = deque(step.value for step in steps if step.kind == "transfer")
        self._silences = 0

    def hears(self, text: str, seconds: float, *, bargein: bool) -> None:
        """It only listens."""

    def answers(self, wanted: Listening) -> Heard:
        if self._inputs:
            return self._inputs.popleft()
        self._silences += 1
        return Heard("noinput" if self._silences <= SILENCES_BEFORE_LEAVING else "hangup")

    def transferred(self, destination: str, kind: str) -> str:
        return self._outcomes.popleft() if self._outcomes else ANSWERED

    def talks(self, wanted: Listening, longest: float) -> Heard:
        return self.answers(wanted)


class Respondent(ScriptedCaller):
    """Has things to say and keys to press, and does what fits when it is asked; then as a scripted caller."""

    def __init__(self, says: Iterable[str] = (), dtmf: Iterable[str] = (), leaves_after: float | None = None) -> None:
        super().__init__((), leaves_after)
        self._says = deque(says)
        self._keys = deque(dtmf)

    def answers(self, wanted: Listening) -> Heard:
        if self._keys and (not self._says or (wanted.keys and not wanted.voice)):
            return Heard("dtmf", self._keys.popleft())
        if self._says:
            return Heard("say", self._says.popleft())
        return super().answers(wanted)


class AnsweringMachine:
    """Talks first, beeps, and then records whatever is said until its tape is full; it never answers anything."""

    GREETING = "Hello. We can't come to the phone. Please leave a message after the tone."
    TAPE_SECONDS = 120.0

    def __init__(self, says: Iterable[str] = (), leaves_after: float | None = None) -> None:
        self._greeting = " ".join(says) or self.GREETING
        full = speaking_seconds(self._greeting) + self.TAPE_SECONDS
        self.leaves_after: float | None = full if leaves_after is None else min(leaves_after, full)
        self._greeted = False

    def hears(self, text: str, seconds: float, *, bargein: bool) -> None:
        """On the tape."""

    def answers(self, wanted: Listening) -> Heard:
        if self._greeted or not wanted.voice:
            return Heard("noinput")
        self._greeted = True
        return Heard("say", self._greeting)

    def transferred(self, destination: str, kind: str) -> str:
        return ANSWERED

    def talks(self, wanted: Listening, longest: float) -> Heard:
        return self.answers(wanted)


def speaking_seconds(text: str) -> float:
    """How long saying a text takes."""
    return len(text.split()) * 60 / WORDS_PER_MINUTE
