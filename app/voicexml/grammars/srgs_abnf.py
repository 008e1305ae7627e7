"""Reading the ABNF form of SRGS 1.0 into the rule tree; nothing is fetched here."""

import re
from dataclasses import dataclass, field

from app.voicexml.grammars.rules import (
    MODES,
    SPECIALS,
    BadGrammar,
    Expansion,
    RuleRef,
    Source,
    Tag,
    repeated,
)
from app.voicexml.grammars.scanning import Expansions, Piece, Pieces

_HEADER = re.compile(r"\s*#ABNF\s+V?1\.0(?:\s+[\w.:-]+)?\s*;")
_PIECES = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/)"
    r"|\{!\{(?P<long>.*?)\}!\}|\{(?P<tag>[^}]*)\}"
    r'|"(?P<quoted>[^"]*)"'
    r"|/(?P<weight>\s*[\d.]+\s*)/"
    r"|\$(?P<uri><[^>]*>(?:~<[^>]*>)?)"
    r"|\$(?P<rule>[^\s$;|=()\[\]<>{}/\"*+!,]+)"
    r"|<(?P<times>\s*\d[^>]*)>"
    r"|<(?P<address>[^>]*)>"
    r"|(?P<sign>[=;|()\[\]])"
    r"|!(?P<language>[A-Za-z][\w-]*)"
    r"|(?P<word>[^\s$;|=()\[\]<>{}/\"!]+)",
    re.DOTALL,
)
_DECLARED = {"root": "rule", "mode": "word", "base": "address", "tag-format": "address"}
_SKIPPED = ("language", "lexicon", "meta", "http-equiv")


@dataclass(slots=True)
class _Header:
    said: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


class _Rules(Expansions):
    """What ABNF writes in its own way: references with a dollar sign, repeats in angle brackets."""

    def operand(self, piece: Piece) -> Expansion | None:
        match piece.kind:
            case "word" | "quoted":
                return self.token(piece.text, piece.line)
            case "rule":
                return SPECIALS.get(piece.text) or RuleRef(piece.text)
            case "uri":
                address, _, kind = piece.text[1:-1].partition(">~<")
                where, _, name = address.strip().partition("#")
                if not (where or name):
                    raise BadGrammar("a reference has no address", piece.line)
                return RuleRef(name, where, kind)
            case "tag" | "long":
                return Tag(piece.text)
        return None

    def repeated(self, part: Expansion) -> Expansion:
        while self.pieces.now.kind in ("times", "language"):
            piece = self.pieces.take()
            if piece.kind == "times":
                part = repeated(part, piece.text.partition("/")[0], piece.line)
        return part


def read(letters: str, *, base: str, mode: str) -> Source:
    """An ABNF grammar as rules; ``mode`` is what it has unless it says. Raises BadGrammar."""
    letters = letters.removeprefix("\ufeff")
    first = _HEADER.match(letters)
    if first is None and letters.lstrip().startswith("#"):
        raise BadGrammar("the grammar's first line is not '#ABNF 1.0;'", 1)
    end = first.end() if first else 0
    pieces = Pieces("\n" * letters.count("\n", 0, end) + letters[end:], _PIECES)
    header = _Header()
    while _declaration(pieces, header):
        pieces.expect("sign", "a semicolon", ";")
    mode = header.said.get("mode", mode).strip().lower()
    if mode not in MODES:
        raise BadGrammar(f"a grammar has no mode {mode[:40]!r}")
    rules = _Rules(pieces, mode).rules()
    said = header.said
    return Source(
        rules, said.get("root", ""), mode, said.get("base", base), said.get("tag-format", ""), tuple(header.tags)
    )


def _declaration(pieces: Pieces, header: _Header) -> bool:
    """Whether a declaration came next (SRGS 1.0 section 4); its semicolon is left."""
    piece = pieces.now
    if piece.kind in ("tag", "long"):
        header.tags.append(pieces.take().text)
        return True
    if piece.kind != "word" or piece.text in ("public", "private"):
        return False
    pieces.take()
    if piece.text in _DECLARED:
        header.said[piece.text] = pieces.expect(_DECLARED[piece.text], f"the value of {piece.text}").text
    elif piece.text in _SKIPPED:
        while (pieces.now.kind, pieces.now.text) not in (("sign", ";"), ("end", "")):
            pieces.take()
    else:
        raise BadGrammar(f"the grammar's header has no {piece.text[:40]!r}", piece.line)
    return True
