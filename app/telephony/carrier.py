"""What a carrier is to the rest of the product: something that dials a number and tells how that ended."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``answered_at`` is None when nobody did; ``duration`` is the seconds connected."""

    callee_type: CalleeType
    answered_at: datetime | None
    ended_at: datetime
    duration: int


Converse = Callable[[datetime, Callee], float]
"""Called once, when someone answers, with that instant and who it is; the seconds the conversation lasts."""


class LostAttempt(Exception):
    """The attempt was broken off before its outcome was known."""


class Carrier(Protocol):
    """Places calls. ``dial`` blocks until the attempt has ended and may be called from many threads."""

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        """Dial once. Raises LostAttempt when the carrier is closed meanwhile, and what ``dial.begin`` raises."""

    def close(self) -> None:
        """Hang up whatever runs."""
