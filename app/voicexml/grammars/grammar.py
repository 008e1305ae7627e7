"""A grammar as the interpreter sees it: it is given what was said or keyed so far and says what that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from app.voicexml.grammars.linking import Program
from app.voicexml.grammars.matching import Matcher, TooMuchWork
from app.voicexml.grammars.meaning import Meaning, meaning
from app.voicexml.grammars.words import split

MOST_INPUT = 1000
"""Characters of one utterance, or keys: beyond it nothing matches."""


class Answer(Enum):
    """What an input is to a grammar; the waiting times are those of VoiceXML 2.0 appendix D."""

    NO = "no"  # and can't become one: nomatch
    PREFIX = "prefix"  # not yet: interdigittimeout
    FULL = "full"  # and nothing can follow: done at once
    EXTENDABLE = "extendable"  # and more may follow: interdigittimeout or the termchar ends it
    # (termtimeout holds where nothing may follow and a termchar still can)


@dataclass(frozen=True, slots=True)
class Match:
    """The answer; ``interpretation`` (JSON-able) and ``utterance`` have a value where it is FULL or EXTENDABLE.

    ``others`` are further interpretations of an ambiguous grammar, as many as were asked for.
    """

    answer: Answer
    interpretation: Meaning = None
    utterance: str = ""
    others: tuple[Meaning, ...] = ()

    def __bool__(self) -> bool:
        return self.answer in (Answer.FULL, Answer.EXTENDABLE)


NO = Match(Answer.NO)
PREFIX = Match(Answer.PREFIX)


class Grammar(Protocol):
    """Whatever can be active. ``mode`` is "voice" or "dtmf"; a grammar answers NO to input of the other."""

    @property
    def mode(self) -> str: ...

    def match(self, inputs: Sequence[str], mode: str, most: int = 1) -> Match:
        """What this input is, with at most ``most`` interpretations.

        ``inputs`` are words or keys, in pieces of any length. Raises BadGrammar from scripts.
        """


def heard(inputs: Sequence[str], mode: str) -> tuple[str, ...] | None:
    """The words or keys of an input, or None for one that nothing can match."""
    text = " ".join(inputs)
    if len(text) > 2 * MOST_INPUT:
        return None
    try:
        found = split(text, mode)
    except ValueError:
        return None
    return found if len(found) <= MOST_INPUT else None


class RuleGrammar:
    """A grammar made of rules (SRGS 1.0)."""

    def __init__(self, program: Program) -> None:
        self.mode = program.mode
        self._program = program
        self._matcher = Matcher(program)

    def match(self, inputs: Sequence[str], mode: str, most: int = 1) -> Match:
        """What this input is; one that is too much work is no match."""
        found = heard(inputs, mode) if mode == self.mode else None
        if found is None:
            return NO
        try:
            derivations, more = self._matcher.match(found, most)
        except TooMuchWork:
            return NO
        if not derivations:
            return PREFIX if more else NO
        meanings: list[Meaning] = []
        for events in derivations:
            value, said = meaning(events, self._program.rules, mode)
            if value not in meanings:
                meanings.append(value)
        return Match(Answer.EXTENDABLE if more else Answer.FULL, meanings[0], said, tuple(meanings[1:]))
