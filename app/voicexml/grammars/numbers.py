"""Numbers as people say or type them in English: cardinals, ordinals, single digits, years."""

import re
from collections.abc import Sequence
from itertools import pairwise

_SMALL = {
    word: number
    for number, word in enumerate(
        re.findall(
            r"\w+",
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
            seventeen eighteen nineteen""",
        )
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
_VALUES = _SMALL | _TENS
_DIGITS = {word: str(number) for word, number in _SMALL.items() if number < 10} | {"oh": "0", "o": "0", "nought": "0"}
_TIMES = {"double": 2, "triple": 3}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_LARGEST = 10**15

_FIRST = ("first", "second", "third", "fifth", "eighth", "ninth", "twelfth")
_IRREGULAR = dict(zip(_FIRST, (1, 2, 3, 5, 8, 9, 12), strict=True))
_ORDINALS = (
    {word + "th": number for word, number in _SMALL.items() if number not in _IRREGULAR.values()}
    | {word.removesuffix("y") + "ieth": number for word, number in _TENS.items()}
    | _IRREGULAR
)


def cardinal(words: Sequence[str]) -> int | None:
    """``one hundred and five``, ``twelve``, ``2 million`` or ``105`` as a number; None for anything else."""
    if not words or words[-1] == "and":
        return None
    total, current, room, scale = 0, 0, _LARGEST, _LARGEST
    for before, word in pairwise(("", *words)):
        if word == "and":
            if before not in _SCALES and before != "hundred":
                return None
        elif word == "hundred":
            if not 0 < current < 100:
                return None
            current, room = 100 * current, 100
        elif word in _SCALES:
            if current == 0 or _SCALES[word] >= scale:
                return None
            scale = _SCALES[word]
            total, current, room = total + current * scale, 0, 1000
        else:
            value = 1 if word in ("a", "an") and not before and len(words) > 1 else _value(word)
            if value is None or value >= room or (value == 0 and len(words) > 1):
                return None
            current, room = current + value, 10 if word in _TENS else 1
    return total + current


def ordinal(words: Sequence[str]) -> int | None:
    """``third``, ``twenty first`` or ``3rd`` as a number; None for anything else."""
    if not words:
        return None
    last = words[-1]
    if last[:-2].isdecimal() and last[:-2].isascii() and last[-2:] in ("st", "nd", "rd", "th"):
        return int(last[:-2]) if len(words) == 1 and len(last) < 6 else None
    value = _ORDINALS.get(last)
    if value is None or len(words) == 1:
        return value
    return _TENS[words[0]] + value if len(words) == 2 and words[0] in _TENS and value < 10 else None


def digits(words: Sequence[str], *, grouped: bool = False) -> str | None:
    """Digits one after the other: ``oh two one``, ``double five``, ``617 555 0100``; None for anything else.

    ``grouped`` reads ``eight hundred`` and ``twenty two`` too, as in telephone numbers.
    """
    found: list[str] = []
    times = 1
    for before, word in pairwise(("", *words)):
        digit = _digit(word)
        if digit is not None:
            if grouped and times == 1 and before in _TENS and word in _SMALL and digit != "0":
                found[-1] = str(_TENS[before] + int(digit))
            else:
                found.append(digit * times)
            times = 1
        elif times > 1 or not (word in _TIMES or grouped):
            return None
        elif word in _TIMES:
            times = _TIMES[word]
        elif word in ("hundred", "thousand") and found and len(found[-1]) == 1:
            found[-1] += "00" if word == "hundred" else "000"
        elif word in _VALUES:
            found.append(str(_VALUES[word]))
        else:
            return None
    return "".join(found) if found and times == 1 else None


def year(words: Sequence[str]) -> int | None:
    """``two thousand and five``, ``nineteen ninety nine``, ``twenty oh five`` or ``2024``: four digits, else None."""
    whole = cardinal(words)
    if whole is not None:
        return whole if 1000 <= whole <= 9999 else None
    for at in range(1, len(words)):
        century, rest = cardinal(words[:at]), words[at:]
        if century is not None and 10 <= century <= 99:
            after = cardinal(rest)
            if after is not None and 10 <= after <= 99:
                return 100 * century + after
            if len(rest) == 2 and rest[0] in ("oh", "o") and (last := _digit(rest[1])) is not None and len(last) == 1:
                return 100 * century + int(last)
    return None


def _value(word: str) -> int | None:
    if word in _VALUES:
        return _VALUES[word]
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 16 else None


def _digit(word: str) -> str | None:
    if word in _DIGITS:
        return _DIGITS[word]
    return word if word.isascii() and word.isdecimal() else None
