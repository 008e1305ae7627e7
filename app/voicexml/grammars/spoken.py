"""What typed speech means to the builtin types of VoiceXML 2.0 appendix P, in English; None is no match."""

import re
from collections.abc import Sequence
from datetime import date as calendar_day

from app.voicexml.grammars import numbers
from app.voicexml.grammars.clocks import time
from app.voicexml.grammars.words import words

__all__ = ["boolean", "currency", "date", "digits", "is_day", "number", "phone", "time"]

_YES = frozenset(
    re.findall(
        r"[^|\n]+",
        """yes|yeah|yep|yup|y|sure|sure thing|ok|okay|all right|correct|right|true|affirmative|certainly|absolutely
of course|you bet|uh huh|i do|it is|that is right|that is correct|thats right|thats correct|that is true""",
    )
)
_NO = frozenset(
    re.findall(
        r"[^|\n]+",
        """no|nope|nah|n|negative|false|wrong|incorrect|not right|not correct|no way|not really|not at all|uh uh
i do not|i dont|it is not|it isnt|that is wrong|thats wrong|that is not right|thats not right|that is incorrect
thats incorrect|that is not correct|thats not correct""",
    )
)
_POLITE = ("please", "thanks", "thank you", "sir", "maam", "madam", "it is", "i do", "thats right", "thats correct")
_MONTHS = (
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may",),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep", "sept"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_WEEKDAYS = frozenset(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
_WRITTEN = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})|(?P<m>\d{1,2})/(?P<d>\d{1,2})(?:/(?P<y>\d{4}))?",
    re.ASCII,
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_UNITS = {
    "dollar": "USD",
    "dollars": "USD",
    "buck": "USD",
    "bucks": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "pound": "GBP",
    "pounds": "GBP",
    "yen": "JPY",
    "franc": "CHF",
    "francs": "CHF",
} | {code.lower(): code for code in ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD")}
_PARTS = {"cent": "USD", "cents": "USD", "penny": "USD", "pennies": "USD", "pence": "GBP"}
_AMOUNT = re.compile(r"(?P<sign>[$€£¥]?)\s*(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.(?P<part>\d{1,2}))?")
_NUMBER = re.compile(r"(?P<sign>[-+]?)(?:(?P<whole>\d{1,3}(?:,\d{3})+|\d+)|(?=\.\d))(?P<part>\.\d+)?\.?", re.ASCII)
_EXTENSIONS = ("x", "ext", "extn", "extension")


def boolean(text: str) -> bool | None:
    """Yes or no, with the words of politeness after it."""
    said = " ".join(words(text))
    for _ in range(3):
        if said in _YES:
            return True
        if said in _NO:
            return False
        polite = next((word for word in _POLITE if said.endswith(" " + word)), None)
        if polite is None:
            return None
        said = said.removesuffix(polite).rstrip()
    return None


def digits(text: str) -> str | None:
    """Digits, said one by one or typed in groups."""
    return numbers.digits(words(text))


def phone(text: str) -> str | None:
    """A telephone number: digits, and the extension after an x."""
    said = list(words(re.sub(r"(?<=\d)\s*x\s*(?=\d)", " x ", text.casefold())))
    at = next((place for place, word in enumerate(said) if word in _EXTENSIONS), None)
    main = numbers.digits([word for word in said[:at] if word != "plus"], grouped=True)
    if at is None or main is None:
        return main
    extension = numbers.digits(said[at + 1 :], grouped=True)
    return None if extension is None else f"{main}x{extension}"


def number(text: str) -> str | None:
    """A number as digits with an optional sign and point: ``one hundred and five``, ``minus five point three``."""
    typed = "".join(text.split()).replace("\u2212", "-")
    if len(text.split()) == 1 and (found := _NUMBER.fullmatch(typed)):
        return f"{found['sign']}{(found['whole'] or '0').replace(',', '')}{found['part'] or ''}"
    said = list(words(text))
    sign = ""
    if said and said[0] in ("minus", "negative", "plus"):
        sign = "+" if said.pop(0) == "plus" else "-"
    at = said.index("point") if "point" in said else len(said)
    whole, part = _whole(said[:at]), numbers.digits(said[at + 1 :])
    if at == len(said):
        return None if whole is None else sign + whole
    if part is None or (whole is None and at):
        return None
    return f"{sign}{whole or '0'}.{part}"


def _whole(said: Sequence[str]) -> str | None:
    value = numbers.cardinal(said)
    return numbers.digits(said) if value is None else str(value)


def currency(text: str) -> str | None:
    """An amount as UUUmm.nn, without the UUU where no currency is said."""
    said = text.casefold().strip()
    code = next((word for word in said.split() if word in _UNITS), "")
    typed = _AMOUNT.fullmatch(said.replace(code, "", 1).strip() if code else said)
    if typed:
        unit = _SIGNS.get(typed["sign"]) or _UNITS.get(code, "")
        return f"{unit}{int(typed['whole'].replace(',', ''))}.{typed['part'] or '':0<2}"
    if said.startswith(("-", "+", "\u2212")):
        return None
    heard = [word for word in words(said) if word != "only"]
    if heard and heard[-1] in _PARTS:
        return _in_words(heard[:-1], _PARTS[heard[-1]])
    return _in_words(heard, "")


def _in_words(said: Sequence[str], part: str) -> str | None:
    """``twenty five dollars and ten [cents]``; ``part`` is the currency whose cents were said at the end."""
    at = next((place for place, word in enumerate(said) if word in _UNITS), None)
    if at is None:
        amount = numbers.cardinal(said)
        if amount is None or (part and amount > 99):
            return None
        return f"{part}0.{amount:02}" if part else f"{amount}.00"
    rest = list(said[at + 1 :])
    if rest[:1] == ["and"]:
        rest = rest[1:]
        if not rest:
            return None
    whole, cents = numbers.cardinal(_one(said[:at])), numbers.cardinal(rest) if rest else 0
    if whole is None or cents is None or cents > 99 or (part and not rest):
        return None
    return f"{_UNITS[said[at]]}{whole}.{cents:02}"


def _one(said: Sequence[str]) -> Sequence[str]:
    return ["one"] if list(said) in (["a"], ["an"]) else said


def is_day(year: int, month: int, day: int) -> bool:
    """Whether there is such a day."""
    try:
        calendar_day(year, month, day)
    except ValueError:
        return False
    return True


def date(text: str) -> str | None:
    """A date as yyyymmdd with question marks for what is not said."""
    typed = _WRITTEN.fullmatch(text.strip())
    if typed:
        year = typed["year"] or typed["y"]
        return _date(int(year) if year else None, int(typed["month"] or typed["m"]), int(typed["day"] or typed["d"]))
    said = [word for word in words(text) if word not in _WEEKDAYS and word not in ("the", "of")]
    if len(said) == 1 and len(said[0]) == 8 and said[0].isascii() and said[0].isdecimal():
        return _date(int(said[0][:4]), int(said[0][4:6]), int(said[0][6:]))
    at = next((place for place, word in enumerate(said) if word in _MONTH), None)
    if at is None:
        day = numbers.ordinal(said)
        return _date(None, None, day) if day is not None else _date(numbers.year(said), None, None)
    return _around(said[:at], _MONTH[said[at]], said[at + 1 :])


def _around(before: Sequence[str], month: int, after: Sequence[str]) -> str | None:
    """A date whose month is said by its name: the day on either side, the year at the end."""
    if before:
        day = _day(before)
        year = numbers.year(after)
        return None if day is None or (after and year is None) else _date(year, month, day)
    if not after:
        return _date(None, month, None)
    if (year := numbers.year(after)) is not None:
        return _date(year, month, None)
    for at in range(1, len(after) + 1):
        day, year = _day(after[:at]), numbers.year(after[at:])
        if day is not None and (at == len(after) or year is not None):
            return _date(year, month, day)
    return None


def _day(said: Sequence[str]) -> int | None:
    found = numbers.ordinal(said)
    return numbers.cardinal(said) if found is None else found


def _date(year: int | None, month: int | None, day: int | None) -> str | None:
    if (year, month, day) == (None, None, None) or not is_day(
        2000 if year is None else year, 1 if month is None else month, 1 if day is None else day
    ):
        return None
    return "".join(("????" if year is None else f"{year:04}", _two(month), _two(day)))


def _two(value: int | None) -> str:
    return "??" if value is None else f"{value:02}"
