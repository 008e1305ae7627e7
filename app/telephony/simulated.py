"""The simulated carrier: no line, no phone, the same life of a call.

A simulated attempt takes its simulated seconds on the clock that it is given, or none at all, and reports the
duration either way.
"""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from app.telephony.callees import Callees
from app.telephony.carrier import Converse, Dial, LostAttempt, Outcome


class _Clock(Protocol):
    def now(self) -> datetime: ...

    def wait(self, seconds: float) -> bool: ...

    def interrupt(self) -> None: ...


class Ledger:
    """A file with a line per dial, written before it rings: ``call_id attempt unix_time phone_number``."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = Path(path).open("a", encoding="ascii", buffering=1)  # noqa: SIM115 - closed with the carrier

    def write(self, dial: Dial, now: datetime) -> None:
        with self._lock:
            self._file.write(f"{dial.call_id} {dial.attempt} {now.timestamp():.3f} {dial.number}\n")

    def close(self) -> None:
        self._file.close()


class SimulatedCarrier:
    """Dials nobody. ``takes_time`` says whether ringing and talking last their seconds on the clock."""

    def __init__(self, clock: _Clock, callees: Callees, *, takes_time: bool, ledger: str = "") -> None:
        self._clock = clock
        self._callees = callees
        self._takes_time = takes_time
        self._ledger = Ledger(ledger) if ledger else None

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
