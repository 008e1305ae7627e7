"""The simulated carrier: no line, no phone, the same life of a call.

A simulated attempt takes its simulated seconds on the clock that it is given, or none at all, and reports the
duration either way.
"""

from datetime import datetime, timedelta
from typing import Protocol

from app.telephony.callees import Callees
from app.telephony.carrier import NO_LIMIT, Converse, Dial, LostAttempt, Outcome
from app.telephony.ledger import Ledger


class _Clock(Protocol):
    def now(self) -> datetime: ...

    def wait(self, seconds: float) -> bool: ...

    def interrupt(self) -> None: ...


class SimulatedCarrier:
    """Dials nobody. ``takes_time`` says whether ringing and talking last their seconds on the clock."""

    trouble = ""
    room = NO_LIMIT

    def __init__(self, clock: _Clock, callees: Callees, *, takes_time: bool, ledger: Ledger | None = None) -> None:
        self._clock = clock
        self._callees = callees
        self._takes_time = takes_time
        self._ledger = ledger

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        """One attempt, as carrier.Carrier has it."""
        with dial.begin:
            started_at = self._clock.now()
            if self._ledger is not None:
                self._ledger.write(dial, started_at)
        callee = self._callees.meet(dial.number, dial.call_id, dial.attempt, dial.script)
        rung_until = self._after(started_at, callee.rings)
        if not callee.answers:
            return Outcome(callee.callee_type, None, rung_until, 0)
        talk = callee.stays(converse(rung_until, callee))
        return Outcome(callee.callee_type, rung_until, self._after(rung_until, talk), round(talk))

    def drain(self) -> None:
        """Nothing to do: nobody hears it ring."""

    def close(self) -> None:
        self._clock.interrupt()
        if self._ledger is not None:
            self._ledger.close()

    def _after(self, instant: datetime, seconds: float) -> datetime:
        if not self._takes_time:
            return self._clock.now()
        if not self._clock.wait(seconds):
            raise LostAttempt
        return instant + timedelta(seconds=seconds)
