"""Who or what answered a real call, by its sound: people, machines that greet, fax and special information tones.

It counts time by the samples it was fed and knows no clock, so a line on which nothing is heard is the carrier's
matter. It comes with the extra ``sip``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.telephony.carrier import BYTES_PER_SECOND, SAMPLES_PER_SECOND
from app.telephony.greetings import FRAME_MS, Greeting, Tuning
from app.telephony.outcomes import CalleeType

__all__ = ["Beep", "Detector", "InformationTones", "Tuning"]

FRAME = FRAME_MS * SAMPLES_PER_SECOND // 1000
FRAME_BYTES = FRAME * BYTES_PER_SECOND // SAMPLES_PER_SECOND
WINDOW = 2 * FRAME
"""Samples of a spectrum: a frame and the one before it, because 40 ms keep the lines of two tones apart."""

CED = (2060.0, 2140.0)
CED_MS = 500
"""It lasts 2.6 s at least (ITU-T T.30); hardly a melody holds this note for half a second."""
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

_TAPER = np.hanning(WINDOW + 1)[:WINDOW]
_LOWEST = 4
_HERTZ = np.fft.rfftfreq(WINDOW, 1 / SAMPLES_PER_SECOND)[_LOWEST:]
"""From 100 Hz on: neither hum nor a direct current is sound."""
_MOMENTS = np.stack((np.ones_like(_HERTZ), _HERTZ), axis=1)
_MEAN_AMPLITUDE = np.sqrt(4 / (np.pi * WINDOW * np.square(_TAPER).sum()))
"""From the root of the power of a spectrum to the mean amplitude of noise that has it."""
_NOTHING = 1e-9
"""Keeps silence from being divided by zero."""


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
        windows = np.ndarray((frames, WINDOW), np.int16, heard, strides=(FRAME_BYTES, 2))
        lines = np.fft.rfft(windows * _TAPER)[:, _LOWEST:]
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


class Detector:
    """Tells who answered, from the answer on. PCM as carrier.BYTES_PER_SECOND has it, in pieces of any length."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._sound = _Sound(tuning.threshold)
        self._greeting = Greeting(tuning)
        self._elapsed = 0
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
        self._elapsed += FRAME_MS
        tone, ended, greeting = frame.tone, frame.ended, self._greeting
        if frame.informs:
            return CalleeType.INFORMATIONTONE
        if tone is not None and tone.within(CED) and tone.milliseconds >= CED_MS:
            return CalleeType.FAXMACHINE
        if ended is not None and ended.within(CNG) and CNG_MS[0] <= ended.milliseconds <= CNG_MS[1]:
            return CalleeType.FAXMACHINE
        if tone is not None:
            greeting.is_interrupted()
        if frame.voice:
            greeting.speaks(frame.voice)
        if frame.silent:
            greeting.pauses()
        return greeting.verdict or (CalleeType.UNKNOWN if self._elapsed >= self._tuning.total else None)


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
