"""What callees sound like, as mu-law at 8 kHz without a header: a person, a machine, a fax, special information tones.

The voices are espeak-ng's, as different from the one that prompts are spoken with as it has them.
"""

import functools
import io
import subprocess
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 8_000
LOUDNESS = 0.25
SPOKEN = {
    "hello": "Hello?",
    "smith": "Hello, this is Alex speaking.",
    "greeting": (
        "Hi! You have reached the Miller family. We can not come to the phone right now. Please leave your name, your "
        "number and a short message after the tone, and we will call you back as soon as we can."
    ),
    "disconnected": "We are sorry. The number you have dialed is not in service.",
}
TONES = {
    "beep": [(1000, 0.4)],
    "ced": [(2100, 3.3)],
    "sit": [(985.2, 0.38), (1370.6, 0.274), (1776.7, 0.38)],
    "sit-busy-circuits": [(985.2, 0.38), (1428.5, 0.38), (1776.7, 0.38)],
}


def write_sounds(folder: Path) -> None:
    """A file ``NAME.ulaw`` for each."""
    for name, sound in _sounds().items():
        (folder / f"{name}.ulaw").write_bytes(sound)


@functools.cache
def _sounds() -> dict[str, bytes]:
    spoken = {name: mulaw(_speech(text)) for name, text in SPOKEN.items()}
    tones = {name: mulaw(np.concatenate([_tone(*tone) for tone in parts])) for name, parts in TONES.items()}
    ringback = np.concatenate([_tone(440, 2.0) + _tone(480, 2.0), np.zeros(4 * RATE)]) / 2
    return {**spoken, **tones, "ringback": mulaw(ringback)}


def mulaw(samples: NDArray[np.float64] | NDArray[np.int16]) -> bytes:
    """Samples as G.711 mu-law."""
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, RATE, format="RAW", subtype="ULAW")
    return encoded.getvalue()


def samples(encoded: bytes) -> NDArray[np.int16]:
    """G.711 mu-law as samples."""
    layout = {"samplerate": RATE, "channels": 1, "format": "RAW", "subtype": "ULAW"}
    return soundfile.read(io.BytesIO(encoded), dtype="int16", **layout)[0]


def _tone(hertz: float, seconds: float) -> NDArray[np.float64]:
    return LOUDNESS * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def _speech(text: str) -> NDArray[np.float64]:
    command = ["espeak-ng", "--stdout", "-v", "en-us+f3", "-s", "150", text]
    spoken, rate = soundfile.read(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    voice = soxr.resample(spoken, rate, RATE)
    said = np.flatnonzero(np.abs(voice) > 0.01)
    return voice[said[0] : said[-1] + 1]
