"""Tells a person's greeting from a machine's by its words and pauses. It hears nothing itself: detection does."""

from dataclasses import dataclass

from app.telephony.outcomes import CalleeType

FRAME_MS = 20
"""How long a frame is, in which all is counted."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """A person says a few words and waits, a machine talks on.

    Milliseconds, but for ``max_words`` and ``threshold``, the mean amplitude of 16 bit samples below which it is
    silent. A word is voice of ``min_word``, and one is apart from the next by ``between_words`` of silence. More than
    ``max_words``, or ``greeting`` of voice in words, is a machine; ``after_greeting_silence`` after a word is a person.
    At ``total`` nothing is known. Silence from the beginning decides nothing: who says nothing may be a person who
    listens, and a fax machine sends its tone as late as 2.5 s after the answer (ITU-T T.30).
    """

    greeting: int = 1500
    after_greeting_silence: int = 800
    total: int = 5000
    min_word: int = 100
    between_words: int = 50
    max_words: int = 3
    threshold: int = 256


class Greeting:
    """The words so far and the silence after them, in frames. What is shorter than a word is like silence."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._words = self._voice = self._burst = self._pause = self._since = 0

    def speaks(self, frames: int) -> None:
        """Voice of so many frames."""
        was_word = self._is_word
        self._burst += frames
        self._pause = 0
        if self._is_word:
            self._words += not was_word
            self._voice += frames if was_word else self._burst
            self._since = 0
        else:
            self._since += frames

    def pauses(self) -> None:
        """A silent frame."""
        self._pause += 1
        self._since += 1
        if self._pause * FRAME_MS >= self._tuning.between_words:
            self._burst = 0

    def is_interrupted(self) -> None:
        """A tone: what is heard on its edges does not add up to a word."""
        if not self._is_word:
            self._burst = 0

    @property
    def _is_word(self) -> bool:
        return self._burst * FRAME_MS >= self._tuning.min_word

    @property
    def verdict(self) -> CalleeType | None:
        """A person or a machine, once it is clear."""
        tuning = self._tuning
        if self._words > tuning.max_words or self._voice * FRAME_MS >= tuning.greeting:
            return CalleeType.ANSWERINGMACHINE
        waits = self._words and self._since * FRAME_MS >= tuning.after_greeting_silence
        return CalleeType.VOICE if waits else None
