"""Matching an input against a linked grammar, in bounded time, with the first derivations in document order.

Every part of the tree is asked once for each place in the input where it can begin: which ends it reaches, and how. The
cost is a polynomial whatever the grammar; a budget cuts off the rest.
"""

from collections.abc import Generator
from typing import TypeAlias

from app.voicexml.grammars.derivations import SPAN, VALUE, Derivation, Event, either, events_of, then
from app.voicexml.grammars.linking import Key, Program
from app.voicexml.grammars.rules import (
    GARBAGE,
    NULL,
    Embedded,
    Expansion,
    OneOf,
    Repeat,
    RuleRef,
    Sequence,
    Special,
    Tag,
    Token,
)

MOST_WORK = 120_000
"""About 25 ms. A menu takes 50, a telephone number 2,000."""

STEP = 8
"""The work of asking one part of the tree, where each end that it answers is 1."""

MOST_EMBEDDED = 50
"""Words or keys that a builtin type inside a grammar is asked about."""

_Ends: TypeAlias = dict[int, Derivation]
_Asked: TypeAlias = tuple[Expansion, int, int]


class TooMuchWork(Exception):
    """The budget is used up."""


class Choices:
    """The alternatives of a OneOf by the word they begin with, so that a list of ten thousand costs as one of ten."""

    def __init__(self, program: Program, node: OneOf) -> None:
        self.begun: dict[str, list[Expansion]] = {}
        self.always: list[Expansion] = []
        for alternative in node.alternatives:
            if not program.ends(alternative):
                continue
            first = program.first_words(alternative)
            if first is None or program.empty(alternative):
                for known in self.begun.values():
                    known.append(alternative)
                self.always.append(alternative)
            else:
                for word in first:
                    self.begun.setdefault(word, self.always.copy()).append(alternative)

    def at(self, word: str) -> list[Expansion]:
        """The alternatives that can begin with a word, in document order."""
        return self.begun.get(word, self.always)


class Matcher:
    """A program with what was found out about it; shared by all matches, of any thread."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._choices: dict[int, Choices] = {}
        self._root = RuleRef(program.root[1])
        program.targets[id(self._root)] = program.root

    def choices(self, node: OneOf) -> Choices:
        """The index of a OneOf. Two threads may both make it: they make the same."""
        found = self._choices.get(id(node))
        if found is None:
            found = self._choices[id(node)] = Choices(self.program, node)
        return found

    def match(self, words: tuple[str, ...], most: int = 1) -> tuple[list[list[Event]], bool]:
        """The events of each of the first ``most`` derivations of all the words; and whether more words could follow.

        Raises TooMuchWork.
        """
        run = _Run(self, words, every=most > 1)
        ends = run.solve(self._root)
        return events_of(ends[len(words)], words, most) if len(words) in ends else [], run.hungry


class _Run:
    """One match, for the first derivation or ``every`` one.

    ``hungry`` becomes true when a word was wanted where the input had ended.
    """

    def __init__(self, matcher: Matcher, words: tuple[str, ...], *, every: bool) -> None:
        self.hungry = False
        self._every = every
        self._matcher = matcher
        self._program = matcher.program
        self._words = words
        self._known: dict[tuple[int, int, int], _Ends] = {}
        self._work = 0

    def solve(self, root: Expansion) -> _Ends:
        """The ends of an expansion from the first word on. Calls are kept in a list: no input is too deep for it."""
        waiting = [((id(root), 0, 0), self._expand(root, 0, 0))]
        answer: _Ends | None = None
        while waiting:
            key, expansion = waiting[-1]
            try:
                node, at, count = expansion.send(answer)  # type: ignore[arg-type]  # None begins a generator
            except StopIteration as done:
                waiting.pop()
                answer = self._known[key] = done.value
                self._count(len(answer))
                continue
            asked = (id(node), at, count)
            answer = self._known.get(asked)
            if answer is None:
                answer = self._leaf(node, at)
                if answer is None:
                    waiting.append((asked, self._expand(node, at, count)))
                else:
                    self._known[asked] = answer
            self._count(STEP if answer is None else STEP + len(answer))
        return answer or {}

    def _count(self, work: int) -> None:
        self._work += work
        if self._work > MOST_WORK:
            raise TooMuchWork

    def _leaf(self, node: Expansion, at: int) -> _Ends | None:
        """The ends of what has no parts."""
        if isinstance(node, Token):
            wanted, got = node.words, self._words[at : at + len(node.words)]
            if wanted == got:
                return {at + len(wanted): node}
            if len(got) < len(wanted) and wanted[: len(got)] == got:
                self.hungry = True
            return {}
        if isinstance(node, Tag):
            return {at: node}
        if isinstance(node, Special):
            return self._special(node, at)
        return self._embedded(node, at) if isinstance(node, Embedded) else None

    def _embedded(self, node: Embedded, at: int) -> _Ends:
        ends: _Ends = {}
        for end in range(at, min(len(self._words), at + MOST_EMBEDDED) + 1):
            value, more = node.read(self._words[at:end])
            self._count(STEP * (1 + end - at))
            if value is not None:
                ends[end] = (VALUE, at, end, value)
            if end == len(self._words):
                self.hungry = self.hungry or more
        return ends

    def _special(self, node: Special, at: int) -> _Ends:
        if node == NULL:
            return {at: None}
        if node != GARBAGE:
            return {}
        self.hungry = True
        return {end: (SPAN, at, end) for end in range(at, len(self._words) + 1)}

    def _expand(self, node: Expansion, at: int, count: int) -> Generator[_Asked, _Ends, _Ends]:
        if isinstance(node, RuleRef):
            return self._rule(self._program.targets[id(node)], at)
        if isinstance(node, OneOf):
            return self._one_of(node, at)
        if isinstance(node, Repeat):
            return self._repeat(node, at, count)
        if isinstance(node, Sequence):
            return self._sequence(node, at)
        raise TypeError(node)

    def _rule(self, key: Key, at: int) -> Generator[_Asked, _Ends, _Ends]:
        found = yield self._program.body(key), at, 0
        return {end: (key, how) for end, how in found.items()}

    def _sequence(self, node: Sequence, at: int) -> Generator[_Asked, _Ends, _Ends]:
        if id(node) in self._program.barren:
            return {}
        ends: _Ends = {at: None}
        for part in node.parts:
            following: _Ends = {}
            for end, how in ends.items():
                found = yield part, end, 0
                for further, rest in found.items():
                    if further not in following:
                        following[further] = then(how, rest)
                    elif self._every:
                        following[further] = either(following[further], then(how, rest))
            ends = following
            if not ends:
                break
        return ends

    def _one_of(self, node: OneOf, at: int) -> Generator[_Asked, _Ends, _Ends]:
        choices = self._matcher.choices(node)
        if at < len(self._words):
            alternatives = choices.at(self._words[at])
        else:
            alternatives = choices.always
            self.hungry = self.hungry or bool(choices.begun)
        ends: _Ends = {}
        for alternative in alternatives:
            found = yield alternative, at, 0
            for end, how in found.items():
                ends[end] = either(ends[end], how) if self._every and end in ends else ends.get(end, how)
        return ends

    def _repeat(self, node: Repeat, at: int, count: int) -> Generator[_Asked, _Ends, _Ends]:
        """As often as it goes; ``count`` times it was there before. A round that takes nothing ends the repeat."""
        ends: _Ends = {}
        if node.most is None or count < node.most:
            found = yield node.body, at, 0
            for end, how in found.items():
                if end == at and count >= node.least:
                    continue
                after = count + 1 if node.most is not None else min(count + 1, node.least)
                if end == at:
                    after = node.least
                following = yield node, end, after
                for further, rest in following.items():
                    if further not in ends:
                        ends[further] = then(how, rest)
                    elif self._every:
                        ends[further] = either(ends[further], then(how, rest))
        if count >= node.least:
            ends.setdefault(at, None)
        return ends
