"""The pieces of a grammar written in letters: what ABNF and JSGF have in common once their signs are known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from app.voicexml.grammars.rules import (
    DEEPEST,
    NULL,
    SPECIALS,
    BadGrammar,
    Expansion,
    Repeat,
    Rule,
    Token,
    add_rule,
    check_weight,
    one_of,
    sequence,
)
from app.voicexml.grammars.words import split


@dataclass(frozen=True, slots=True)
class Piece:
    """A lexical unit: its ``kind`` is the name of the pattern's group that found it."""

    kind: str
    text: str
    line: int


class Pieces:
    """The pieces of a text, one after the other; those that mean nothing (``blank``) are left out."""

    def __init__(self, letters: str, pattern: re.Pattern[str]) -> None:
        self._all = list(_scan(letters, pattern))
        self._at = 0

    @property
    def now(self) -> Piece:
        """The piece that comes next; of kind "end" at the end."""
        return self._all[self._at]

    def take(self) -> Piece:
        """The next piece, which is used up by this."""
        piece = self._all[self._at]
        self._at = min(self._at + 1, len(self._all) - 1)
        return piece

    def before(self, text: str) -> frozenset[str]:
        """The texts of all pieces that this one follows."""
        return frozenset(one.text for one, following in pairwise(self._all) if following.text == text)

    def took(self, kind: str, text: str) -> bool:
        """Whether the next piece was this one; if so it is used up."""
        if (self.now.kind, self.now.text) != (kind, text):
            return False
        self.take()
        return True

    def expect(self, kind: str, what: str, text: str | None = None) -> Piece:
        """The next piece, which has to be of a kind. Raises BadGrammar with ``what`` is missing."""
        piece = self.take()
        if piece.kind != kind or text not in (None, piece.text):
            where = f"before {piece.text[:40]!r}" if piece.kind != "end" else "at the end"
            raise BadGrammar(f"{what} is missing {where}", piece.line)
        return piece


def _scan(letters: str, pattern: re.Pattern[str]) -> Iterator[Piece]:
    at, line = 0, 1
    while at < len(letters):
        found = pattern.match(letters, at)
        if found is None or found.end() == at:
            raise BadGrammar(f"{letters[at : at + 20].splitlines()[0]!r} can't be read", line)
        kind = str(found.lastgroup)
        if kind != "blank":
            yield Piece(kind, found[kind], line)
        line += found[0].count("\n")
        at = found.end()
    yield Piece("end", "", line)


class Expansions:
    """Reads alternatives, sequences and groups; what the two forms write differently is in their own classes."""

    def __init__(self, pieces: Pieces, mode: str) -> None:
        self.pieces = pieces
        self.mode = mode

    def rules(self) -> dict[str, Rule]:
        """All rules up to the end: ``public $name = …;`` or ``public <name> = …;``."""
        found: dict[str, Rule] = {}
        while self.pieces.now.kind != "end":
            line = self.pieces.now.line
            add_rule(found, self._rule(), line)
        return found

    def _rule(self) -> Rule:
        public = self.pieces.took("word", "public")
        if not public:
            self.pieces.took("word", "private")
        name = self.pieces.expect("rule", "the name of a rule")
        if name.text in SPECIALS:
            raise BadGrammar(f"no rule can be called {name.text}", name.line)
        self.pieces.expect("sign", "an equals sign", "=")
        body = self.alternatives()
        self.pieces.expect("sign", "a semicolon", ";")
        return Rule(name.text, body, public)

    def alternatives(self, depth: int = 0) -> Expansion:
        """``a b | c``, each perhaps with a weight before it, which recognizes nothing."""
        if depth > DEEPEST:
            raise BadGrammar(f"the grammar is nested more than {DEEPEST} deep", self.pieces.now.line)
        found = []
        while True:
            if self.pieces.now.kind == "weight":
                check_weight(self.pieces.now.text, self.pieces.take().line)
            found.append(self._sequence(depth))
            if not self.pieces.took("sign", "|"):
                return one_of(found)

    def _sequence(self, depth: int) -> Expansion:
        parts: list[Expansion] = []
        line = self.pieces.now.line
        while (part := self._part(depth)) is not None:
            parts.append(part)
        if not parts:
            raise BadGrammar("an alternative is empty: write NULL for one that takes nothing", line)
        return sequence(parts)

    def _part(self, depth: int) -> Expansion | None:
        if self.pieces.took("sign", "("):
            if self.pieces.took("sign", ")"):
                return NULL
            part = self.alternatives(depth + 1)
            self.pieces.expect("sign", "a closing parenthesis", ")")
        elif self.pieces.took("sign", "["):
            part = Repeat(self.alternatives(depth + 1), 0, 1)
            self.pieces.expect("sign", "a closing bracket", "]")
        else:
            alone = self.operand(self.pieces.now)
            if alone is None:
                return None
            self.pieces.take()
            part = alone
        return self.repeated(part)

    def operand(self, piece: Piece) -> Expansion | None:
        """The token, tag or reference that a piece is, or None where it ends a sequence."""
        raise NotImplementedError

    def repeated(self, part: Expansion) -> Expansion:
        """The part with the repeats that are written after it."""
        raise NotImplementedError

    def token(self, text: str, line: int) -> Expansion:
        """A token, or NULL where nothing of it can be heard. Raises BadGrammar for what is on no telephone key."""
        try:
            words = split(text, self.mode)
        except ValueError as wrong:
            raise BadGrammar(str(wrong), line) from wrong
        return Token(words) if words else NULL
