"""The voice on real lines: texts spoken by espeak-ng and sound files, both as the telephone has them.

It comes with the extra ``sip``. What was made once is kept, because a campaign says the same to everybody.
"""

import hashlib
import io
import logging
import re
import shutil
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from app.errors import SettingError
from app.telephony.carrier import BYTES_PER_SECOND, SAMPLES_PER_SECOND

log = logging.getLogger(__name__)

PROGRAM = "espeak-ng"
SYNTHESIS_SECONDS = 10.0
MOST_CHARACTERS = 10_000
"""Of a text: some ten minutes, which no conversation is longer than."""
LONGEST_SECONDS = 600
KEPT_BYTES = 64 * 1024 * 1024
FORMATS = frozenset(("WAV", "WAVEX", "AU"))
RATES = range(4_000, 96_001)
MOST_CHANNELS = 2
MOST_AMPLITUDE = 32_767

_NOT_SAID = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Samples = NDArray[np.int16]


class Espeak:
    """A voice of espeak-ng's (carrier.Speaker). Safe to use from many threads."""

    def __init__(self, voice: str, words_per_minute: int) -> None:
        """Raises SettingError when the program is missing or does not know the voice."""
        path = shutil.which(PROGRAM)
        if path is None:
            raise SettingError(f"real calls need {PROGRAM} to speak: apt-get install {PROGRAM}")
        self._command = [path, "--stdout", "--stdin", "-b", "1", "-v", voice, "-s", str(words_per_minute)]
        self._kept = _Kept(KEPT_BYTES)
        if not self._synthesised("yes"):
            raise SettingError(f"RINGBACK_SIP_VOICE: {PROGRAM} has no voice {voice!r}; `{PROGRAM} --voices` lists them")

    def speaks(self, text: str) -> float:
        """How many seconds saying a text takes."""
        return len(self.words(text)) / BYTES_PER_SECOND

    def plays(self, sound: bytes) -> float | None:
        """How long a sound file is; None for one that can't be played."""
        return len(self.sound(sound)) / BYTES_PER_SECOND or None

    def words(self, text: str) -> bytes:
        """A text as PCM; empty for one that can't be said."""
        text = _plain(text)
        return self._kept.get(f"text {text}", lambda: self._synthesised(text)) if text else b""

    def sound(self, file: bytes) -> bytes:
        """A WAV or AU file, or mu-law without a header, as PCM; empty for one that can't be played."""
        return self._kept.get(f"file {hashlib.sha256(file).hexdigest()}", lambda: _decoded(file)) if file else b""

    def wav(self, pcm: bytes) -> bytes:
        """PCM as a WAV file of mu-law, as recordings are."""
        written = io.BytesIO()
        soundfile.write(written, _samples(pcm), SAMPLES_PER_SECOND, format="WAV", subtype="ULAW")
        return written.getvalue()

    def _synthesised(self, text: str) -> bytes:
        try:
            spoken = subprocess.run(  # noqa: S603 - its own program; the text goes in by a pipe
                self._command, input=text.encode(), capture_output=True, timeout=SYNTHESIS_SECONDS, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError) as wrong:
            log.warning("%s could not speak: %s", PROGRAM, wrong)
            return b""
        # Its header says that it is endless, because it is written into a pipe.
        rate = int.from_bytes(spoken[24:28], "little")
        if rate not in RATES:
            log.warning("%s spoke at %d Hz", PROGRAM, rate)
            return b""
        return _resampled(_samples(spoken[44:])[: LONGEST_SECONDS * rate], rate)


class _Kept:
    """PCM by name, the least recently used given up first. What could not be made is tried again."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept by that name, or was made now; two threads may both make it."""
        with self._lock:
            if name in self._sounds:
                self._sounds.move_to_end(name)
                return self._sounds[name]
        pcm = make()
        with self._lock:
            if not pcm:
                return pcm
            self._bytes += len(pcm) - len(self._sounds.pop(name, b""))
            self._sounds[name] = pcm
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._sounds.popitem(last=False)[1])
        return pcm


def _plain(text: str) -> str:
    """A text without what the program takes for its end or for phonemes."""
    return " ".join(_NOT_SAID.sub(" ", text).replace("[[", "[ [").split())[:MOST_CHARACTERS]


def _decoded(file: bytes) -> bytes:
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as opened:
            if opened.format not in FORMATS or opened.samplerate not in RATES or opened.channels > MOST_CHANNELS:
                return b""
            frames = opened.read(LONGEST_SECONDS * opened.samplerate, dtype="float32", always_2d=True)
            mono = np.nan_to_num(frames).clip(-1, 1).mean(axis=1) * MOST_AMPLITUDE
            return _resampled(mono.round().astype(np.int16), opened.samplerate)
    except soundfile.LibsndfileError:
        return b"" if _is_something_else(file) else _of_mulaw(file[: LONGEST_SECONDS * SAMPLES_PER_SECOND])


def _is_something_else(file: bytes) -> bool:
    """A broken sound file or a page, such as one that says that there is no sound: nobody wants to hear its bytes."""
    try:
        return file[:4] in (b"RIFF", b".snd") or bool(file.decode())
    except UnicodeDecodeError:
        return file.lstrip()[:1] == b"<"


def _of_mulaw(file: bytes) -> bytes:
    options = {"samplerate": SAMPLES_PER_SECOND, "channels": 1, "format": "RAW", "subtype": "ULAW"}
    return bytes(soundfile.read(io.BytesIO(file), dtype="int16", **options)[0].tobytes())


def _resampled(samples: Samples, rate: int) -> bytes:
    if rate == SAMPLES_PER_SECOND or not len(samples):
        return samples.tobytes()
    return bytes(soxr.resample(samples, rate, SAMPLES_PER_SECOND).tobytes())


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) & ~1], np.int16)
