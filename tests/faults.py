"""Loopback servers that answer well, badly or not at all, each counting the connections and requests it sees."""

import contextlib
import resource
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


# Answers one request; False ends the connection.
Behaviour = Callable[[socket.socket, Request], bool]


@dataclass
class Server:
    """One listener; ``behave`` may be changed between requests."""

    behave: Behaviour
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family, backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def is_connected(self) -> bool:
        """Whether a client's connection is open at our side."""
        return bool(self._open)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every kept connection from our side."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        served = connection
        with contextlib.suppress(OSError):
            connection.sendall(self.greeting)
            if self.tls:
                served = self.tls.wrap_socket(connection, server_side=True)
                self._open.add(served)
            while (request := _read_request(served)) and self._note(request) and self.behave(served, request):
                pass
        served.close()
        connection.close()
        self._open -= {connection, served}

    def _note(self, request: Request) -> bool:
        self.requests.append(request)
        return True


Serve = Callable[..., Server]


def _read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Request(method, path, headers, body)


def head(status: int = 200, *headers: str, length: int | None = 0, version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status} Whatever", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def raw(answer: bytes, *, keep: bool = True) -> Behaviour:
    """Send these bytes."""

    def behave(connection: socket.socket, request: Request) -> bool:
        connection.sendall(answer)
        return keep

    return behave


def answer(body: bytes = b"", status: int = 200, *headers: str) -> Behaviour:
    return raw(head(status, *headers, length=len(body)) + body)


def redirect(location: str, status: int = 302) -> Behaviour:
    return answer(b"elsewhere", status, f"Location: {location}")


def routes(**paths: Behaviour) -> Behaviour:
    """By the first word of the path: ``/old?x`` goes to ``old``; anything else is 404."""

    def behave(connection: socket.socket, request: Request) -> bool:
        name = request.path.strip("/").partition("?")[0]
        return paths.get(name, answer(status=404))(connection, request)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour per request, over all connections; the last repeats."""
    left = list(behaviours)

    def behave(connection: socket.socket, request: Request) -> bool:
        return (left.pop(0) if len(left) > 1 else left[0])(connection, request)

    return behave


def silence(connection: socket.socket, request: Request) -> bool:
    """Never answer."""
    connection.recv(1)
    return False


def hang_up(connection: socket.socket, request: Request) -> bool:
    """Close without an answer."""
    return False


def reset(connection: socket.socket, request: Request) -> bool:
    """Answer half and reset."""
    connection.sendall(head(length=100) + b"half")
    time.sleep(0.02)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def drip(beginning: bytes, drop: bytes = b"x", every: float = 0.02) -> Behaviour:
    """Send the beginning, then a drop at a time for ever."""

    def behave(connection: socket.socket, request: Request) -> bool:
        connection.sendall(beginning)
        while True:
            connection.sendall(drop)
            time.sleep(every)

    return behave


def flood(connection: socket.socket, request: Request) -> bool:
    """A body of 200 MiB."""
    mebibyte = bytes(1 << 20)
    connection.sendall(head(length=200 << 20))
    for _ in range(200):
        connection.sendall(mebibyte)
    return True


def bomb() -> Behaviour:
    """Answer 50 kB of gzip that become 50 MiB."""
    deflate = zlib.compressobj(wbits=31)
    body = b"".join([*(deflate.compress(bytes(1 << 20)) for _ in range(50)), deflate.flush()])
    return answer(body, 200, "Content-Encoding: gzip")


class Unread:
    """A listener whose connections the kernel accepts and nobody reads."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()


@contextlib.contextmanager
def no_file_may_grow() -> Iterator[None]:
    """What a full disk does to a program: every write to a file fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
