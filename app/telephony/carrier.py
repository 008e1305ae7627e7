"""What a carrier is to the rest of the product: something that dials a number and tells how that ended."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from app.telephony.callees import Callee
from app.telephony.outcomes import CalleeType


@dataclass(frozen=True, slots=True)
class Dial:
    """One attempt at one call. ``number`` is ``+`` and digits; ``ani`` and ``postd`` are empty when not given.

    The carrier begins to ring inside ``begin``: entering it raises when the right to dial was taken back, and once
    it is left, the dial can't be taken back any more. ``script`` is what a simulated callee does, as JSON.
    """

    call_id: int
    attempt: int
    number: str
    ani: str
    postd: str
    begin: AbstractContextManager[object]
    script: str = ""
    detection: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``answered_at`` is None when nobody did; ``duration`` is the seconds connected."""

    callee_type: CalleeType
    answered_at: datetime | None
    ended_at: datetime
    duration: int


SAMPLES_PER_SECOND = 8_000
BYTES_PER_SECOND = 2 * SAMPLES_PER_SECOND
"""Of the sound on a line, PCM: signed samples of 16 bits in the machine's byte order, one channel."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens on a line, and at which second of the call.

    ``key``: the callee pressed ``value``; ``callee``: it has turned out to be of the callee type ``value``; ``beep``: a
    machine begins to record; ``sound``: ``pcm`` was heard since the last one; ``gone``: the call is over, by ``value``.
    """

    second: float
    kind: Literal["key", "callee", "beep", "sound", "gone"]
    value: str = ""
    pcm: bytes = b""


class Speaker(Protocol):
    """Who says prompts on a line."""

    def speaks(self, text: str) -> float:
        """How many seconds saying a text takes."""

    def plays(self, sound: bytes) -> float | None:
        """How long a sound file is; None for one that can't be played."""

    def words(self, text: str) -> bytes:
        """A text as PCM."""

    def sound(self, file: bytes) -> bytes:
        """A sound file as PCM; empty for one that can't be played."""

    def wav(self, pcm: bytes) -> bytes:
        """PCM as a sound file."""


class Line(Protocol):
    """A call that somebody has answered, in real time. Its methods are for one thread; none of them raises."""

    protocol: str
    """As ``session.connection.protocol.name`` has it."""
    speaker: Speaker

    def seconds(self) -> float:
        """How long ago it was answered."""

    def next(self, within: float) -> Happening | None:
        """What happens next, in order; None when nothing does for so many seconds."""

    def play(self, pcm: bytes) -> int:
        """Say it after what is waiting to be said; how many of the bytes there was room for (about two seconds)."""

    def unsaid(self) -> float:
        """Seconds of sound that wait to be said."""

    def hush(self) -> None:
        """Forget what waits to be said."""

    def listen(self, *, on: bool) -> None:
        """Whether to have what is heard as ``sound``, some ten times a second."""


Converse = Callable[[datetime, Callee | Line], float]
"""Called once, when someone answers, with that instant and who it is, in person for a simulated one; the seconds that
the conversation lasts."""


class LostAttempt(Exception):
    """The attempt was broken off before its outcome was known."""


class TrunkSick(Exception):
    """The attempt must not begin now, whatever the number: nothing was sent. The message says what is wrong."""


NO_LIMIT = sys.maxsize
"""Of how many calls may begin: as many as there are lines."""


class Carrier(Protocol):
    """Places calls. ``dial`` blocks until the attempt has ended and may be called from many threads."""

    @property
    def trouble(self) -> str:
        """Why dialling is paused at present; empty when it is not."""

    @property
    def room(self) -> int:
        """How many calls may begin at this moment."""

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        """Dial once.

        Raises what ``dial.begin`` does, TrunkSick without having entered that, and LostAttempt when the carrier is
        closed meanwhile.
        """

    def drain(self) -> None:
        """Ring nobody any more; conversations go on."""

    def close(self) -> None:
        """Hang up whatever runs."""
