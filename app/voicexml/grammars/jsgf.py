"""Reading JSGF 1.0 into the rule tree: a whole grammar, rules without its header, or alternatives alone.

The last two are how VoiceXML pages write small grammars inline. All public rules are active, and without a public one
the first. A grammar ``a.b`` that is imported is the document ``a/b.gram`` beside this one. Nothing is fetched here.
"""

import re

from app.voicexml.grammars.rules import (
    DTMF,
    SPECIALS,
    BadGrammar,
    Expansion,
    Repeat,
    Rule,
    RuleRef,
    Source,
    Tag,
    one_of,
)
from app.voicexml.grammars.scanning import Expansions, Piece, Pieces

_HEADER = re.compile(r"\s*#JSGF(?:\s+V?[\d.]+)?(?:\s+[\w.:-]+){0,2}\s*;")
_PIECES = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/)"
    r"|\{(?P<tag>(?:\\.|[^}\\])*)\}"
    r'|"(?P<quoted>(?:\\.|[^"\\])*)"'
    r"|/(?P<weight>\s*[\d.]+\s*)/"
    r"|<(?P<rule>[^\s<>;|=*+()\[\]{}\"]+)>"
    r"|<(?P<imported>[^\s<>;|=+()\[\]{}\"]+)>"
    r"|(?P<sign>[=;|()\[\]*+])"
    r"|(?P<word>(?:\\.|[^\s;=|*+<>()\[\]{}/\"\\])+)",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_TAG = re.compile(r"\\([{}\\])")
_ALL = "public rules"


class _Rules(Expansions):
    """What JSGF writes in its own way: references in angle brackets, repeats as star and plus, imports."""

    def __init__(self, pieces: Pieces, mode: str) -> None:
        super().__init__(pieces, mode)
        self._own = ""
        self._defined = pieces.before("=")
        self._imported: dict[str, str] = {}
        """The grammars of rules that are imported by name; of all other rules under the name of ``*``."""

    def declarations(self) -> None:
        """The grammar's name and what it imports."""
        while self.pieces.now.kind == "word" and self.pieces.now.text in ("grammar", "import"):
            piece = self.pieces.take()
            if piece.text == "grammar":
                self._own = self.pieces.expect("word", "the name of the grammar").text
            else:
                grammar, _, rule = self.pieces.take().text.rpartition(".")
                if not grammar or (rule == "*" and rule in self._imported):
                    raise BadGrammar("an import names a rule, or all rules of one grammar", piece.line)
                self._imported[rule] = grammar
            self.pieces.expect("sign", "a semicolon", ";")

    def _reference(self, name: str) -> Expansion:
        grammar, _, rule = name.rpartition(".")
        if rule in SPECIALS:
            return SPECIALS[rule]
        if not grammar and name not in self._defined:
            grammar = self._imported.get(rule) or self._imported.get("*", "")
        return RuleRef(rule, f"{grammar.replace('.', '/')}.gram" if grammar not in ("", self._own) else "")

    def operand(self, piece: Piece) -> Expansion | None:
        match piece.kind:
            case "word" | "quoted":
                return self.token(_ESCAPED.sub(r"\1", piece.text), piece.line)
            case "rule":
                return self._reference(piece.text)
            case "tag":
                return Tag(_ESCAPED_IN_TAG.sub(r"\1", piece.text))
            case "sign" if piece.text == "*" and self.mode == DTMF:
                return self.token("*", piece.line)  # nothing before it to be repeated: the key
        return None

    def repeated(self, part: Expansion) -> Expansion:
        while True:
            if self.pieces.took("sign", "*"):
                part = Repeat(part, 0, None)
            elif self.pieces.took("sign", "+"):
                part = Repeat(part, 1, None)
            else:
                return part


def read(letters: str, *, base: str, mode: str) -> Source:
    """A JSGF grammar as rules, active in ``mode``. Raises BadGrammar."""
    letters = letters.removeprefix("\ufeff")
    header = _HEADER.match(letters)
    if header is None and letters.lstrip().startswith("#JSGF"):
        raise BadGrammar("the grammar's first line is not '#JSGF V1.0;'", 1)
    end = header.end() if header else 0
    body = "\n" * letters.count("\n", 0, end) + letters[end:]
    reader = _Rules(Pieces(body, _PIECES), mode)
    if header is None and not _begins_with_rule(body):
        return Source({_ALL: Rule(_ALL, _alone(reader), public=True)}, _ALL, mode, base)
    reader.declarations()
    return Source(*_rooted(reader.rules()), mode, base)


def _begins_with_rule(body: str) -> bool:
    """Whether rules are defined, and not only alternatives given."""
    pieces = Pieces(body, _PIECES)
    while pieces.now.kind == "word" and pieces.now.text in ("public", "private", "grammar", "import"):
        if pieces.take().text in ("grammar", "import"):
            return pieces.now.kind in ("word", "rule", "imported")
    return pieces.take().kind == "rule" and pieces.now.text == "="


def _alone(reader: _Rules) -> Expansion:
    body = reader.alternatives()
    reader.pieces.took("sign", ";")
    reader.pieces.expect("end", "a bar or the end")
    return body


def _rooted(rules: dict[str, Rule]) -> tuple[dict[str, Rule], str]:
    """The rules with one more that stands for all public ones where there are several."""
    if not rules:
        raise BadGrammar("the grammar has no rule")
    public = [name for name, rule in rules.items() if rule.public] or [next(iter(rules))]
    if len(public) == 1:
        return rules, public[0]
    return rules | {_ALL: Rule(_ALL, one_of([RuleRef(name) for name in public]))}, _ALL
