"""Dialling from the tests of carriers: a phone, and what one does on it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import pytest
from needs import needs

from app.telephony.callees import Callee
from app.telephony.carrier import Carrier, Converse, Dial, Happening, Line, Outcome

ON_THE_WIRE = [needs("sipp", "espeak-ng", "setpriv"), pytest.mark.live]
"""What the exchange consists of, in real time."""

RING_SECONDS = 0.3
TIMEOUT_SECONDS = 3.0
VERDICT_SECONDS = 5.5

_call_ids = count(1)


@dataclass
class Phone:
    """A carrier, and what came of each dial. ``happened`` is what was heard of the line while it lasted."""

    carrier: Carrier
    happened: list[Happening] = field(default_factory=list)

    def dial(
        self,
        number: str,
        converse: Converse | None = None,
        *,
        attempt: int = 1,
        begin: AbstractContextManager[object] | None = None,
        **more: object,
    ) -> Outcome:
        """Dial a number; without ``converse`` whoever answers is listened to until it is known who that is."""
        given = {"ani": "", "postd": "", "begin": begin or nullcontext()} | more
        return self.carrier.dial(Dial(next(_call_ids), attempt, number, **given), converse or self.find_out)

    def find_out(self, _: datetime, who: Callee | Line) -> float:
        """Say nothing until it is known who answered, or it has hung up."""
        if isinstance(who, Callee):
            return 4.0
        return self.wait_for("callee", who)

    def wait_for(self, kind: str, line: Line, within: float = VERDICT_SECONDS) -> float:
        """Wait for something to happen, or for the end of the call."""
        while (left := within - line.seconds()) > 0:
            happening = line.next(left)
            if happening is not None:
                self.happened.append(happening)
                if happening.kind in (kind, "gone"):
                    break
        return line.seconds()
