"""The trunk: where calls are handed to a carrier, as whom, and whether it takes calls."""

import math
import threading
from dataclasses import dataclass
from typing import Literal

from app.telephony.carrier import NO_LIMIT

Transport = Literal["udp", "tcp", "tls"]
FAILURES_OF_A_SICK_TRUNK = 3
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 10.0, 300.0
"""Between one trial call at a sick trunk and the next; each pause is twice the one before."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """``address`` is ``host`` or ``host:port``; ``user`` and ``password`` answer its digest challenges, if any.

    ``caller_id`` is ``+`` and digits, for calls that name none. ``listen`` is the address and port that we are reached
    at, ``rtp_ports`` are first and last of those for sound; empty: any.
    """

    address: str
    caller_id: str
    transport: Transport = "udp"
    user: str = ""
    password: str = ""
    registers: bool = False
    listen: str = ""
    rtp_ports: tuple[int, int] | None = None

    def uri(self, user: str) -> str:
        """The SIP URI of somebody there."""
        return f"sip:{user}@{self.address};transport={self.transport}"


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """The right of one call to go to the trunk, given at a second of a steady clock."""

    began: float


class Health:
    """Whether the trunk takes calls, which calls alone tell. Times are seconds of a steady clock.

    After several calls in a row that got no answer of any kind the trunk is sick: from then on one call at a time is
    tried, after pauses that grow, until a call is answered. An answer to anything else than a call does not make it
    well, because it may come another way; when such answers come again after they were missing, the next trial call
    is made at once. Whoever is not registered dials nothing. Methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered_at = -math.inf
        self._failures = 0
        self._silence = ""
        self._refusal = ""
        self._pause = FIRST_PAUSE_SECONDS
        self._next_trial_at = -math.inf
        self._trial: Admission | None = None
        self._reachable = True

    @property
    def trouble(self) -> str:
        """What is wrong with it; empty when nothing is."""
        return self._refusal or self._silence

    def room(self, now: float) -> int:
        """How many calls may begin now."""
        if self._refusal:
            return 0
        if not self._silence:
            return NO_LIMIT
        return int(self._trial is None and now >= self._next_trial_at)

    def admit(self, now: float) -> Admission | None:
        """Let one call begin, or not; ``over`` must be told when it has ended."""
        with self._lock:
            if not self.room(now):
                return None
            admission = Admission(now)
            if self._silence:
                self._trial = admission
            return admission

    def answered(self, now: float) -> None:
        """It answered a call, whatever it said."""
        with self._lock:
            self._answered_at = now
            self._failures = 0
            self._silence = ""
            self._pause = FIRST_PAUSE_SECONDS
            self._trial = None

    def failed(self, admission: Admission, why: str, now: float) -> None:
        """A call has ended without an answer; one that began before the last answer came says nothing."""
        with self._lock:
            if admission.began < self._answered_at:
                return
            if admission is self._trial:
                self._silence = why
                self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)
                self._next_trial_at = now + self._pause
            elif not self._silence:
                self._count(why, now)

    def over(self, admission: Admission) -> None:
        """A call has ended, however it did."""
        with self._lock:
            if admission is self._trial:
                self._trial = None

    def asked(self, now: float, *, answered: bool) -> None:
        """It was asked something else than to take a call."""
        with self._lock:
            if answered and not self._reachable:
                self._next_trial_at = now
            self._reachable = answered

    def registered(self, now: float) -> None:
        """It knows us."""
        self._refusal = ""
        self.asked(now, answered=True)

    def refused(self, why: str) -> None:
        """It does not know us: nothing can be dialled."""
        self._refusal = why
        self._reachable = False

    def _count(self, why: str, now: float) -> None:
        self._failures += 1
        if self._failures >= FAILURES_OF_A_SICK_TRUNK:
            self._silence = why
            self._next_trial_at = now + self._pause
            self._reachable = True
