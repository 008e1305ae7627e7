"""Who or what answered a real call, by its sound: people, machines that greet, fax and special information tones.

It counts time by the samples it was fed and knows no clock, so a line on which nothing is heard is the carrier's
matter. It comes with the extra ``sip``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.telephony.carrier import SAMPLES_PER_SECOND
from app.telephony.outcomes import CalleeType

FRAME_MS = 20
FRAME_BYTES = 2 * FRAME_MS * SAMPLES_PER_SECOND // 1000
"""Each frame is looked at together with the one before it, because 40 ms keep the lines of two tones apart."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tells a person's greeting from a machine's: a person says a few words and waits.

    Milliseconds, but for ``max_words`` and ``threshold``, the mean amplitude of 16 bit samples below which it is
    silent. A word is voice of ``min_word`` after ``between_words`` of silence. More than ``max_words``, or
    ``greeting`` of voice in words, is a machine; ``after_greeting_silence`` after a word is a person. At ``total``
    nothing is known. Silence from the beginning decides nothing: who says nothing may be a person who listens, and a
    fax machine sends its tone as late as 2.5 s after the answer (ITU-T T.30).
    """

    greeting: int = 1500
    after_greeting_silence: int = 800
    total: int = 5000
    min_word: int = 100
    between_words: int = 50
    max_words: int = 3
    threshold: int = 256


CED = (2060.0, 2140.0)
CED_MS = 300
"""Less than 450, after which the answering tone of fast modems turns its phase (ITU-T V.25)."""
CNG = (1060.0, 1140.0)
CNG_MS = (350, 650)
INFORMATION = ((900.0, 1000.0), (1350.0, 1450.0), (1750.0, 1850.0))
"""Special information tones: three segments (ITU-T E.180)."""
BEEP = (400.0, 2000.0)
BEEP_MS = (180, 2600)
STEADY_FRAMES = 4
STEADY_HERTZ = 10.0
ENDED_FRAMES = 10
"""A tone is over when it was not steady again within so many: packets get lost, and one spoils up to three frames."""
PURE = 3.0
NARROW = 5.5
"""Over how many lines of 25 Hz the power is spread: one tone 2.0 to 2.5, two tones 3.2 to 5, noise some 80."""

_WINDOW = np.hanning(FRAME_BYTES + 1)[:FRAME_BYTES]
_LOWEST = 4
_HERTZ = 25.0 * np.arange(_LOWEST, FRAME_BYTES // 2 + 1)
"""From 100 Hz on: neither hum nor a direct current is sound."""
_MOMENTS = np.stack((np.ones_like(_HERTZ), _HERTZ), axis=1)
_MEAN_AMPLITUDE = np.sqrt(2 / np.pi) * np.sqrt(2 / (FRAME_BYTES * np.square(_WINDOW).sum()))
"""From the root of the power of a spectrum to the mean amplitude of noise that has it."""
_NOTHING = 1e-9


@dataclass(slots=True)
class _Tone:
    """A steady tone or pair of tones (not ``pure``), and its frames by number: ``until`` is the first after it.

    ``segments`` of special information tones end with it.
    """

    hertz: float
    pure: bool
    began: int
    until: int
    segments: int = 0

    @property
    def milliseconds(self) -> int:
        return (self.until - self.began + 1) * FRAME_MS

    def within(self, band: tuple[float, float]) -> bool:
        """Whether it is one tone of that band."""
        return self.pure and band[0] <= self.hertz <= band[1]

    def continues(self, pure: bool, hertz: float) -> bool:
        return pure == self.pure and abs(hertz - self.hertz) <= STEADY_HERTZ

    def follows(self, other: "_Tone | None") -> None:
        """Count it as a segment when it is the one after the other, or the first."""
        before = other.segments % len(INFORMATION) if other is not None else 0
        self.segments = before + 1 if self.within(INFORMATION[before]) else int(self.within(INFORMATION[0]))


@dataclass(slots=True)
class _Frame:
    """What became known with a frame: how many frames of voice, this or some before it too; whether this one is
    silent; the tone that it belongs to; the tone that is over now.
    """

    voice: int = 0
    silent: bool = False
    tone: _Tone | None = None
    ended: _Tone | None = None

    @property
    def informs(self) -> bool:
        """Whether the last segment of special information tones is heard."""
        return self.tone is not None and self.tone.segments == len(INFORMATION)


class _Sound:
    """Tells silence, voice and steady tones apart. What may become a tone is held back until it is steady."""

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._unread = bytes(FRAME_BYTES)
        self._number = 0
        self._tone: _Tone | None = None
        self._run = _Tone(0.0, False, 0, 0)
        """What is narrow and at one pitch up to the latest frame."""

    def feed(self, pcm: bytes) -> Iterator[_Frame]:
        """A piece of any length, frame by frame."""
        for level, hertz, spread in self._spectra(pcm):
            frame = self._frame(level, hertz, spread)
            self._number += 1
            yield frame

    def _spectra(self, pcm: bytes) -> Iterator[tuple[float, float, float]]:
        """Mean amplitude, pitch of what is strongest, and over how many lines the power is spread.

        The latter two are the mean of the lines and the inverse participation ratio, both with the squares of the
        lines' powers as weights, so that noise all over the band hardly counts.
        """
        heard = self._unread + pcm
        frames = len(heard) // FRAME_BYTES - 1
        self._unread = heard[frames * FRAME_BYTES :]
        if not frames:
            return iter(())
        windows = np.ndarray((frames, FRAME_BYTES), np.int16, heard, strides=(FRAME_BYTES, 2))
        lines = np.fft.rfft(windows * _WINDOW)[:, _LOWEST:]
        power = np.square(lines.real) + np.square(lines.imag)
        total = power.sum(axis=1)
        squares, pitches = (np.square(power) @ _MOMENTS).T + _NOTHING
        levels = _MEAN_AMPLITUDE * np.sqrt(total)
        return zip(levels.tolist(), (pitches / squares).tolist(), (total * total / squares).tolist(), strict=True)

    def _frame(self, level: float, hertz: float, spread: float) -> _Frame:
        number, run = self._number, self._run
        frame = _Frame(silent=level < self._threshold)
        narrow, pure = not frame.silent and spread < NARROW, spread < PURE
        if narrow and run.until == number and run.continues(pure, hertz):
            run.until += 1
        else:
            held = run.until - run.began
            frame.voice = held if held < STEADY_FRAMES else 0
            run = self._run = _Tone(hertz, pure, number, number + narrow)
        if run.until - run.began >= STEADY_FRAMES:
            self._sounds(run, frame)
        elif not narrow and not frame.silent:
            frame.voice += 1
        if self._tone is not None and self._tone.until + ENDED_FRAMES < number:
            frame.ended, self._tone = self._tone, None
        return frame

    def _sounds(self, run: _Tone, frame: _Frame) -> None:
        tone = self._tone
        if tone is not None and tone.continues(run.pure, run.hertz):
            tone.until = run.until
        else:
            run.follows(tone)
            frame.ended, self._tone = tone, run
        frame.tone = self._tone


class _Greeting:
    """Words and the silence after them; all are counted in frames, and clicks shorter than a word are silence."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._words = self._voice = self._burst = self._pause = self._since = 0

    def speaks(self, frames: int) -> None:
        """Voice of so many frames."""
        least = self._tuning.min_word
        known = self._burst * FRAME_MS >= least
        self._burst += frames
        self._pause = 0
        if self._burst * FRAME_MS < least:
            self._since += frames
            return
        self._words += not known
        self._voice += frames if known else self._burst
        self._since = 0

    def breaks_off(self) -> None:
        """A tone: what is heard on its edges does not add up to a word."""
        if self._burst * FRAME_MS < self._tuning.min_word:
            self._burst = 0

    def pauses(self) -> None:
        """A silent frame."""
        self._pause += 1
        self._since += 1
        if self._pause * FRAME_MS >= self._tuning.between_words:
            self._burst = 0

    @property
    def verdict(self) -> CalleeType | None:
        """A person or a machine, once it is clear."""
        tuning = self._tuning
        if self._words > tuning.max_words or self._voice * FRAME_MS >= tuning.greeting:
            return CalleeType.ANSWERINGMACHINE
        waits = self._words and self._since * FRAME_MS >= tuning.after_greeting_silence
        return CalleeType.VOICE if waits else None


class Detector:
    """Tells who answered, from the answer on. PCM as carrier.BYTES_PER_SECOND has it, in pieces of any length."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._sound = _Sound(tuning.threshold)
        self._greeting = _Greeting(tuning)
        self._milliseconds = 0
        self._decided = False

    def feed(self, pcm: bytes) -> CalleeType | None:
        """The verdict, once: voice, answeringmachine, faxmachine, informationtone; unknown when the time is over."""
        if self._decided:
            return None
        for frame in self._sound.feed(pcm):
            verdict = self._verdict(frame)
            if verdict is not None:
                self._decided = True
                return verdict
        return None

    def _verdict(self, frame: _Frame) -> CalleeType | None:
        self._milliseconds += FRAME_MS
        tone, ended, greeting = frame.tone, frame.ended, self._greeting
        if frame.informs:
            return CalleeType.INFORMATIONTONE
        if tone is not None and tone.within(CED) and tone.milliseconds >= CED_MS:
            return CalleeType.FAXMACHINE
        if ended is not None and ended.within(CNG) and CNG_MS[0] <= ended.milliseconds <= CNG_MS[1]:
            return CalleeType.FAXMACHINE
        if tone is not None:
            greeting.breaks_off()
        if frame.voice:
            greeting.speaks(frame.voice)
        if frame.silent:
            greeting.pauses()
        return greeting.verdict or (CalleeType.UNKNOWN if self._milliseconds >= self._tuning.total else None)


class InformationTones:
    """Listens for special information tones in early media, before the answer."""

    def __init__(self) -> None:
        self._sound = _Sound(Tuning().threshold)

    def feed(self, pcm: bytes) -> bool:
        """Whether the three segments were heard in sequence."""
        return any(frame.informs for frame in self._sound.feed(pcm))


class Beep:
    """Listens for the tone after which a machine records."""

    def __init__(self) -> None:
        self._sound = _Sound(Tuning().threshold)

    def feed(self, pcm: bytes) -> bool:
        """Whether a beep has ended: one steady tone, neither a click nor a signal of the exchange."""
        ended = [frame.ended for frame in self._sound.feed(pcm) if frame.ended is not None]
        return any(tone.within(BEEP) and BEEP_MS[0] <= tone.milliseconds <= BEEP_MS[1] for tone in ended)
