"""Grammars of choices and options: phrases and keys that nobody wrote a grammar for (VoiceXML 2.0 section 2.2.4)."""

from collections.abc import Iterable, Sequence

from app.voicexml.grammars.grammar import NO, PREFIX, Answer, Match, heard
from app.voicexml.grammars.meaning import Meaning, utterance
from app.voicexml.grammars.rules import DTMF, VOICE, BadGrammar
from app.voicexml.grammars.words import keys, words

EXACT = "exact"
APPROXIMATE = "approximate"


class Phrases:
    """What may be said or keyed as a list; the first that matches counts.

    An approximate phrase is matched by some of its words in their order (section 2.2.5): "news" by "top news of today".
    """

    def __init__(self, phrases: Sequence[tuple[tuple[str, ...], Meaning]], mode: str, accept: str = EXACT) -> None:
        self.mode = mode
        self.phrases = [(phrase, value) for phrase, value in phrases if phrase]
        self._approximate = accept == APPROXIMATE

    def match(self, inputs: Sequence[str], mode: str, most: int = 1) -> Match:
        """What this input is."""
        said = heard(inputs, mode) if mode == self.mode else None
        if said is None:
            return NO
        if not said:
            return PREFIX if self.phrases else NO
        fits = self._fitting(said)[:most]
        more = any(self._goes_on(phrase, said) for phrase, _ in self.phrases)
        if not fits:
            return PREFIX if more else NO
        answer = Answer.EXTENDABLE if more else Answer.FULL
        return Match(answer, fits[0], utterance(list(said), mode), tuple(fits[1:]))

    def _fitting(self, said: tuple[str, ...]) -> list[Meaning]:
        """What the phrases mean that fit: those that are just this, else those that it is a part of."""
        exact = [value for phrase, value in self.phrases if phrase == said]
        if exact or not self._approximate:
            return exact
        return [value for phrase, value in self.phrases if _rest(phrase, said) is not None]

    def _goes_on(self, phrase: tuple[str, ...], said: tuple[str, ...]) -> bool:
        if self._approximate:
            return bool(_rest(phrase, said))
        return len(phrase) > len(said) and phrase[: len(said)] == said


def _rest(phrase: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...] | None:
    """What is left of a phrase after some of its words in their order, or None where they are not in it."""
    at = 0
    for word in said:
        if word not in phrase[at:]:
            return None
        at = phrase.index(word, at) + 1
    return phrase[at:]


def phrase_grammar(choices: str | Iterable[tuple[str, Meaning]], accept: str = EXACT) -> Phrases:
    """A grammar of phrases and what they mean; one phrase alone means itself.

    Raises BadGrammar where ``accept`` is neither exact nor approximate.
    """
    if accept not in (EXACT, APPROXIMATE):
        raise BadGrammar(f"accept is exact or approximate, not {accept[:40]!r}")
    if isinstance(choices, str):
        choices = [(choices, choices)]
    return Phrases([(words(text), value) for text, value in choices], VOICE, accept)


def dtmf_choice(choices: Iterable[tuple[str, Meaning]]) -> Phrases:
    """A grammar of key sequences and what they mean. Raises BadGrammar for what is on no telephone key."""
    try:
        return Phrases([(keys(text), value) for text, value in choices], DTMF)
    except ValueError as wrong:
        raise BadGrammar(str(wrong)) from wrong


def keys_grammar(text: str) -> Phrases:
    """A grammar of one key sequence, which means its keys. Raises BadGrammar for what is on no telephone key."""
    return Phrases([(phrase, "".join(phrase)) for phrase, _ in dtmf_choice([(text, "")]).phrases], DTMF)
