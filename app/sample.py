"""A small customer application to try ringback with: a start_url, a result_url, and a line for all it receives."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

GREETING = b"""<?xml version="1.0"?>
<vxml version="2.0" xmlns="http://www.w3.org/2001/vxml">
  <form>
    <block>
      <prompt>Hello. This is the sample application. Your appointment is tomorrow at ten. Goodbye.</prompt>
    </block>
  </form>
</vxml>
"""
HEARD = ("phone_number", "call_id", "message_reference", "result", "callee_type", "attempts", "duration")


def make_server(port: int, say: Callable[[str], None]) -> ThreadingHTTPServer:
    """The sample customer on a loopback port (0: any free one); ``say`` gets a line for each thing it receives."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/start"):
                self._answer("application/voicexml+xml", GREETING)
            else:
                self._answer("text/plain", b"ready\n")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            told = " ".join(f"{name}={form[name]}" for name in HEARD if form.get(name))
            say(f"sample customer: POST {self.path} {told}")
            if self.path.startswith("/start"):
                self._answer("application/voicexml+xml", GREETING)
            else:
                self._answer("text/plain", b"completed\n")

        def _answer(self, content_type: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The lines of ``say`` are enough."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server
