"""A customer on loopback for the tests: start_url and result_url of a call application, and what they received."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

PAGE = b"""<?xml version="1.0"?>
<vxml version="2.0"><form><block><prompt>Your appointment is tomorrow at ten.</prompt></block></form></vxml>"""


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Reply:
    """What a path answers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def _page(_: Received) -> Reply:
    return Reply(body=PAGE)


def _acknowledge(_: Received) -> Reply:
    return Reply(body=b"completed")


class Customer:
    """Answers ``/start`` with a page and ``/result`` with the acknowledgement; other paths as the test says."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, Callable[[Received], Reply]] = {"/start": _page, "/result": _acknowledge}
        self._changed = threading.Condition()
        self._server = _server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, received: Received) -> Reply:
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
        path = received.path.partition("?")[0]
        if received.method == "GET" and path in ("/start", "/result"):
            return Reply(body=PAGE)
        return self.answers.get(path, lambda _: Reply(404))(received)

    def posts(self, path: str) -> list[Received]:
        return [one for one in list(self.received) if one.method == "POST" and one.path.partition("?")[0] == path]

    def wait_for(self, path: str, count: int, seconds: float = 20) -> list[Received]:
        """The POSTs at ``path`` once there are ``count``."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self.posts(path)) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.posts(path))} of {count} POSTs at {path} after {seconds} s"
                self._changed.wait(left)
        return self.posts(path)

    @contextmanager
    def open(self) -> Iterator["Customer"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is not this server's fault."""


def _server(customer: Customer) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) == length:  # else its sender was killed in the middle
                self._reply(body)
            else:
                self.close_connection = True

        def _reply(self, body: bytes) -> None:
            reply = customer.answer(Received(self.command, self.path, dict(self.headers), body, time.time()))
            if reply.delay:
                time.sleep(reply.delay)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return _Server(("127.0.0.1", 0), Handler)
