"""Asking a trunk whether it is there: one OPTIONS request (RFC 3261 section 11), without the SIP stack."""

import secrets
import socket
import ssl
from dataclasses import dataclass

from app.telephony.trunk import Trunk

PORT, TLS_PORT = 5060, 5061
T1_SECONDS = 0.5
"""The first of the waits between repetitions over UDP; each is twice the one before (RFC 3261 section 17.1.2.2)."""
MOST_BYTES = 65_536


class Unanswered(Exception):
    """Nobody answered; the message says what was tried and how that failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the trunk said; ``server`` is what it calls itself, or empty."""

    status: int
    reason: str
    server: str


def ask(trunk: Trunk, seconds: float) -> Answer:
    """The trunk's answer, whatever it is: even a refusal says that somebody is there. Raises Unanswered."""
    host, port = place(trunk)
    try:
        with _connected(trunk, host, port, seconds) as peer:
            request = _request(trunk, peer)
            return _read(
                _answer_over_udp(peer, request, seconds) if trunk.transport == "udp" else _answer(peer, request)
            )
    except TimeoutError:
        raise Unanswered(f"{host}:{port} ({trunk.transport}) did not answer within {seconds:g} s") from None
    except OSError as wrong:
        raise Unanswered(f"{host}:{port} ({trunk.transport}): {wrong.strerror or wrong}") from wrong
    except ValueError as wrong:
        raise Unanswered(f"{host}:{port} ({trunk.transport}): {wrong}") from wrong


def place(trunk: Trunk) -> tuple[str, int]:
    """Host and port of a trunk."""
    host, colon, port = trunk.address.rpartition(":")
    if not colon or not port.isdigit():
        return trunk.address.strip("[]"), TLS_PORT if trunk.transport == "tls" else PORT
    return host.strip("[]"), int(port)


def _connected(trunk: Trunk, host: str, port: int, seconds: float) -> socket.socket:
    if trunk.transport != "udp":
        connection = socket.create_connection((host, port), seconds)
        return (
            connection
            if trunk.transport == "tcp"
            else ssl.create_default_context().wrap_socket(connection, server_hostname=host)
        )
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    connection = socket.socket(family, kind)
    connection.connect(address)
    return connection


def _request(trunk: Trunk, peer: socket.socket) -> bytes:
    ours = "{}:{}".format(*peer.getsockname()[:2])
    tag = secrets.token_hex(8)
    lines = (
        f"OPTIONS sip:{trunk.address} SIP/2.0",
        f"Via: SIP/2.0/{trunk.transport.upper()} {ours};branch=z9hG4bK{tag};rport",
        "Max-Forwards: 70",
        f"From: <sip:{trunk.user or trunk.caller_id}@{trunk.address}>;tag={tag}",
        f"To: <sip:{trunk.address}>",
        f"Call-ID: {tag}@{ours}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:{ours};transport={trunk.transport}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _answer_over_udp(peer: socket.socket, request: bytes, seconds: float) -> bytes:
    """Ask again and again, until the time is over."""
    wait, left = T1_SECONDS, seconds
    while left > 0:
        peer.settimeout(min(wait, left))
        peer.send(request)
        try:
            return peer.recv(MOST_BYTES)
        except TimeoutError:
            left -= min(wait, left)
            wait *= 2
    raise TimeoutError


def _answer(peer: socket.socket, request: bytes) -> bytes:
    peer.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < MOST_BYTES:
        piece = peer.recv(MOST_BYTES)
        if not piece:
            raise ValueError("it hung up instead of answering")
        answer += piece
    return answer


def _read(answer: bytes) -> Answer:
    head, *headers = answer.decode("utf-8", "replace").split("\r\n\r\n")[0].split("\r\n")
    version, _, rest = head.partition(" ")
    status, _, reason = rest.partition(" ")
    if version != "SIP/2.0" or not status.isdigit():
        raise ValueError(f"what it answered is not SIP: {head[:60]!r}")
    named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in headers)}
    return Answer(int(status), reason, named.get("server") or named.get("user-agent", ""))
