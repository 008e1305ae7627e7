"""The voice on real lines: which texts and files it makes sound of, and what neither of them can do to it."""

import io
import resource
import shutil
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from needs import needs
from talking import spans, tone

from app.telephony import speech
from app.telephony.carrier import BYTES_PER_SECOND
from app.telephony.speech import LONGEST_SECONDS, Espeak

pytestmark = needs("espeak-ng")


@pytest.fixture(scope="module")
def voice() -> Espeak:
    return Espeak("en-us", 180)


FILES = {
    **{f"{rate} Hz": tone(440, 1, rate=rate) for rate in (8000, 11025, 16000, 22050, 44100, 48000)},
    "two channels": tone(440, 1, rate=44100, channels=2),
    **{kind: tone(440, 1, subtype=kind) for kind in ("ULAW", "ALAW", "PCM_U8", "PCM_24", "FLOAT")},
    "AU": tone(440, 1, format="AU", subtype="ULAW"),
    "AU of linear PCM": tone(440, 1, format="AU", subtype="PCM_16"),
    "mu-law without a header": tone(440, 1, format="RAW", subtype="ULAW"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_sound_files_are_played_at_their_pitch(voice: Espeak, file: object) -> None:
    pcm = np.frombuffer(voice.sound(file.body), np.int16)
    assert voice.plays(file.body) == pytest.approx(1.0, abs=0.01)
    ((begin, end),) = spans(pcm, 440)
    assert end - begin == pytest.approx(1.0, abs=0.05)


def wav(*, channels: int = 1, rate: int = 8000, bits: int = 16, data: int = 1000, claimed: int | None = None) -> bytes:
    form = struct.pack(
        "<HHIIHH", 1, channels, rate, 0xFFFFFFFF & rate * channels * bits // 8, channels * bits // 8, bits
    )
    size = data if claimed is None else claimed
    head = b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + b"WAVEfmt \x10\0\0\0" + form
    return head + b"data" + struct.pack("<I", size) + b"\1\2" * (data // 2)


SILENT = {
    "nothing": b"",
    "a page": b"<html><body>There is no such sound.</body></html>" * 100,
    "a page in Latin-1": "\n<html><body>Es gibt keinen solchen Ton für Sie.</body></html>".encode("latin-1"),
    "a sentence": "Déjà vu".encode() * 100,
    "half a header": tone(440, 1).body[:30],
    "no frames": wav(data=0),
    "1000 channels": wav(channels=1000),
    "no channels": wav(channels=0),
    "1 Hz": wav(rate=1),
    "4 GHz": wav(rate=4_000_000_000),
    "no bits": wav(bits=0),
    "Ogg": b"OggS" + b"\0\2" * 100,
}


@pytest.mark.parametrize("file", SILENT.values(), ids=SILENT)
def test_what_is_no_sound_is_not_played(voice: Espeak, file: bytes) -> None:
    assert voice.plays(file) is None
    assert voice.sound(file) == b""


def test_numbers_that_are_no_sound_are_silence(voice: Espeak) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.array([np.nan, np.inf, -np.inf, 1e30] * 1000), 8000, format="WAV", subtype="FLOAT")
    assert voice.plays(file.getvalue()) == pytest.approx(0.5)


def test_a_file_is_no_longer_than_it_is(voice: Espeak) -> None:
    assert voice.plays(wav(claimed=0xFFFFFFFF)) == pytest.approx(1000 / 16000)


def test_the_longest_file_is_bounded(voice: Espeak) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(640 * 4000), 4000, format="WAV", subtype="PCM_U8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.thread_time()
    assert voice.plays(file.getvalue()) == LONGEST_SECONDS
    assert time.thread_time() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


TEXTS = {
    "an option": ("-v de --version", 1.0, 3.0),
    "a command": ("$(sleep 30) `sleep 30`; sleep 30", 1.0, 8.0),
    "phonemes": ("[[h@l'oU]]", 1.0, 4.0),
    "the name of a tag": ("one <break time='30s'/> two", 2.0, 6.0),
    "a zero character": ("one\0two\0three\0four\0five", 1.5, 4.0),
    "half a surrogate": ("one \ud83d two", 0.5, 2.0),
    "emoji": ("\U0001f600", 0.3, 3.0),
    "no blanks": ("a" * 10_000, 10.0, LONGEST_SECONDS),
    "many digits": ("x1" * 50_000, 60.0, LONGEST_SECONDS),
    "blanks": (" \n\t ", 0.0, 0.0),
}


@pytest.mark.parametrize(("text", "least", "most"), TEXTS.values(), ids=TEXTS)
def test_any_text_can_be_said(voice: Espeak, text: str, least: float, most: float) -> None:
    assert least <= voice.speaks(text) <= most
    assert voice.speaks(text) == len(voice.words(text)) / BYTES_PER_SECOND


def test_brackets_are_no_phonemes(voice: Espeak) -> None:
    assert voice.speaks("[[h@l'oU]]") > 1.2 * voice.speaks("hello")


def test_what_is_kept_is_bounded(voice: Espeak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "KEPT_BYTES", 200_000)
    voice = Espeak("en-us", 180)
    for number in range(30):
        voice.words(f"This is prompt number {number}.")
    kept = voice._kept._sounds
    assert 0 < sum(map(len, kept.values())) == voice._kept._bytes <= 200_000
    assert "text This is prompt number 29." in kept


BROKEN = {
    "dies": "exit 1",
    "is killed": "kill -9 $$",
    "hangs": "exec sleep 60",
    "says nothing": "exit 0",
    "talks nonsense": "head -c 5000 /dev/zero",
}


@pytest.mark.parametrize("instead", BROKEN.values(), ids=BROKEN)
def test_a_program_that_fails_leaves_a_prompt_unsaid_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    program, broken = tmp_path / "espeak-ng", tmp_path / "broken"
    program.write_text(f'#!/bin/sh\n[ -e {broken} ] && {{ {instead}; exit; }}\nexec {shutil.which("espeak-ng")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(speech, "SYNTHESIS_SECONDS", 0.5)
    voice = Espeak("en-us", 180)
    broken.touch()
    assert voice.speaks("Hello") == 0
    broken.unlink()
    monkeypatch.setattr(speech, "SYNTHESIS_SECONDS", 10.0)
    assert voice.speaks("Hello") > 0.3
