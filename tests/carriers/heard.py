"""What a callee heard: the RTP of one call as sound, keys and gaps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from media import ARRIVAL, EVENTS, HEADER, KEYS, PCMU, SAMPLES
from numpy.typing import NDArray
from sounds import samples

from app.telephony.carrier import SAMPLES_PER_SECOND

LONGEST = 600 * SAMPLES_PER_SECOND


@dataclass(frozen=True)
class RtpPacket:
    """One that arrived, at a Unix time."""

    at: float
    kind: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes


@dataclass(frozen=True)
class Heard:
    """All packets that a callee got, in order of arrival."""

    packets: list[RtpPacket]

    @property
    def sound(self) -> NDArray[np.int16]:
        """The audio at 8 kHz by its RTP timestamps, from the first packet on; silence where packets are missing."""
        audio = [packet for packet in self.packets if packet.kind == PCMU]
        if not audio:
            return np.zeros(0, np.int16)
        starts = [(packet.timestamp - audio[0].timestamp + LONGEST) % 2**32 - LONGEST for packet in audio]
        assert 0 <= min(starts) <= max(starts) < LONGEST, "timestamps that jump"
        whole = bytearray(b"\xff" * (max(starts) + SAMPLES))
        for start, packet in zip(starts, audio, strict=True):
            whole[start : start + len(packet.payload)] = packet.payload
        return samples(bytes(whole))

    @property
    def keys(self) -> str:
        """The keys that were pressed: RFC 4733 events, one for each timestamp."""
        return "".join(KEYS[event] for event in self._events.values())

    @property
    def key_seconds(self) -> list[float]:
        """When each of them was pressed, by the RTP clock."""
        return [timestamp / SAMPLES_PER_SECOND for timestamp in self._events]

    @property
    def _events(self) -> dict[int, int]:
        return {packet.timestamp: packet.payload[0] for packet in self.packets if packet.kind == EVENTS}

    @property
    def gaps(self) -> NDArray[np.float64]:
        """Milliseconds from each packet's arrival to the next one's."""
        return np.diff([packet.at for packet in self.packets]) * 1000

    @property
    def lost(self) -> int:
        """How many sequence numbers never arrived."""
        numbers = np.unwrap([packet.sequence for packet in self.packets], period=2**16)
        return int(numbers.max() - numbers.min()) + 1 - len(set(numbers)) if len(numbers) else 0


Arrivals = dict[int, list[tuple[float, bytes]]]
"""By the port that they came from: when each packet came, and itself."""


def read_arrivals(file: Path) -> Arrivals:
    """All packets so far."""
    written = file.read_bytes()
    arrivals: Arrivals = {}
    place = 0
    while place + ARRIVAL.size <= len(written):
        at, port, length = ARRIVAL.unpack_from(written, place)
        place += ARRIVAL.size + length
        arrivals.setdefault(port, []).append((at, written[place - length : place]))
    return arrivals


def heard_between(arrivals: Arrivals, port: int, begin: float, end: float) -> Heard:
    """What came from a port between two Unix times."""
    return Heard([_packet(at, sent) for at, sent in arrivals.get(port, []) if begin <= at < end])


def _packet(at: float, sent: bytes) -> RtpPacket:
    _, kind, sequence, timestamp, _ = HEADER.unpack_from(sent)
    return RtpPacket(at, kind & 0x7F, kind > 0x7F, sequence, timestamp, sent[HEADER.size :])


def likeness(sent: NDArray[np.int16], heard: NDArray[np.int16]) -> float:
    """The highest correlation of a sound with what was heard, wherever in it that is."""
    sent, heard = sent.astype(float), heard.astype(float)
    size = len(sent) + len(heard)
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - len(sent) + 1]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    windows = energy[len(sent) :] - energy[: -len(sent)]
    return float(np.max(products / np.sqrt(np.maximum(windows, 1.0) * np.sum(sent**2))))
