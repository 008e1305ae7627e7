"""What is said, piece by piece, and whose voice says it."""

from dataclasses import dataclass
from typing import Protocol

WORDS_PER_MINUTE = 180.0
_BYTES_PER_SECOND = 8000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt: words, or a sound (``src``) and whether it can be played; how long it is.

    ``hotword``: only input that a grammar matches interrupts it. ``timeout`` is what its prompt says of the silence
    after it. ``marks`` are names and seconds from its beginning (VoiceXML 2.1 section 4). For who really says it,
    ``pauses`` are after how many of the words there are how many seconds of silence, ``sound`` is the file.
    """

    text: str = ""
    src: str = ""
    played: bool = True
    seconds: float = 0.0
    bargein: bool = True
    hotword: bool = False
    timeout: str = ""
    marks: tuple[tuple[str, float], ...] = ()
    pauses: tuple[tuple[int, float], ...] = ()
    sound: bytes = b""


class Voice(Protocol):
    """Who says the prompts."""

    def speaks(self, text: str) -> float:
        """How many seconds saying a text takes."""

    def plays(self, sound: bytes) -> float | None:
        """How long a file is; None for one that can't be played."""


class Reckoned:
    """Nobody says them: how long it would take."""

    def __init__(self, words_per_minute: float = WORDS_PER_MINUTE) -> None:
        self._words_per_minute = words_per_minute

    def speaks(self, text: str) -> float:
        return len(text.split()) * 60 / self._words_per_minute

    def plays(self, sound: bytes) -> float | None:
        """By the byte rate in a WAV header, else as telephone audio of 8,000 bytes a second."""
        if sound[:4] != b"RIFF":
            return len(sound) / _BYTES_PER_SECOND
        head = sound.find(b"data", 12) + 8
        return (len(sound) - head) / (int.from_bytes(sound[28:32], "little") or _BYTES_PER_SECOND)
