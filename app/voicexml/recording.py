"""A recording as the value of a variable: how long it is, and which; and the sound that it is sent as.

Of scripted callers that is silence of that length.
"""

import struct
from typing import Any

from app.voicexml.elements import Element
from app.voicexml.events import Event

LONGEST_SECONDS = 60.0
RATE = 8000
TYPES = frozenset(("audio/basic", "audio/x-alaw-basic", "audio/x-wav", "audio/wav", "audio/wave", "audio/vnd.wave"))
"""Those of VoiceXML 2.0 appendix E, and how a WAV is also called, which every recording is."""

_SILENCE = b"\xff"  # of G.711 mu-law


def check_type(media_type: str, element: Element | None) -> None:
    """Raises Event error.unsupported.format for a type of recordings that nobody makes here."""
    if media_type.partition(";")[0].strip().lower() not in TYPES:
        raise Event("error.unsupported.format", f"recordings of type {media_type[:80]} can't be made", element)


def length(value: Any) -> float | None:
    """The seconds of a variable's value that is a recording; None for any other."""
    seconds = value.get("recording") if isinstance(value, dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) and seconds >= 0 else None


class Recordings:
    """The sounds of one call."""

    def __init__(self) -> None:
        self._sounds: list[bytes] = []

    def keep(self, seconds: float, sound: bytes) -> dict[str, Any]:
        """A recording as a variable has it."""
        self._sounds.append(sound)
        return {"recording": seconds, "number": len(self._sounds)}

    def sound(self, value: Any) -> bytes:
        """The file of a variable's value that is a recording."""
        number = value.get("number")
        if isinstance(number, int) and 1 <= number <= len(self._sounds):
            return self._sounds[number - 1]
        return silence(length(value) or 0.0)


def silence(seconds: float) -> bytes:
    """A WAV file of silence, 8 kHz mu-law as telephones have it."""
    data = _SILENCE * round(min(seconds, LONGEST_SECONDS) * RATE)
    form = b"fmt " + struct.pack("<IHHIIHHH", 18, 7, 1, RATE, RATE, 1, 8, 0)
    content = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(content)) + content
