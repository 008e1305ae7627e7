"""Made-up sound of telephone lines at 8 kHz, as samples, and what lines do to it; the voices are espeak-ng's."""

import functools
import subprocess

import numpy as np
from external_programs import path_of
from numpy.typing import NDArray

RATE = 8_000
FULL_SCALE = 32_768
PACKET = 160
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-us+f1", "en-us+f3", "en-us+m3", "en-us+m7", "en-029", "de", "fr+f3")

Signal = NDArray[np.float64]


def silence(seconds: float) -> Signal:
    return np.zeros(round(seconds * RATE))


def tone(seconds: float, *hertz: float, decibels: float = -20) -> Signal:
    """Tones of so many decibels below full scale each, all at once."""
    at = np.arange(round(seconds * RATE)) / RATE
    return sum((_amplitude(decibels) * np.sin(2 * np.pi * each * at) for each in hertz), np.zeros(len(at)))


def noise(seconds: float, mean_amplitude: float, seed: int = 1) -> Signal:
    spread = mean_amplitude * np.sqrt(np.pi / 2)
    return np.random.default_rng(seed).normal(0, spread, round(seconds * RATE))


def joined(*signals: Signal) -> Signal:
    return np.concatenate(signals)


@functools.cache
def spoken(text: str, voice: str = "en-us", words_per_minute: int = 175, decibels: float = -20) -> Signal:
    """A text in the band of a telephone; ``decibels`` are those of what is voiced, as ITU-T P.56 measures speech.

    Nothing where espeak-ng is not installed, since tables of sounds are made before the tests with voices are skipped.
    """
    if path_of("espeak-ng") is None:
        return silence(0)
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    rate = int.from_bytes(wav[24:28], "little")
    samples = np.frombuffer(wav[44:], np.int16)
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum[(hertz < 200) | (hertz > 3_400)] = 0
    band = np.fft.irfft(spectrum, len(samples))
    heard = np.interp(np.arange(0, len(band), rate / RATE), np.arange(len(band)), band)
    voiced = heard[np.abs(heard) > np.abs(heard).max() / 30]
    loudness = np.sqrt(np.square(voiced).mean())
    return heard * (FULL_SCALE * 10 ** (decibels / 20) / loudness)


def mulaw(signal: Signal) -> Signal:
    """There and back through G.711: 8 segments of 16 steps."""
    magnitude = np.clip(np.abs(signal), 0, 32_635) + 132
    step = 2.0 ** (np.floor(np.log2(magnitude)) - 4)
    return np.sign(signal) * ((np.floor(magnitude / step) + 0.5) * step - 132)


def noisy(signal: Signal) -> Signal:
    """With noise 10 dB below what sounds."""
    sounding = np.square(signal[np.abs(signal) > 1]).mean()
    return signal + np.random.default_rng(7).normal(0, np.sqrt(sounding / 10), len(signal))


def lossy(signal: Signal) -> Signal:
    """Every twentieth packet is lost."""
    kept = signal.copy()
    for start in range(7 * PACKET + 40, len(kept), 20 * PACKET):
        kept[start : start + PACKET] = 0
    return kept


def offset(signal: Signal) -> Signal:
    """With a direct current."""
    return signal + 800


def clipped(signal: Signal) -> Signal:
    """Far too loud."""
    return np.clip(10 * signal, -FULL_SCALE, FULL_SCALE - 1)


def chords(seconds: float, seed: int) -> Signal:
    """Music: three notes with overtones that fade, changing every 0.3 to 1.2 s."""
    draw = np.random.default_rng(seed)
    played = [silence(0)]
    while sum(map(len, played)) < seconds * RATE:
        lasts = draw.uniform(0.3, 1.2)
        fades = np.exp(-np.arange(round(lasts * RATE)) / (0.5 * RATE))
        notes = 220 * 2 ** (draw.choice(24, 3, replace=False) / 12)
        overtones = (tone(lasts, *(notes * part), decibels=-22 - 5 * part) for part in (1, 2, 3))
        played.append(fades * sum(overtones, silence(lasts)))
    return joined(*played)[: round(seconds * RATE)]


def pcm(signal: Signal) -> bytes:
    """As a line gives it."""
    return np.clip(np.round(signal), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16).tobytes()


def _amplitude(decibels: float) -> float:
    return float(FULL_SCALE * 10 ** (decibels / 20))
