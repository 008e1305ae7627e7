"""Who is at the other end: the protocol of the platform, and a caller who follows a script.

A caller waits for nothing: how long something takes is told in seconds, and the conversation adds them up.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

WORDS_PER_MINUTE = 180.0
SECONDS_PER_KEY = 0.2
SILENCES_BEFORE_LEAVING = 2
ANSWERED = "answered"
SCHEMES = ("tel", "sip", "sips", "phone")
"""Of addresses that can be called; a bare number can be, too."""

_NUMBER = re.compile(r"\+?[0-9][0-9().\s*#-]*")

Kind = Literal["say", "dtmf", "noinput", "hangup"]


@dataclass(frozen=True, slots=True)
class Listening:
    """What the application waits for, from second ``at`` of the conversation on: the kinds it has grammars for."""

    at: float
    voice: bool = True
    keys: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What comes: words said, keys pressed one after the other, silence, or the caller is gone.

    ``after`` is how many seconds after the prompts began; None: as soon as they are over.
    """

    kind: Kind
    value: str = ""
    after: float | None = None


class Caller(Protocol):
    """The other end of the call.

    ``leaves_after`` is the second at which it hangs up by itself, ``leaves_at_prompt`` the prompt or sound, counted
    from 1, that it does not want to hear, ``beeps_after`` the second at which a machine begins to record. None: never.
    """

    leaves_after: float | None
    leaves_at_prompt: int | None
    beeps_after: float | None

    def answers(self, wanted: Listening) -> Heard:
        """What it does when the application plays its prompts and then waits for it."""

    def cuts_short(self, fits: Callable[[Heard], bool]) -> Heard | None:
        """What it does next, if that ends what goes on, a recording or a bridged call; else it is kept for later."""

    def transferred(self, destination: str, kind: str) -> str:
        """How the transfer went: answered, or a value of section 2.3.7's tables, or the name of an event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a scripted caller does, ``after`` as in Heard; of kind ``transfer`` the outcome of one is ``value``."""

    kind: Kind | Literal["transfer"]
    value: str = ""
    after: float | None = None


class ScriptedCaller:
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


class AnsweringMachine:
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
