"""Joining grammar documents: every reference finds its rule, and what no matcher can end is refused here."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urldefrag, urljoin

from app.voicexml.grammars.rules import (
    GARBAGE,
    NULL,
    VOID,
    BadGrammar,
    Embedded,
    Expansion,
    OneOf,
    Repeat,
    Rule,
    RuleRef,
    Sequence,
    Source,
    Tag,
    Token,
)

MOST_DOCUMENTS = 20
MOST_DEPTH = 250
"""References and nesting that may lie between a rule's beginning and its first word."""

Key: TypeAlias = tuple[str, str]
"""A rule anywhere: the address of its document and its name."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A rule with the document it stands in."""

    rule: Rule
    source: Source


class Program:
    """All rules that a grammar can reach. Immutable once made, so calls and threads may share one.

    ``targets`` gives the rule of each reference, by the id of the tree's node: nodes live as long as the program.
    """

    def __init__(self, first: Source, read: Callable[[str, str], Source], rule: str = "") -> None:
        self.rules: dict[Key, Linked] = {}
        self.targets: dict[int, Key] = {}
        self._referring: dict[Key, list[Key]] = defaultdict(list)
        self.mode = first.mode
        self._sources = {"": first}
        self._read = read
        name = rule or first.root
        if not name:
            raise BadGrammar("the grammar names no root rule")
        self.root = ("", name)
        self._collect()
        del self._read  # it belongs to a call
        self.nullable = self._fixpoint(self._may_be_empty)
        self.fruitful = self._fixpoint(self._can_end)
        self._refuse_left_recursion()
        self.barren = self._find_barren()

    def body(self, key: Key) -> Expansion:
        """What a rule stands for."""
        return self.rules[key].rule.body

    def empty(self, node: Expansion) -> bool:
        """Whether an expansion can match without any input."""
        return self._may_be_empty(node, self.nullable)

    def ends(self, node: Expansion) -> bool:
        """Whether an expansion can match anything at all."""
        return self._can_end(node, self.fruitful)

    def _collect(self) -> None:
        """Find all rules that can be reached from the root."""
        self.rules[self.root] = self._find(self.root, asked_by="")
        waiting = [self.root]
        while waiting:
            document, name = waiting.pop()
            linked = self.rules[document, name]
            for node in _nodes(linked.rule.body):
                if isinstance(node, RuleRef):
                    key = self._target(node, document, linked.source)
                    if key not in self.rules:
                        self.rules[key] = self._find(key, asked_by=document)
                        waiting.append(key)
                    self.targets[id(node)] = key
                    self._referring[key].append((document, name))

    def _target(self, node: RuleRef, document: str, source: Source) -> Key:
        if not node.uri:
            return document, node.name
        address = urldefrag(urljoin(source.base, node.uri)).url
        if address not in self._sources:
            if len(self._sources) >= MOST_DOCUMENTS:
                raise BadGrammar(f"the grammar refers to more than {MOST_DOCUMENTS} documents")
            self._sources[address] = self._read(address, node.media_type)
        found = self._sources[address]
        if not (node.name or found.root):
            raise BadGrammar(f"the grammar at {address} names no root rule")
        return address, node.name or found.root

    def _find(self, key: Key, asked_by: str) -> Linked:
        document, name = key
        source = self._sources[document]
        rule = source.rules.get(name)
        where = f" in {document}" if document else ""
        if rule is None:
            raise BadGrammar(f"there is no rule {name[:80]}{where}")
        if document != asked_by and not (rule.public or name == source.root):
            raise BadGrammar(f"rule {name}{where} is private")
        return Linked(rule, source)

    def _fixpoint(self, holds: Callable[[Expansion, set[Key]], bool]) -> set[Key]:
        """The rules for which something holds that follows from the rules they refer to."""
        found: set[Key] = set()
        waiting = list(self.rules)  # taken from the end: what is referred to comes mostly before what refers to it
        while waiting:
            key = waiting.pop()
            if key not in found and holds(self.body(key), found):
                found.add(key)
                waiting += self._referring[key]
        return found

    def _find_barren(self) -> frozenset[int]:
        """The sequences that can't match anything, by id: nobody needs to wait for their first words."""
        nodes = [node for linked in self.rules.values() for node in _nodes(linked.rule.body)]
        if VOID not in nodes and len(self.fruitful) == len(self.rules):
            return frozenset()
        return frozenset(id(node) for node in nodes if isinstance(node, Sequence) and not self.ends(node))

    def _may_be_empty(self, node: Expansion, rules: set[Key]) -> bool:
        match node:
            case Token(words):
                return not words
            case RuleRef():
                return self.targets[id(node)] in rules
            case Sequence(parts):
                return all(self._may_be_empty(part, rules) for part in parts)
            case OneOf(alternatives):
                return any(self._may_be_empty(part, rules) for part in alternatives)
            case Repeat(body, least):
                return least == 0 or self._may_be_empty(body, rules)
        return isinstance(node, Tag) or node in (NULL, GARBAGE)

    def _can_end(self, node: Expansion, rules: set[Key]) -> bool:
        match node:
            case RuleRef():
                return self.targets[id(node)] in rules
            case Sequence(parts):
                return all(self._can_end(part, rules) for part in parts)
            case OneOf(alternatives):
                return any(self._can_end(part, rules) for part in alternatives)
            case Repeat(body, least):
                return least == 0 or self._can_end(body, rules)
        return isinstance(node, Token | Tag | Embedded) or node in (NULL, GARBAGE)

    def _refuse_left_recursion(self) -> None:
        """A rule that begins with itself could go on for ever; SRGS 1.0 section 2.2.4 leaves it to us."""
        depths: dict[Key, int] = {}
        for start in self.rules:
            if start in depths:
                continue
            path = [(start, iter(self._beginnings(start)))]
            open_rules = {start}
            while path:
                key, beginnings = path[-1]
                following = next(beginnings, None)
                if following is None:
                    path.pop()
                    open_rules.discard(key)
                    depths[key] = 1 + max((depths[below] for below in self._beginnings(key)), default=0)
                    if depths[key] > MOST_DEPTH:
                        raise BadGrammar(f"rules begin with one another, more than {MOST_DEPTH} deep")
                elif following in open_rules:
                    raise BadGrammar(f"rule {following[1]} begins with itself")
                elif following not in depths:
                    open_rules.add(following)
                    path.append((following, iter(self._beginnings(following))))

    def _beginnings(self, key: Key) -> list[Key]:
        """The rules that can stand at the beginning of a rule."""
        return [self.targets[id(node)] for node in self._leftmost(self.body(key)) if isinstance(node, RuleRef)]

    def _leftmost(self, node: Expansion) -> Iterator[Expansion]:
        match node:
            case Sequence(parts):
                for part in parts:
                    yield from self._leftmost(part)
                    if not self.empty(part):
                        return
            case OneOf(alternatives):
                for part in alternatives:
                    yield from self._leftmost(part)
            case Repeat(body):
                yield from self._leftmost(body)
            case _:
                yield node

    def first_words(self, node: Expansion) -> Mapping[str, None] | None:
        """The words that an expansion can begin with, or None where any word can."""
        found: dict[str, None] = {}
        waiting = [node]
        seen: set[Key] = set()
        while waiting:
            for leaf in self._leftmost(waiting.pop()):
                if leaf == GARBAGE or isinstance(leaf, Embedded):
                    return None
                if isinstance(leaf, Token) and leaf.words:
                    found[leaf.words[0]] = None
                elif isinstance(leaf, RuleRef) and self.targets[id(leaf)] not in seen:
                    seen.add(self.targets[id(leaf)])
                    waiting.append(self.body(self.targets[id(leaf)]))
        return found


def _nodes(node: Expansion) -> Iterator[Expansion]:
    """An expansion and all that is in it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Sequence(parts):
                waiting += reversed(parts)
            case OneOf(alternatives):
                waiting += reversed(alternatives)
            case Repeat(body):
                waiting.append(body)
