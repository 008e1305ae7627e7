"""The builtin grammars of VoiceXML 2.0 appendix P: boolean, digits, date, time, currency, number and phone."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from app.voicexml.grammars import spoken, srgs_abnf
from app.voicexml.grammars.grammar import NO, Answer, Grammar, Match, RuleGrammar, heard
from app.voicexml.grammars.linking import Program
from app.voicexml.grammars.meaning import Meaning
from app.voicexml.grammars.rules import DTMF, VOICE, BadGrammar, Embedded, Rule, Source, UnsupportedBuiltin, Words

MOST_DIGITS = 200

_ADDRESS = re.compile(
    r"builtin:(?P<mode>dtmf|grammar|voice|speech)/(?P<name>[a-z]+)(?:\?(?P<given>.*))?", re.IGNORECASE
)
_NAME = re.compile(r"(?P<name>[a-z]+)(?:\?(?P<given>.*))?")
_Reading: TypeAlias = Callable[[str], str | None]
_Maker: TypeAlias = Callable[[str, Mapping[str, str]], Grammar]
_DIGIT = "(0|1|2|3|4|5|6|7|8|9)"


@dataclass(frozen=True, slots=True)
class _Digits:
    """How many digits there may be."""

    least: int = 1
    most: int | None = None

    def allows(self, digits: str) -> bool:
        return self.least <= len(digits) and (self.most is None or len(digits) <= self.most)


class KeyedBuiltin:
    """A builtin for keys: rules say what can be keyed, ``value`` what it means; without a value it is no match."""

    mode = DTMF

    def __init__(self, rules: str, value: Callable[[str], Meaning]) -> None:
        source = srgs_abnf.read(f"#ABNF 1.0; root $r; $r = {rules};", base="", mode=DTMF)
        self._rules = RuleGrammar(Program(source, _nothing_else))
        self._value = value

    def match(self, inputs: Sequence[str], mode: str, most: int = 1) -> Match:
        """What these keys are."""
        match = self._rules.match(inputs, mode)
        if not match:
            return match
        value = self._value(match.utterance)
        if value is None:
            return NO if match.answer is Answer.FULL else Match(Answer.PREFIX)
        return Match(match.answer, value, match.utterance)


class SpokenBuiltin:
    """A builtin for typed speech, which comes whole: the answer is FULL or NO."""

    mode = VOICE

    def __init__(self, value: Callable[[str], Meaning]) -> None:
        self._value = value

    def match(self, inputs: Sequence[str], mode: str, most: int = 1) -> Match:
        """What these words are."""
        words = heard(inputs, mode) if mode == self.mode else None
        if not words:
            return NO
        value = self._value(" ".join(inputs))
        return NO if value is None else Match(Answer.FULL, value, " ".join(words))


def builtin(address: str, mode: str = "") -> Grammar:
    """The grammar of ``builtin:dtmf/digits?minlength=3;maxlength=5`` or, with a mode, of a field's type ``digits``.

    ``builtin:grammar/…`` is speech. Raises UnsupportedBuiltin for an unknown one or parameters that contradict each
    other.
    """
    found = _ADDRESS.fullmatch(address.strip()) or (_NAME.fullmatch(address.strip()) if mode else None)
    if found is None or found["name"].lower() not in _MADE:
        raise UnsupportedBuiltin(f"there is no builtin grammar {address[:80]!r}")
    given = _parameters(found["given"] or "", address)
    mode = mode or (DTMF if found["mode"].lower() == "dtmf" else VOICE)
    return _MADE[found["name"].lower()](mode, given)


def source(address: str, mode: str) -> Source:
    """A document of one rule, named as the type: how grammars refer to builtin ones. Raises BadGrammar."""
    grammar = builtin(address)
    if grammar.mode != mode:
        raise BadGrammar(f"{address[:80]} is for {grammar.mode}, in a grammar for {mode}")

    def read(words: Words) -> tuple[Meaning, bool]:
        match = grammar.match(words, mode)
        return match.interpretation, match.answer in (Answer.PREFIX, Answer.EXTENDABLE)

    name = address.rpartition("/")[2].partition("?")[0]
    return Source({name: Rule(name, Embedded(read), public=True)}, name, mode, address)


def _nothing_else(address: str, media_type: str) -> Source:
    raise BadGrammar(f"a builtin grammar refers to {address}")


def _parameters(text: str, address: str) -> dict[str, str]:
    """``a=1;b=2`` as a mapping; an ampersand does as well. Raises BadGrammar."""
    given: dict[str, str] = {}
    for part in filter(None, re.split("[;&]", text)):
        name, equals, value = part.partition("=")
        if not equals or name in given:
            raise UnsupportedBuiltin(f"the parameters of {address[:80]!r} can't be read: write name=value;name=value")
        given[name.strip().lower()] = value.strip()
    return given


def _length(given: Mapping[str, str]) -> _Digits:
    """The lengths of digits. Unknown parameters are ignored (appendix P). Raises BadGrammar."""
    lengths = {}
    for name in ("length", "minlength", "maxlength"):
        text = given.get(name)
        if text is not None:
            if not (text.isascii() and text.isdecimal() and len(text) < 5 and 0 < int(text) <= MOST_DIGITS):
                raise UnsupportedBuiltin(f"digits with {name}={text[:40]}: from 1 to {MOST_DIGITS} are possible")
            lengths[name] = int(text)
    exact = lengths.get("length")
    least, most = lengths.get("minlength", exact or 1), lengths.get("maxlength", exact)
    if (most is not None and most < least) or (exact and (least, most) != (exact, exact)):
        raise UnsupportedBuiltin("digits whose minlength, maxlength and length contradict each other")
    return _Digits(least, most)


def _boolean(mode: str, given: Mapping[str, str]) -> Grammar:
    yes, no = given.get("y", "1"), given.get("n", "2")
    if mode == VOICE:
        return SpokenBuiltin(spoken.boolean)
    if not (re.fullmatch("[0-9*#A-D]", yes) and re.fullmatch("[0-9*#A-D]", no)) or yes == no:
        raise UnsupportedBuiltin("boolean needs two different keys y and n")
    return KeyedBuiltin(f"{yes}|{no}", lambda keys: keys == yes)


def _digits(mode: str, given: Mapping[str, str]) -> Grammar:
    length = _length(given)
    if mode == DTMF:
        return KeyedBuiltin(f"{_DIGIT}<{length.least}-{length.most or ''}>", lambda keys: keys)

    def value(text: str) -> str | None:
        digits = spoken.digits(text)
        return digits if digits is not None and length.allows(digits) else None

    return SpokenBuiltin(value)


def _plain(speech: _Reading, rules: str, keyed: _Reading) -> _Maker:
    """A builtin without parameters."""

    def made(mode: str, given: Mapping[str, str]) -> Grammar:
        return SpokenBuiltin(speech) if mode == VOICE else KeyedBuiltin(rules, keyed)

    return made


def _keyed_date(keys: str) -> str | None:
    return keys if spoken.is_day(int(keys[:4]), int(keys[4:6]), int(keys[6:])) else None


def _keyed_time(keys: str) -> str:
    """Keys say nothing of morning or evening: ambiguous where the clock has twelve hours."""
    return keys + ("?" if 1 <= int(keys[:2]) <= 12 else "h")


def _keyed_currency(keys: str) -> str:
    whole, _, cents = keys.partition("*")
    return f"{int(whole or '0')}.{cents:0<2}"


def _keyed_number(keys: str) -> str:
    whole, _, part = keys.partition("*")
    return f"{whole or '0'}.{part}" if part else whole


_MADE: Mapping[str, _Maker] = MappingProxyType(
    {
        "boolean": _boolean,
        "digits": _digits,
        "date": _plain(
            spoken.date, f"(1|2) {_DIGIT}<3> (0 {_DIGIT}|1 (0|1|2)) ((0|1|2) {_DIGIT}|3 (0|1))", _keyed_date
        ),
        "time": _plain(spoken.time, f"((0|1) {_DIGIT}|2 (0|1|2|3)) (0|1|2|3|4|5) {_DIGIT}", _keyed_time),
        "currency": _plain(spoken.currency, f"{_DIGIT}<1-15> [* {_DIGIT}<0-2>] | * {_DIGIT}<1-2>", _keyed_currency),
        "number": _plain(spoken.number, f"{_DIGIT}<1-> [* {_DIGIT}<0->] | * {_DIGIT}<1->", _keyed_number),
        "phone": _plain(spoken.phone, f"{_DIGIT}<1-20> [* {_DIGIT}<1-10>]", lambda keys: keys.replace("*", "x")),
    }
)
"""Each type makes its grammar from the mode and the parameters."""
