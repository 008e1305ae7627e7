"""A VoiceXML application that talks over SIP with a callee whose sound and keys the test writes down beforehand."""

import io
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import soundfile
from dialling import Phone
from heard import Heard
from media import SECONDS, Stream, frames_of
from messages import Call
from numpy.typing import NDArray
from peer import Peer

from app.telephony.carrier import Line, Outcome
from app.voicexml import session
from app.voicexml.resources import Answer, NotFetched, Request
from app.voicexml.session import Result
from scheduler.live import LiveCaller

SILENT = "+16175550107"
RATE = 8_000
FRAME = 160
AUDIBLE = 200
"""The mean amplitude of a frame in which something is heard."""
ROOT = "http://customer/"
CONNECTION = {"callee_type": "processing", "beep": False}


@dataclass(frozen=True)
class Found:
    """What a customer's server answers to a request, after how many seconds."""

    body: bytes
    media_type: str = "audio/x-wav"
    seconds: float = 0.0


Site = Mapping[str, str | Found]
"""By path: a page as what stands in its vxml element, or anything."""


@dataclass
class Talked:
    """What came of a conversation. ``events`` is its transcript, ``requests`` what the customer's server got."""

    exchange: Peer
    call: Call | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    result: Result | None = None
    outcome: Outcome | None = None
    processor_seconds: float = 0.0

    def of(self, event: str, **facts: Any) -> list[dict[str, Any]]:
        """The entries of one kind that say this."""
        return [each for each in self.events if each["event"] == event and facts.items() <= each.items()]

    @property
    def logged(self) -> list[str]:
        return [each["text"] for each in self.of("log")]

    @cached_property
    def heard(self) -> Heard:
        assert self.call is not None
        return self.exchange.heard(self.call)

    @property
    def sound(self) -> NDArray[np.int16]:
        return self.heard.sound

    def spans(self, hertz: float = 0.0, *, joined: float = 0.06) -> list[tuple[float, float]]:
        """From and until which seconds something was heard, or a tone of that pitch; shorter pauses belong to it."""
        return spans(self.sound, hertz, joined=joined)


class Talks:
    """Dials, and runs an application against whoever answers."""

    def __init__(self, phone: Phone, exchange: Peer) -> None:
        self._phone = phone
        self._exchange = exchange
        self._lock = threading.Lock()

    def with_(
        self, start: str, score: str = "", *, site: Site | None = None, number: str = SILENT, **more: Any
    ) -> Talked:
        """Run a page, as the content of its vxml element; ``score`` is what the callee does, as media.py has it."""
        talked = Talked(self._exchange)
        pages = {"start": start} | dict(site or {})

        def converse(_: datetime, line: Line) -> float:
            talked.call = next(call for call in reversed(self._exchange.calls()) if call.number == number)
            with _Callee(talked.call.rtp_port, score, self._exchange):
                began = time.thread_time()
                talked.result = session.run(
                    Request("GET", f"{ROOT}start"),
                    LiveCaller(line),
                    lambda request: _fetched(talked, pages, request),
                    {"connection": CONNECTION},
                    report=talked.events.append,
                    voice=line.speaker,
                )
                talked.processor_seconds = time.thread_time() - began
            return talked.result.seconds

        talked.outcome = self._phone.dial(number, converse, **{"detection": False} | more)
        times = [each["at"] for each in talked.events]
        assert times == sorted(times)
        return talked


class _Callee:
    """Somebody at the address that a call's sound goes to, in a thread. Sends nothing without a score, and after one
    that ends with ``stop``; else silence in the end.
    """

    def __init__(self, port: int, score: str, exchange: Peer) -> None:
        score, self._stops, _ = score.partition(" stop")
        self._stream = Stream(("127.0.0.1", port), port)
        self._stream.play(frames_of(score, exchange.folder))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play) if score else None

    def __enter__(self) -> None:
        if self._thread is not None:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _play(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as through:
            through.bind(("127.0.0.1", 0))
            while not self._over.wait(max(0.0, self._stream.due - time.monotonic())):
                self._stream.send(through)
                if self._stops and self._stream.is_over:
                    break


def _fetched(talked: Talked, site: Site, request: Request) -> Answer:
    talked.requests.append(request)
    found = site.get(urlsplit(request.url).path.lstrip("/"))
    if found is None:
        raise NotFetched("nobody has it")
    if isinstance(found, str):
        found = page(found)
    time.sleep(found.seconds)
    return Answer(200, request.url, {"content-type": found.media_type}, found.body)


def page(content: str, seconds: float = 0.0) -> Found:
    """A page, after so many seconds; ``content`` is what stands in its vxml element."""
    text = f'<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">{content}</vxml>'
    return Found(text.encode(), "application/voicexml+xml", seconds)


def tone(hertz: float, seconds: float, **written: Any) -> Found:
    """A sound file; ``written`` is rate, channels, format and subtype."""
    rate, channels = written.pop("rate", RATE), written.pop("channels", 1)
    wave = 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    file = io.BytesIO()
    soundfile.write(file, np.stack([wave] * channels, axis=1), rate, **({"format": "WAV"} | written))
    return Found(file.getvalue())


def spans(sound: NDArray[np.int16], hertz: float = 0.0, *, joined: float = 0.06) -> list[tuple[float, float]]:
    """From and until which seconds there is sound, or a tone of that pitch; shorter pauses belong to it."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    there = np.abs(frames).mean(axis=1) > AUDIBLE
    if hertz:
        spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME), 1024, axis=1))
        there &= np.abs(spectrum.argmax(axis=1) * RATE / 1024 - hertz) < 60
    found: list[tuple[float, float]] = []
    for place in np.flatnonzero(there):
        begin, end = place * SECONDS, (place + 1) * SECONDS
        if found and begin - found[-1][1] < joined:
            begin = found.pop()[0]
        found.append((begin, end))
    return [(begin, end) for begin, end in found if end - begin > SECONDS]
