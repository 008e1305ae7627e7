"""Who answers a simulated call: reserved fictional numbers, else a seeded mix.

The exchange and line 555-01xx of a North American number are reserved for fiction; their last digits choose the
callee, so that a client can be tried against each outcome.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.telephony.outcomes import ANSWERS, NOANSWER_SECONDS, CalleeType

ANSWER_RING_SECONDS = 4
_RESERVED = re.compile(r"\+1\d{3}555(01\d\d)")


@dataclass(frozen=True, slots=True)
class Callee:
    """What one simulated dial meets. ``rings`` is in seconds."""

    callee_type: CalleeType
    rings: float

    @property
    def answers(self) -> bool:
        return self.callee_type in ANSWERS


def _callee(callee_type: CalleeType) -> Callee:
    if callee_type in ANSWERS:
        return Callee(callee_type, ANSWER_RING_SECONDS)
    return Callee(callee_type, NOANSWER_SECONDS if callee_type is CalleeType.NOANSWER else 0)


def _ringing_for(seconds: float) -> Callee:
    return Callee(CalleeType.VOICE, seconds) if seconds < NOANSWER_SECONDS else _callee(CalleeType.NOANSWER)


MET = [callee_type.value for callee_type in CalleeType if callee_type is not CalleeType.NOATTEMPT]
VOICE = _callee(CalleeType.VOICE)
_ALWAYS = {
    "0100": VOICE,
    "0101": _callee(CalleeType.ANSWERINGMACHINE),
    "0102": _callee(CalleeType.FAXMACHINE),
    "0103": _callee(CalleeType.BUSY),
    "0104": _callee(CalleeType.NOANSWER),
    "0105": _callee(CalleeType.INFORMATIONTONE),
    "0106": _callee(CalleeType.LINEFAILURE),
    "0107": _callee(CalleeType.UNKNOWN),
    "0120": _ringing_for(44),
    "0121": _ringing_for(46),
}
_BUSY_TWICE = "0109"
_NOANSWER_N_TIMES = "011"


class Callees:
    """Chooses the callee of each dial: the same seed, call_id and attempt always meet the same one."""

    def __init__(self, mix: Mapping[str, int], seed: str) -> None:
        """Raises ValueError when ``mix`` names something that no dial can meet."""
        unknown = [name for name in mix if name not in MET]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(MET)}")
        self._types = [CalleeType(name) for name in mix]
        self._weights = list(mix.values())
        self._seed = seed

    def meet(self, number: str, call_id: int, attempt: int) -> Callee:
        """Who attempt number ``attempt`` of a call meets at ``number``."""
        reserved = _RESERVED.fullmatch(number)
        return (reserved and _reserved(reserved[1], attempt)) or self._draw(call_id, attempt)

    def _draw(self, call_id: int, attempt: int) -> Callee:
        draw = random.Random(f"{self._seed}:{call_id}:{attempt}")  # noqa: S311 - a simulation, to be repeated
        return _callee(draw.choices(self._types, self._weights)[0])


def _reserved(line: str, attempt: int) -> Callee | None:
    if line == _BUSY_TWICE:
        return _callee(CalleeType.BUSY) if attempt <= 2 else VOICE
    if line.startswith(_NOANSWER_N_TIMES):
        return _callee(CalleeType.NOANSWER) if attempt <= int(line[3]) else VOICE
    return _ALWAYS.get(line)
