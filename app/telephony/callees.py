"""Who answers a simulated call: a script for the number, else reserved fictional numbers, else a seeded mix.

The exchange and line 555-01xx of a North American number are reserved for fiction; their last digits choose the
callee, so that a client can be tried against each outcome. A script says what each attempt at a number meets.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from app.telephony.outcomes import ANSWERS, NOANSWER_SECONDS, CalleeType

ANSWER_RING_SECONDS = 4
LONGEST_SECONDS = 86_400
MOST_OUTCOMES = 100
MOST_PROMPTS = 1_000
MET = [callee_type.value for callee_type in CalleeType if callee_type is not CalleeType.NOATTEMPT]

_RESERVED = re.compile(r"\+1\d{3}555(01\d\d)")
_KEYS = re.compile("[0-9*#A-D]+")
_OF_ANSWERS = ("says", "dtmf", "does", "hangs_up_after", "hangs_up_at_prompt")

Kind = Literal["say", "dtmf", "noinput", "hangup", "transfer"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Step = tuple[Kind, str, float | None]
"""One thing that a callee does: its kind; its words, keys or outcome of a transfer; how many seconds after the prompts
began, None when they are over."""


@dataclass(frozen=True, slots=True)
class Callee:
    """What one simulated dial meets. ``rings`` is in seconds; the rest is for callees that answer.

    ``says`` and ``dtmf`` are what the callee will say and press when it fits, ``does`` is what it does in this order.
    ``hangs_up_after`` is the most seconds the conversation lasts, ``hangs_up_at_prompt`` the prompt or sound, counted
    from 1, at which the callee leaves; None: it stays as long as the caller likes.
    """

    callee_type: CalleeType
    rings: float
    says: tuple[str, ...] = ()
    dtmf: tuple[str, ...] = ()
    hangs_up_after: float | None = None
    does: tuple[Step, ...] = ()
    hangs_up_at_prompt: int | None = None

    @property
    def answers(self) -> bool:
        return self.callee_type in ANSWERS

    def stays(self, talk: float) -> float:
        """How many of ``talk`` seconds of conversation the callee is there."""
        return talk if self.hangs_up_after is None else min(talk, self.hangs_up_after)

    @classmethod
    def read(cls, outcome: object, place: str) -> "Callee":
        """The callee that one outcome of a script describes: a callee type, or an object that says more.

        Raises ValueError with a sentence that begins with ``place`` and the key that is wrong.
        """
        if not isinstance(outcome, dict):
            return _callee(_type_of(outcome, place))
        unknown = sorted(set(outcome) - {"callee", "ring", *_OF_ANSWERS})
        if unknown:
            raise ValueError(f"{place}: {', '.join(unknown)} is none of callee, ring, {', '.join(_OF_ANSWERS)}")
        if "callee" not in outcome:
            raise ValueError(f"{place}.callee: is required")
        callee_type = _type_of(outcome["callee"], f"{place}.callee")
        given = [key for key in _OF_ANSWERS if key in outcome]
        if given and callee_type not in ANSWERS:
            raise ValueError(f"{place}.{given[0]}: {callee_type} does not answer")
        if "does" in given and not {"says", "dtmf"}.isdisjoint(given):
            raise ValueError(f"{place}.does: can't be given beside says and dtmf")
        rings = _callee(callee_type).rings
        if "ring" in outcome:
            rings = _seconds(outcome["ring"], f"{place}.ring", above=False)
            if callee_type is CalleeType.NOANSWER and rings < NOANSWER_SECONDS:
                raise ValueError(f"{place}.ring: noanswer is {NOANSWER_SECONDS} s of ringing; leave ring out")
        if rings >= NOANSWER_SECONDS:
            return _callee(CalleeType.NOANSWER)
        leaves = "hangs_up_after" in outcome
        return cls(
            callee_type,
            rings,
            _texts(outcome.get("says", []), f"{place}.says"),
            _keys(outcome.get("dtmf", []), f"{place}.dtmf"),
            _seconds(outcome["hangs_up_after"], f"{place}.hangs_up_after", above=True) if leaves else None,
            _steps(outcome.get("does", []), f"{place}.does"),
            _prompt(outcome["hangs_up_at_prompt"], place) if "hangs_up_at_prompt" in outcome else None,
        )


def read_script(outcomes: object) -> tuple[Callee, ...]:
    """The callees of a number, one per attempt; the last one repeats. Raises ValueError naming place and key."""
    if not isinstance(outcomes, list) or not 1 <= len(outcomes) <= MOST_OUTCOMES:
        raise ValueError(f"outcomes: must be a list of 1 to {MOST_OUTCOMES} outcomes, one per attempt")
    return tuple(Callee.read(outcome, f"outcomes[{place}]") for place, outcome in enumerate(outcomes))


def _type_of(value: object, place: str) -> CalleeType:
    if value not in MET:
        raise ValueError(f"{place}: must be one of {', '.join(MET)}")
    return CalleeType(str(value))


def _seconds(value: object, place: str, *, above: bool) -> float:
    """A number of seconds from 0, or above it, up to a day."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST_SECONDS:
        given = None
    else:
        given = float(value)
    if given is None or (above and given == 0):
        raise ValueError(f"{place}: must be seconds, {'above' if above else 'from'} 0 and at most {LONGEST_SECONDS}")
    return given


def _prompt(value: object, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PROMPTS:
        raise ValueError(f"{place}.hangs_up_at_prompt: must be a whole number from 1 to {MOST_PROMPTS}")
    return value


def _texts(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        raise ValueError(f"{place}: must be a list of texts")
    return tuple(value)


def _keys(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(keys, str) and _KEYS.fullmatch(keys) for keys in value):
        raise ValueError(f"{place}: must be a list of texts of the keys 0-9, *, # and A-D")
    return tuple(value)


def _steps(value: object, place: str) -> tuple[Step, ...]:
    """Steps in the words of ``ringback vxml``, an object each: a text to say, keys, a transfer's outcome, or true."""
    if not isinstance(value, list) or not all(isinstance(step, dict) for step in value):
        raise ValueError(f"{place}: must be a list of objects with one step each")
    return tuple(_step(dict(step), f"{place}[{number}]") for number, step in enumerate(value))


def _step(step: dict[str, object], place: str) -> Step:
    """One of them; beside it may stand ``after``, in seconds."""
    after = _seconds(step.pop("after"), f"{place}.after", above=False) if "after" in step else None
    if len(step) != 1:
        raise ValueError(f"{place}: must have one step, of {', '.join(KINDS)}")
    for kind in KINDS:
        if kind in step:
            return kind, _what(kind, step[kind], f"{place}.{kind}"), after
    raise ValueError(f"{place}: {', '.join(step)} is none of {', '.join(KINDS)}")


def _what(kind: Kind, value: object, place: str) -> str:
    if kind in ("noinput", "hangup"):
        if value is not True:
            raise ValueError(f"{place}: must be true")
        return ""
    if not isinstance(value, str) or not value.strip() or (kind == "dtmf" and not _KEYS.fullmatch(value)):
        raise ValueError(f"{place}: must be {'keys 0-9, *, # and A-D' if kind == 'dtmf' else 'a text'}")
    return value


def _callee(callee_type: CalleeType) -> Callee:
    if callee_type in ANSWERS:
        return Callee(callee_type, ANSWER_RING_SECONDS)
    return Callee(callee_type, NOANSWER_SECONDS if callee_type is CalleeType.NOANSWER else 0)


def _ringing_for(seconds: float) -> Callee:
    return Callee(CalleeType.VOICE, seconds) if seconds < NOANSWER_SECONDS else _callee(CalleeType.NOANSWER)


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

    def meet(self, number: str, call_id: int, attempt: int, script: str = "") -> Callee:
        """Who attempt number ``attempt`` of a call meets at ``number``; ``script`` is its outcomes as JSON, or empty.

        Raises ValueError for a script that could not have been set.
        """
        if script:
            callees = read_script(json.loads(script))
            return callees[min(attempt, len(callees)) - 1]
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
