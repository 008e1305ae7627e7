"""The rule tree that every grammar format is read into (SRGS 1.0 section 2), and what is wrong with a grammar.

A tree says what may be said or keyed, in document order; it decides nothing about an input.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

VOICE = "voice"
DTMF = "dtmf"
MODES = (VOICE, DTMF)

Words: TypeAlias = tuple[str, ...]

_WEIGHT = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)

DEEPEST = 64
"""Levels of nesting that are read; no grammar of a person has a quarter of them."""


class BadGrammar(ValueError):
    """A grammar that can't be used; the message says why, for its author, with the line where it is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {why}" if line else why)


class UnsupportedFormat(BadGrammar):
    """A grammar in a format that is not read (VoiceXML 2.0 section 5.2.6: error.unsupported.format)."""


class UnsupportedBuiltin(BadGrammar):
    """A builtin grammar that is not there, or not with these parameters (error.unsupported.builtin)."""


@dataclass(frozen=True, slots=True)
class Token:
    """Words, or keys, that come one after the other; ``words`` are as ``words.split`` makes them."""

    words: Words


@dataclass(frozen=True, slots=True)
class Tag:
    """A semantic tag (SRGS 1.0 section 2.6); it takes no input."""

    text: str


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A reference to a rule: of this document, or of the one at ``uri`` (its root where ``name`` is empty)."""

    name: str
    uri: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Special:
    """NULL takes nothing, VOID never matches, GARBAGE takes any words (SRGS 1.0 section 2.2.3)."""

    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A grammar that is not made of rules and reads its part of the input itself: a builtin type.

    ``read`` gives what words or keys mean (None: nothing), and whether more could follow them.
    """

    read: Callable[[Words], tuple[object, bool]]


@dataclass(frozen=True, slots=True)
class Sequence:
    """All parts in order."""

    parts: tuple["Expansion", ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the alternatives; where several match, the first in document order counts."""

    alternatives: tuple["Expansion", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A body ``least`` to ``most`` times; no ``most`` is no end."""

    body: "Expansion"
    least: int
    most: int | None


Expansion: TypeAlias = Token | Tag | RuleRef | Special | Embedded | Sequence | OneOf | Repeat

NULL = Special("NULL")
VOID = Special("VOID")
GARBAGE = Special("GARBAGE")
SPECIALS = {special.kind: special for special in (NULL, VOID, GARBAGE)}


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule. Only public ones can be referred to from other documents (SRGS 1.0 section 3.2)."""

    name: str
    body: Expansion
    public: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One grammar document, read and not linked yet. ``tags`` are those of its header (SISR 1.0: global tags)."""

    rules: Mapping[str, Rule]
    root: str
    mode: str
    base: str = ""
    tag_format: str = ""
    tags: tuple[str, ...] = field(default=())


def add_rule(rules: dict[str, Rule], rule: Rule, line: int | None) -> None:
    """Put a rule to the others of its document. Raises BadGrammar where one of that name is there."""
    if rule.name in rules:
        raise BadGrammar(f"rule {rule.name} is there twice", line)
    rules[rule.name] = rule


def check_weight(weight: str, line: int | None) -> None:
    """Weights say what is more likely (SRGS 1.0 section 2.4.1); nothing is here. Raises BadGrammar for what is none."""
    if not _WEIGHT.fullmatch(weight.strip()):
        raise BadGrammar(f"a weight of {weight[:40]!r} is no number", line)


def sequence(parts: list[Expansion]) -> Expansion:
    """The parts in order; words that stand side by side become one token, one part is itself."""
    joined: list[Expansion] = []
    for part in parts:
        if isinstance(part, Token) and joined and isinstance(joined[-1], Token):
            joined[-1] = Token(joined[-1].words + part.words)
        else:
            joined.append(part)
    if not joined:
        return NULL
    return joined[0] if len(joined) == 1 else Sequence(tuple(joined))


def one_of(alternatives: list[Expansion]) -> Expansion:
    """One of the alternatives; one alone is itself, none at all never matches."""
    if not alternatives:
        return VOID
    return alternatives[0] if len(alternatives) == 1 else OneOf(tuple(alternatives))


def repeated(body: Expansion, times: str, line: int | None) -> Expansion:
    """A body with its repeat, written ``n``, ``m-n`` or ``m-`` (SRGS 1.0 section 2.5). Raises BadGrammar."""
    first, dash, last = (part.strip() for part in times.partition("-"))
    if not (first.isdecimal() and len(first) < 7 and (not last or (last.isdecimal() and len(last) < 7))):
        raise BadGrammar(f"a repeat of {times[:40]!r} is none: write n, m-n or m-", line)
    least = int(first)
    most = int(last) if last else None if dash else least
    if most is not None and most < least:
        raise BadGrammar(f"a repeat of {times!r} ends before it begins", line)
    return body if (least, most) == (1, 1) else Repeat(body, least, most)
