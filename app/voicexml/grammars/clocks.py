"""Times of day as they are said or typed in English, as VoiceXML 2.0 appendix P writes them: hhmm and a, p, h or ?."""

import re
from collections.abc import Sequence

from app.voicexml.grammars import numbers
from app.voicexml.grammars.words import words

_TYPED = re.compile(r"(\d{1,2}):(\d{2})")
_HALVES = {"am": "a", "a": "a", "pm": "p", "p": "p"}
_PARTS = {
    ("in", "the", "morning"): "a",
    ("in", "the", "afternoon"): "p",
    ("in", "the", "evening"): "p",
    ("at", "night"): "p",
}
_NAMED = {"noon": "1200p", "midday": "1200p", "midnight": "1200a"}
_FRACTIONS = {("half",): 30, ("quarter",): 15, ("a", "quarter"): 15}


def time(text: str) -> str | None:
    """``three thirty p m``, ``half past three``, ``3:30 pm``, ``15:30`` or ``noon``; None is no match."""
    said = list(words(re.sub(r"(?<=\d)(?=[ap]\.?m)", " ", text.casefold())))
    if said[:1] == ["at"]:
        said = said[1:]
    if len(said) == 1 and said[0] in _NAMED:
        return _NAMED[said[0]]
    said, half = _half(said)
    if said[-1:] == ["oclock"]:
        hour = numbers.cardinal(said[:-1])
        return None if hour is None else _time(hour, 0, half)
    if said[-1:] == ["hours"]:
        return _military(said[:-1]) if not half else None
    found = _before_or_after(said) or _plain(said)
    return None if found is None else _time(*found, half)


def _half(said: list[str]) -> tuple[list[str], str]:
    """The time without the half of the day that was said after it, and that half: a, p or nothing."""
    for words_of_day, half in _PARTS.items():
        if tuple(said[-len(words_of_day) :]) == words_of_day:
            return said[: -len(words_of_day)], half
    if said[-1:] in (["am"], ["pm"]):
        return said[:-1], _HALVES[said[-1]]
    if said[-1:] == ["m"] and said[-2:-1] in (["a"], ["p"]):
        return said[:-2], _HALVES[said[-2]]
    return said, ""


def _military(said: Sequence[str]) -> str | None:
    """``fifteen hundred``, ``oh nine thirty``: the clock of twenty-four hours."""
    value = numbers.cardinal(said)
    if value is not None and 100 <= value <= 2359:
        return _time(value // 100, value % 100, "h")
    found = _plain(said)
    return None if found is None else _time(*found, "h")


def _before_or_after(said: Sequence[str]) -> tuple[int, int] | None:
    """``half past three``, ``ten minutes to four``."""
    at = next((place for place, word in enumerate(said) if word in ("past", "after", "to", "before", "till")), None)
    if at is None:
        return None
    hour = numbers.cardinal(said[at + 1 :])
    counted = said[:at]
    if counted and counted[-1] in ("minute", "minutes"):
        counted = counted[:-1]
    minutes = _FRACTIONS.get(tuple(counted)) or numbers.cardinal(counted)
    if hour is None or minutes is None or not 0 < minutes < 60:
        return None
    if said[at] in ("past", "after"):
        return hour, minutes
    return (12 if hour == 1 else 23 if hour == 0 else hour - 1), 60 - minutes


def _plain(said: Sequence[str]) -> tuple[int, int] | None:
    """``three thirty``, ``three oh five``, ``three``, ``3:30``, ``1530``."""
    if len(said) == 1 and (typed := _TYPED.fullmatch(said[0])):
        return int(typed[1]), int(typed[2])
    if len(said) == 1 and len(said[0]) == 4 and said[0].isascii() and said[0].isdecimal():
        return int(said[0][:2]), int(said[0][2:])
    start = 1 if said[:1] in (["oh"], ["zero"]) and len(said) > 1 else 0
    for end in range(len(said), start, -1):
        hour, rest = numbers.cardinal(said[start:end]), said[end:]
        if hour is None or hour > 24:
            continue
        minutes = 0 if not rest else _minutes(rest)
        if minutes is not None:
            return hour, minutes
    return None


def _minutes(said: Sequence[str]) -> int | None:
    if len(said) == 2 and said[0] in ("oh", "o", "zero"):
        single = numbers.cardinal(said[1:])
        return single if single is not None and single < 10 else None
    value = numbers.cardinal(said)
    return value if value is not None and 10 <= value < 60 else None


def _time(hour: int, minutes: int, half: str) -> str | None:
    if not (0 <= hour < 24 and 0 <= minutes < 60) or (half in ("a", "p") and not 1 <= hour <= 12):
        return None
    return f"{hour:02}{minutes:02}{half or ('?' if 1 <= hour <= 12 else 'h')}"
