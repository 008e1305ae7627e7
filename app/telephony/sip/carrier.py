"""Attempts over a trunk. Whoever dials waits in a thread of his own."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from baresip import BaresipError, CallFailed, CallTimeout

from app.telephony.carrier import Converse, Dial, LostAttempt, Outcome, Speaker, TrunkSick
from app.telephony.causes import TIMED_OUT, Failure
from app.telephony.detection import Detector, Tuning
from app.telephony.ledger import Ledger
from app.telephony.outcomes import NOANSWER_SECONDS
from app.telephony.sip.line import PAUSE_SECONDS, Ringing, SipLine
from app.telephony.sip.stack import COMMAND_SECONDS, Stack, hang_up
from app.telephony.trunk import Admission, Trunk

FIRST_ANSWER_SECONDS = 1.0
"""What the trunk may take to say that it tries, one lost packet included: until then a call can't be cancelled, and it
rings whatever we do (RFC 3261 section 9.1)."""

SIGN_SECONDS = 31.0
"""What the trunk may take to say that it rings. After 32 s without any answer (RFC 3261 section 17.1.1.2, Timer B) the
stack would send the INVITE again, to the next address of the trunk, though it may ring already by the first."""


class _Clock(Protocol):
    def now(self) -> datetime: ...


class SipCarrier:
    """Dials over a trunk, as telephony.carrier.Carrier has it. ``elapsed`` gives the seconds of a steady clock."""

    def __init__(
        self,
        trunk: Trunk,
        speaker: Speaker,
        clock: _Clock,
        elapsed: Callable[[], float],
        *,
        ring_seconds: float = NOANSWER_SECONDS,
        tuning: Tuning | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """Start the stack. Raises SettingError when it does not start."""
        self._trunk = trunk
        self._speaker = speaker
        self._clock = clock
        self._elapsed = elapsed
        self._ring_seconds = ring_seconds
        self._tuning = tuning or Tuning()
        self._ledger = ledger
        self._draining = self._closing = False
        self._stack = Stack(trunk, elapsed)

    @property
    def trouble(self) -> str:
        return self._stack.health.trouble

    @property
    def room(self) -> int:
        return self._stack.health.room(self._elapsed())

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        """One attempt, as telephony.carrier.Carrier has it."""
        health = self._stack.health
        admission = health.admit(self._elapsed())
        if admission is None:
            raise TrunkSick(health.trouble)
        try:
            return self._dial(dial, converse, admission)
        finally:
            health.over(admission)

    def drain(self) -> None:
        self._draining = True
        ringing = self._ringing()
        self._stack.hang_up(each.call for each in ringing if each.rang)
        if not all(each.rang for each in ringing):
            threading.Event().wait(FIRST_ANSWER_SECONDS)
            self._stack.hang_up(each.call for each in self._ringing())

    def close(self) -> None:
        self._draining = self._closing = True
        self._stack.hang_up(each.call for each in self._calls())
        self._stack.close()
        if self._ledger is not None:
            self._ledger.close()

    def _dial(self, dial: Dial, converse: Converse, admission: Admission) -> Outcome:
        with dial.begin:
            if self._ledger is not None:
                self._ledger.write(dial, self._clock.now())
            ringing = self._ring(f"+1{dial.ani}" if dial.ani else self._trunk.caller_id, dial.number)
        answer = ringing if isinstance(ringing, Failure) else self._wait(ringing, detects=dial.detection)
        if self._closing or (self._draining and isinstance(answer, Failure)):
            raise LostAttempt
        if isinstance(answer, Failure):
            return self._failed(answer, admission)
        return self._talk(answer, dial.postd, converse)

    def _calls(self) -> list[Ringing | SipLine]:
        return [each for each in tuple(self._stack.listeners) if isinstance(each, (Ringing, SipLine))]

    def _ringing(self) -> list[Ringing]:
        return [each for each in self._calls() if isinstance(each, Ringing)]

    def _ring(self, caller_id: str, number: str) -> Ringing | Failure:
        async def invite() -> Ringing | Failure:
            try:
                ringing = await self._stack.invite(caller_id, number, lambda call: Ringing(call, self._answered))
            except BaresipError as wrong:
                return Failure(None, str(wrong))
            self._stack.listeners.add(ringing)
            return ringing

        return self._stack.do(invite())

    def _wait(self, ringing: Ringing, *, detects: bool) -> SipLine | Failure:
        """Until somebody answers, or for as long as it may ring."""

        async def answered() -> SipLine | Failure:
            try:
                await self._established(ringing)
            except CallTimeout as wrong:
                return ringing.failed(TIMED_OUT if ringing.rang else None, str(wrong))
            except CallFailed as wrong:
                return ringing.failed(wrong.status, wrong.reason)
            finally:
                self._stack.listeners.discard(ringing)
            line = SipLine(ringing.call, self._speaker, self._elapsed, Detector(self._tuning) if detects else None)
            self._stack.listeners.add(line)
            return line

        return self._stack.do(answered(), self._ring_seconds + COMMAND_SECONDS)

    async def _established(self, ringing: Ringing) -> None:
        """Until it is answered. Raises CallTimeout, CallFailed."""
        waiting = asyncio.create_task(ringing.call.wait_established(self._ring_seconds))
        await asyncio.wait([waiting], timeout=SIGN_SECONDS)
        if not waiting.done() and not ringing.rang:
            waiting.cancel()
            await hang_up([ringing.call])
            raise CallTimeout(f"no sign of ringing within {SIGN_SECONDS:g} s")
        await waiting

    def _answered(self) -> None:
        """The trunk has answered a call in some way."""
        self._stack.health.answered(self._elapsed())

    def _failed(self, failure: Failure, admission: Admission) -> Outcome:
        if failure.is_of_the_trunk:
            why = f"the trunk {self._trunk.address} does not answer: {failure.text}"
            self._stack.health.failed(admission, why, self._elapsed())
        else:
            self._answered()
        return Outcome(failure.callee_type, None, self._clock.now(), 0)

    def _talk(self, line: SipLine, postd: str, converse: Converse) -> Outcome:
        self._answered()
        answered_at = self._clock.now()
        try:
            self._stack.do(line.send(postd), COMMAND_SECONDS + len(postd) * PAUSE_SECONDS)
            converse(answered_at, line)
        finally:
            self._stack.hang_up([line.call])
            self._stack.listeners.discard(line)
        if self._closing:
            raise LostAttempt
        seconds = line.seconds() if line.over_after is None else line.over_after
        return Outcome(line.callee_type, answered_at, self._clock.now(), round(seconds))
