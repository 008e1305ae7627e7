"""The media side of the peer: one process and one thread that sends and receives the RTP of all calls on one port.

It knows no SIP: sipp writes lines ``host port score`` into a file, which are played to that address, and every packet
that arrives is written into another with its time of arrival as the kernel has it. heard.py makes calls of them again.

A score is what a callee sends, in order, every 20 ms, followed by silence without end: ``hello`` the sound of that
name, ``0.5`` seconds of silence, ``@3`` silence until second 3, ``keys=12#`` pressed as RFC 4733 events of 100 ms.
``stop`` alone ends it.
"""

import contextlib
import functools
import heapq
import itertools
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path

PCMU = 0
EVENTS = 101
KEYS = "0123456789*#ABCD"
SECONDS = 0.02
LOOK_MILLISECONDS = 5
"""How often streams are looked after, whatever their number: how late a packet may be sent."""
SAMPLES = 160
SILENCE = b"\xff" * SAMPLES
PRESSED = 5
"""Frames that a key lasts, and the pause after it."""
VOLUME = 10
MARKER = 0x80
HEADER = struct.Struct("!BBHII")
ARRIVAL = struct.Struct("=dHH")
"""Unix time, the port that it came from and its length: before each packet in the file of those that were heard."""
TIMESTAMPS = 35  # SO_TIMESTAMPNS, which the module socket does not name

Packet = tuple[int, int, bytes]
"""The payload type with the marker bit; how many frames ago its time began; the payload."""


def frames_of(score: str, sounds: Path) -> list[list[Packet]]:
    """What is sent every 20 ms, one list of packets for each."""
    frames: list[list[Packet]] = []
    for part in score.split():
        if part.startswith("keys="):
            for key in part[5:]:
                frames += _pressed(KEYS.index(key)) + _silence(PRESSED)
        elif part.startswith("@"):
            frames += _silence(round(float(part[1:]) / SECONDS) - len(frames))
        elif part[0].isdigit():
            frames += _silence(round(float(part) / SECONDS))
        else:
            sound = (sounds / f"{part}.ulaw").read_bytes()
            whole = len(sound) // SAMPLES
            frames += [[(PCMU, 0, sound[at * SAMPLES : (at + 1) * SAMPLES])] for at in range(whole)]
    return frames


def _silence(count: int) -> list[list[Packet]]:
    return [[(PCMU, 0, SILENCE)]] * count


def _pressed(key: int) -> list[list[Packet]]:
    """The packets of an event: the first has the marker, the last comes three times (RFC 4733, 2.5.1)."""
    frames = []
    for number in range(PRESSED):
        last = number == PRESSED - 1
        payload = struct.pack("!BBH", key, VOLUME | (MARKER if last else 0), SAMPLES * (number + 1))
        packet = (EVENTS if number else EVENTS | MARKER, number, payload)
        frames.append([packet] * (3 if last else 1))
    return frames


class Stream:
    """What is sent to one address."""

    def __init__(self, address: tuple[str, int], number: int) -> None:
        self.address = address
        self.frames: list[list[Packet]] = []
        self.due = time.monotonic()
        self._source = 0x5EED0000 + number
        self._sequence = 0
        self._frame = 0
        self._at = 0

    def play(self, frames: list[list[Packet]]) -> None:
        self.frames, self._at = frames, 0

    @property
    def is_over(self) -> bool:
        """Whether only silence follows."""
        return self._at >= len(self.frames)

    def send(self, through: socket.socket) -> None:
        """The packets that are due now."""
        packets = self.frames[self._at] if self._at < len(self.frames) else _silence(1)[0]
        for kind, ago, payload in packets:
            if not self._sequence:
                kind |= MARKER
            stamp = (self._frame - ago) * SAMPLES
            head = HEADER.pack(0x80, kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, self._source)
            through.sendto(head + payload, self.address)
            self._sequence += 1
        self._at += 1
        self._frame += 1
        self.due += SECONDS


class Media:
    """All streams. ``run`` returns when its standard input is closed, as it is when the test has died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scores = folder / "scores.log"
        self._scores.touch()
        self._read = 0
        self._heard = (folder / "heard").open("ab", buffering=0)
        self._audio, self._control = _pair_of_sockets()
        self._streams: dict[tuple[str, int], Stream] = {}
        self._queue: list[tuple[float, int, Stream]] = []
        self._numbers = itertools.count()
        self._frames = functools.cache(lambda score: frames_of(score, folder))

    @property
    def port(self) -> int:
        return int(self._audio.getsockname()[1])

    def run(self) -> None:
        poll = select.poll()
        for source in (sys.stdin, self._control):
            poll.register(source, select.POLLIN)
        with self._scores.open() as scores:
            unfinished = ""
            while True:
                ready = {descriptor for descriptor, _ in poll.poll(LOOK_MILLISECONDS)}
                if sys.stdin.fileno() in ready:
                    return
                if self._control.fileno() in ready:
                    self._control.recv(2048)
                self._hear()
                *lines, unfinished = (unfinished + scores.read()).split("\n")
                for line in lines:
                    self._obey(line)
                self._send()

    def _hear(self) -> None:
        heard = []
        try:
            while True:
                packet, ancillary, _, (_, port) = self._audio.recvmsg(2048, 64)
                seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
                heard += [ARRIVAL.pack(seconds + nanoseconds / 1e9, port, len(packet)), packet]
        except BlockingIOError:
            self._heard.write(b"".join(heard))

    def _obey(self, line: str) -> None:
        host, port, score = line.split(" ", 2)
        address = (host, int(port))
        if score == "stop":
            self._streams.pop(address, None)
            return
        if address not in self._streams:
            number = next(self._numbers)
            self._streams[address] = stream = Stream(address, number)
            heapq.heappush(self._queue, (stream.due, number, stream))
        self._streams[address].play(self._frames(score))

    def _send(self) -> None:
        now = time.monotonic()
        while self._queue and self._queue[0][0] <= now:
            _, number, stream = heapq.heappop(self._queue)
            if self._streams.get(stream.address) is stream:
                stream.send(self._audio)
                heapq.heappush(self._queue, (stream.due, number, stream))


def _pair_of_sockets() -> tuple[socket.socket, socket.socket]:
    """One for RTP on an even port, and one for RTCP on the next (RFC 3550, 11)."""
    while True:
        audio, control = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        audio.bind(("127.0.0.1", 0))
        port = audio.getsockname()[1]
        try:
            control.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            port = 1
        if port % 2 == 0:
            audio.setblocking(False)
            audio.setsockopt(socket.SOL_SOCKET, TIMESTAMPS, 1)
            audio.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            return audio, control
        audio.close()
        control.close()


if __name__ == "__main__":
    media = Media(Path(sys.argv[1]))
    with contextlib.suppress(PermissionError):  # a real exchange is not on this machine, which may be busy
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    print(media.port, flush=True)
    media.run()
