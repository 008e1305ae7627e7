"""Phone numbers: what a client may write, the number it stands for, and which numbers are never dialled.

Pure: no database, no network, no clock. The only module that imports ``phonenumbers``.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType

# Ten digits of the North American plan, perhaps after 1 or +1. Group 1 is the ten. What it matches is accepted
# without a further look unless numbers must be valid, so area code 911 is left to the careful path.
PLAIN = r"(?:\+?1)?((?!911)[2-9][0-9]{2}[2-9][0-9]{6})"

# Phones take these for emergency calls somewhere, wherever the owner is: GSM handsets know most of them
# (3GPP TS 22.101 section 10.1.1), 933 tests 911 and 988 is the lifeline of the USA and Canada.
EMERGENCY = frozenset({"911", "112", "999", "000", "110", "119", "933", "988", "08"})

_PLAIN = re.compile(PLAIN)
_NANP = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
# 9 is for an outside line, 011 and 00 for abroad. 000, 110 and 08 are too like them to be told apart.
_PREFIXED = re.compile("[01]*9?[01]*(?:911|112|999|119|933|988)")
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)  # as ISO 3166 codes
_LONGEST_EMERGENCY = 6  # digits, in the metadata of phonenumbers
_INDIAN = 12  # digits of a number of country code 91, whose areas begin with 1 to 9

_SEPARATORS = str.maketrans("", "", "-.() ")
_EXTENSION = re.compile(r"(?<=[0-9), ])(?:ext(?:ension|n)?|x|#)[.: ]*([0-9]{1,11})\Z", re.IGNORECASE)
_POSTD = re.compile(r"[0-9*#A-Dpw,]+")
_PARAMETER = re.compile(r"([A-Za-z0-9-]+)(?:=([^;]+))?")


class BadNumber(ValueError):
    """A text is no phone number, or one that is not dialled; ``str()`` is the rule, without the field's name."""


@dataclass(frozen=True, slots=True)
class NumberRules:
    """How numbers are judged.

    ``valid`` asks ``phonenumbers`` whether a number can exist. ``countries`` are ISO 3166 codes such as ``US``:
    the owner's, whose emergency numbers are refused, and the only ones that ``refuse_unless_diallable`` lets through.
    ``callers`` are the caller IDs that may be shown, None for any.
    """

    valid: bool = False
    countries: frozenset[str] = frozenset({"US", "CA"})
    callers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number to dial (``+16175551234``), the caller ID to show (ten digits), the keys to press after the answer.

    ``parameters`` are the others of the tel URL, ``name=value`` as sent. ``str()`` is the normal form, which
    ``parse`` reads back to an equal number.
    """

    number: str
    ani: str = ""
    postd: str = ""
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        known = [f"{name}={value}" for name, value in (("ani", self.ani), ("postd", self.postd)) if value]
        return ";".join([f"tel:{self.number}", *known, *self.parameters])


def parse(text: str, rules: NumberRules) -> PhoneNumber:
    """The number that a text stands for. Raises BadNumber.

    Forms: "Outbound API Parameter Notes" (phone_number), RFC 2806 section 2.2, RFC 3966 section 3. Ten digits without
    ``+`` get country code 1.
    """
    if not rules.valid and (plain := _PLAIN.fullmatch(text)):
        return PhoneNumber(f"+1{plain[1]}")
    head, *sent_parameters = _to_ascii(text).split(";")
    digits = _digits(head.strip())
    bare_ten = len(digits) == 10 and not digits.startswith("+")
    if _is_emergency(f"1{digits}" if bare_ten else digits.removeprefix("+"), rules.countries):
        raise BadNumber("emergency and crisis numbers are never dialled")
    parameters = _parameters(sent_parameters)
    number = _global(digits, head) if digits.startswith("+") else _local(digits, parameters.get("phone-context"))
    if rules.valid and not _is_valid(number):
        raise BadNumber("no such number can exist; check its country and area code")
    return PhoneNumber(
        number,
        _ani(parameters.get("ani")),
        _postd(parameters.get("postd")),
        tuple(part for part in _stripped(sent_parameters) if _name(part) not in ("ani", "postd")),
    )


def refuse_unless_diallable(number: PhoneNumber, rules: NumberRules, *, premium: bool) -> None:
    """Raise BadNumber for a country that is not the owner's and, unless ``premium``, for a premium-rate number.

    A number that costs money, so only for a carrier that does. An unknown region under +1 counts as US.
    """
    try:
        parsed = phonenumbers.parse(number.number)
    except phonenumbers.NumberParseException as wrong:
        raise BadNumber("no country has this country code") from wrong
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:
        region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    if region not in rules.countries:
        place = "outside all countries" if region in ("001", "ZZ") else f"in {region}"
        raise BadNumber(f"a number {place} is not called from here, only {', '.join(sorted(rules.countries))}")
    # A number of 900 that does not exist has no type in phonenumbers, but a switch may bill it all the same.
    costly = phonenumbers.number_type(parsed) == PhoneNumberType.PREMIUM_RATE or number.number.startswith("+1900")
    if costly and not premium:
        raise BadNumber("premium-rate numbers are not called from here")


@dataclass(frozen=True, slots=True)
class DialRules:
    """What may be dialled, whatever was queued: ``costs`` says that the carrier rings real phones, for money."""

    numbers: NumberRules = NumberRules()
    costs: bool = False
    premium: bool = False


def refuse_to_dial(number: str, rules: DialRules) -> None:
    """Raise BadNumber for what must not be dialled: an emergency number ever, and what costs too much."""
    asked = parse(number, NumberRules(countries=rules.numbers.countries))
    if rules.costs:
        refuse_unless_diallable(asked, rules.numbers, premium=rules.premium)


def _to_ascii(text: str) -> str:
    """Digits of every script, fullwidth forms, dashes and spaces as their ASCII twins; anything else as it is."""
    return text if text.isascii() else "".join(map(_ascii_twin, text))


def _ascii_twin(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    return "-" if category == "Pd" or char == "\u2212" else char


def _digits(head: str) -> str:
    """``+16175551234`` or ``6175551234`` of what stands before the first semicolon."""
    if head[:4].lower() == "tel:":
        head = head[4:]
    if extension := _EXTENSION.search(head):
        raise _no_extension(extension[1])
    cleaned = head.translate(_SEPARATORS)
    digits = cleaned.removeprefix("+")
    if not digits:
        raise BadNumber("holds no digits; send a number such as +16175551234")
    for char in digits:
        if not "0" <= char <= "9":
            raise BadNumber(f"{_shown(char)} can't be part of a number; send digits, such as +16175551234")
    return cleaned


def _shown(char: str) -> str:
    return f"'{char}'" if char.isprintable() else f"the invisible character U+{ord(char):04X}"


def _no_extension(keys: str) -> BadNumber:
    return BadNumber(f"an extension is not part of the number; send ;postd={keys} to dial it after the answer")


def _global(digits: str, head: str) -> str:
    if digits.startswith("+0"):
        raise BadNumber("no country code begins with 0; send + and the country code")
    if "(0)" in head:
        raise BadNumber("leave out the (0): it is not dialled after a country code")
    if not 8 <= len(digits) <= 16:
        raise BadNumber(f"has {len(digits) - 1} digits; after + there must be 7 to 15")
    return digits


def _local(digits: str, context: str | None) -> str:
    # What a context adds to the digits is up to the dialler (RFC 3966 section 5.1.5): only +1 leaves no doubt.
    if context is not None and not context.translate(_SEPARATORS).startswith("+1"):
        raise BadNumber("phone-context is read for +1 only; send + and the country code with the number itself")
    if len(digits) == 10:
        return f"+1{digits}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"+{digits}"
    if digits.startswith(("00", "011")):
        raise BadNumber("send + and the country code instead of 00 or 011")
    raise BadNumber(
        f"has {len(digits)} digits; without + there must be 10, or 11 that begin with 1"
        " (other countries: + and the country code; in a form + is sent as %2B)"
    )


def _is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _is_emergency(digits: str, countries: frozenset[str]) -> bool:
    """Whether digits would, or on a careless dial plan could, ring an emergency service.

    There is no area code 911, so nothing legitimate is lost with it, and a switch that matches digit by digit would
    connect after three. The same holds for 911 next to a wrong count of digits. Abroad, 112 and the like do begin
    ordinary numbers: there the whole number after zeros and country code counts.
    """
    if len(digits) > 15:
        return False  # too long for any number, and refused for that
    if _NANP.fullmatch(digits):
        return digits.removeprefix("1").startswith("911")
    if digits.startswith("1911") or (digits.startswith("911") and len(digits) < _INDIAN):
        return True
    if digits.startswith("1") and digits.endswith("911") and len(digits) != 11:
        return True
    if any(_is_short_emergency(rest, countries) for rest, countries in _readings(digits, countries)):
        return True
    return _PREFIXED.fullmatch(digits) is not None and not _is_valid(f"+{digits}")


def _readings(digits: str, home: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What may be meant, with the countries it may be dialled in: the digits at home, or after a country code."""
    digits = digits.lstrip("0")
    yield digits, home
    for length in (1, 2, 3):
        countries = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or "0"))
        if countries and len(digits) > length:
            yield digits[length:].lstrip("0"), home.union(countries)


def _is_short_emergency(rest: str, countries: frozenset[str]) -> bool:
    """``rest`` has lost its leading zeros: nothing left means 000."""
    if len(rest) > _LONGEST_EMERGENCY:
        return False
    pattern = _emergency_pattern(countries)
    return any(pattern.fullmatch(zeros + rest) for zeros in ("", "0", "00", "000"))


@cache
def _emergency_pattern(countries: frozenset[str]) -> re.Pattern[str]:
    # phonenumbers.is_emergency_number() takes one country at a time: 400 microseconds for the 25 of +1.
    known = [PhoneMetadata.short_metadata_for_region(country) for country in countries]
    patterns = [short.emergency.national_number_pattern for short in known if short and short.emergency]
    return re.compile("|".join([*EMERGENCY, *filter(None, patterns)]))


def _stripped(parameters: list[str]) -> list[str]:
    return [part for part in map(str.strip, parameters) if part]


def _name(parameter: str) -> str:
    return parameter.partition("=")[0].rstrip().lower()


def _parameters(sent: list[str]) -> dict[str, str]:
    """Parameters by lower-case name. Raises BadNumber for one that is malformed or comes twice (RFC 3966 section 3)."""
    found: dict[str, str] = {}
    for part in _stripped(sent):
        name, value = _name(part), part.partition("=")[2].strip()
        if name == "ext":
            raise _no_extension(value)
        if name in found:
            raise BadNumber(f"{name} is given twice")
        if name not in ("ani", "postd") and not _PARAMETER.fullmatch(part):
            raise BadNumber("after a semicolon there must be a parameter such as ani=8009957586 or postd=1234")
        found[name] = value
    return found


def _ani(sent: str | None) -> str:
    if sent is None:
        return ""
    digits = sent.translate(_SEPARATORS)
    if not (len(digits) == 10 and digits.isascii() and digits.isdigit()):
        raise BadNumber("ani must be 10 digits without the leading 1, such as ani=8009957586")
    return digits


def _postd(sent: str | None) -> str:
    if sent is None:
        return ""
    keys = sent.translate(_SEPARATORS).upper().replace("P", "p").replace("W", "w")
    if not _POSTD.fullmatch(keys):
        raise BadNumber("postd may hold 0-9, *, #, A-D, and p, w or a comma for pauses")
    return keys
