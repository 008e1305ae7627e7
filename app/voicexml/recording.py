"""A recording as the value of a variable: how long it is, and the sound it is sent as: silence of that length."""

import struct
from typing import Any

LONGEST_SECONDS = 60.0
RATE = 8000
_SILENCE = b"\xff"  # of G.711 mu-law


def length(value: Any) -> float | None:
    """The seconds of a variable's value that is a recording; None for any other."""
    seconds = value.get("recording") if isinstance(value, dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) else None


def sound(seconds: float) -> bytes:
    """A WAV file of silence, 8 kHz mu-law as telephones have it."""
    data = _SILENCE * round(min(seconds, LONGEST_SECONDS) * RATE)
    form = b"fmt " + struct.pack("<IHHIIHHH", 18, 7, 1, RATE, RATE, 1, 8, 0)
    content = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(content)) + content
