"""What went over the wire at a SIP peer: sipp's message log read into messages and calls."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_RULE = re.compile(rb"^-{40,} (\S+ \S+)\n\w+ message (received|sent) .*\n\n", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """A request or a response, received or sent by the peer, at a Unix time."""

    at: float
    received: bool
    text: str

    @property
    def start(self) -> str:
        """The first line."""
        return self.text.partition("\n")[0]

    @property
    def method(self) -> str:
        """Of a request; empty for a response."""
        return "" if self.status else self.start.split()[0]

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split()[1]

    @property
    def body(self) -> str:
        return self.text.partition("\n\n")[2]

    def header(self, name: str) -> str:
        """The first one of that name, whatever its case; empty when there is none."""
        found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*)$", self.text.partition("\n\n")[0], re.M | re.I)
        return found[1].strip() if found else ""

    def proves(self, password: str) -> bool:
        """Whether it answers a digest challenge with that password (RFC 2617, 3.2.2, MD5 and qop=auth)."""
        told = self.header("Authorization") or self.header("Proxy-Authorization")
        said = dict(re.findall(r'(\w+)="?([^",]*)', told))
        secret = _md5(said["username"], said["realm"], password)
        request = _md5(self.method, said["uri"])
        return said["response"] == _md5(secret, said["nonce"], said["nc"], said["cnonce"], said["qop"], request)


@dataclass(frozen=True)
class Call:
    """The messages of one Call-ID in order, each retransmission left out."""

    messages: list[Message]

    @property
    def number(self) -> str:
        """The user part of the URI that was dialled."""
        return self.first("INVITE").uri.partition(":")[2].partition("@")[0]

    @property
    def story(self) -> list[str]:
        """Methods that came and statuses that were sent in return, as ``["INVITE", "100", "486", "ACK"]``.

        What the peer asked itself stands as ``>BYE``, and what it got for that as ``<200``.
        """
        own = {True: ("", "<"), False: (">", "")}
        return [
            own[message.received][0] + message.method
            if message.method
            else own[message.received][1] + str(message.status)
            for message in self.messages
        ]

    def first(self, method: str) -> Message:
        """The first request of that method that came."""
        return next(message for message in self.messages if message.received and message.method == method)

    def count(self, method: str) -> int:
        """How many requests of that method came."""
        return self.story.count(method)

    @property
    def begin(self) -> float:
        """When it was dialled, as a Unix time."""
        return self.messages[0].at

    @property
    def rtp_port(self) -> int:
        """Where the one who dialled wants its RTP."""
        return int(re.search(r"^m=audio (\d+)", self.first("INVITE").body, re.M)[1])


def read_messages(log: Path) -> list[Message]:
    """All of them so far, in order; what is being written just now is left for the next time."""
    whole = log.read_bytes() if log.exists() else b""
    _, *parts = _RULE.split(whole)
    return [
        Message(datetime.fromisoformat(at.decode()).timestamp(), direction == b"received", _text(text))
        for at, direction, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def calls_of(messages: list[Message]) -> list[Call]:
    """One for each Call-ID that began with an INVITE from the other side."""
    calls: dict[str, dict[tuple[bool, str], Message]] = {}
    for message in messages:
        calls.setdefault(message.header("Call-ID"), {}).setdefault((message.received, message.text), message)
    found = [Call(list(distinct.values())) for distinct in calls.values()]
    return [call for call in found if call.messages[0].received and call.messages[0].method == "INVITE"]


def _md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def _text(written: bytes) -> str:
    """A message without the empty line that sipp ends it with."""
    return written.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n")
