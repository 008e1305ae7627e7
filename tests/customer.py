"""A customer on loopback for the tests: start_url and result_url of a call application, and what they received.

``Clinic`` is a whole one: the appointment reminder whose pages are in data/appointment. It knows nothing of who dials.
"""

import email.policy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

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

    @property
    def parts(self) -> dict[str, bytes]:
        """The fields and files of multipart/form-data, by name."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        whole = message_from_bytes(head + self.body, policy=email.policy.HTTP)
        return {
            str(part.get_param("name", header="Content-Disposition")): part.get_payload(decode=True)
            for part in whole.iter_parts()
        }


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


APPOINTMENT = Path(__file__).parent / "data" / "appointment"
TYPES = {
    ".grxml": "application/srgs+xml",
    ".js": "text/javascript",
    ".vxml": "application/voicexml+xml",
    ".wav": "audio/x-wav",
}
CLOSING = {
    "confirmed": "Thank you. We will see you on {day}.",
    "rescheduled": "Your new appointment is on {day}.",
    "kept": "Your appointment stays as it is.",
    "message": "Thank you for your message.",
}


class Clinic(Customer):
    """The appointment reminder: its pages, the server behind them, and what that server was told.

    A call's ``call_parameters`` are ``patient``, ``day`` and ``time`` as a query; its ``message_reference`` is the
    number of the appointment. ``outcomes`` are the forms that the pages posted, ``messages`` the recordings.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = f"{self.url}/appointment"
        self.outcomes: list[dict[str, str]] = []
        self.messages: list[dict[str, bytes]] = []
        self.answers |= {f"/appointment/{name}": answer for name, answer in self._pages().items()}

    def _pages(self) -> dict[str, Callable[[Received], Reply]]:
        files = {file.name: self._file(file) for file in APPOINTMENT.iterdir() if file.suffix in TYPES}
        return files | {
            "start": self._start,
            "outcome": self._outcome,
            "message": self._message,
            "result": _acknowledge,
        }

    def _file(self, file: Path) -> Callable[[Received], Reply]:
        headers = {"Content-Type": TYPES[file.suffix], "Cache-Control": "max-age=3600"}
        return lambda _: Reply(body=file.read_bytes(), headers=headers)

    def _start(self, received: Received) -> Reply:
        """The first page, with the call's own data in it; the probe before the call has none."""
        form = received.form
        call = dict(parse_qsl(form.get("call_parameters", "")))
        call |= {"call_id": form.get("call_id", ""), "reference": form.get("message_reference", "")}
        return self._filled("start.vxml", call=json.dumps(call))

    def _outcome(self, received: Received) -> Reply:
        self.outcomes.append(received.form)
        words = CLOSING.get(received.form["outcome"], "")
        return self._filled("closing.vxml", words=words.format(**received.form))

    def _message(self, received: Received) -> Reply:
        self.messages.append(received.parts)
        return self._filled("closing.vxml", words=CLOSING["message"])

    def _filled(self, name: str, **values: str) -> Reply:
        """A page with its placeholders filled in."""
        page = (APPOINTMENT / name).read_text(encoding="utf-8")
        for placeholder, value in values.items():
            page = page.replace(f"{{{placeholder}}}", escape(value, {'"': "&quot;"}))
        return Reply(body=page.encode(), headers={"Content-Type": TYPES[".vxml"]})


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
