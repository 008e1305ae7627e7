"""What programs do to a server that people look at: queue calls by each API, move the clock, give commands."""

import base64
import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from typing import Any

import multipart
from live import Live

DEMO = {"login": "demo", "pin": "1234"}
KEY = base64.b64encode(b"demo@example.com:demo-key").decode()


@dataclass
class Doors:
    """The ways into a server for the programs of the demo account."""

    live: Live

    def queue(self, numbers: str = "", **form: object) -> None:
        """Queue a call, or a list, by the classic API."""
        fields = {name: str(value) for name, value in (DEMO | form).items()}
        if numbers:
            body, kind = multipart.encode(fields, numbers.encode()), multipart.CONTENT_TYPE
            answer = self._ask("POST", "/webservice/queuecalls.php", body, kind)
        else:
            answer = self.live.post("/webservice/queuecall.php", **fields)
        assert 'status="queued"' in answer, answer

    def queue_for(self, deployment: int, **order: object) -> None:
        """Queue a call by the Fuse API."""
        self.send("POST", f"/api/apps/1/{deployment}/queue", order)

    def send(self, method: str, path: str, body: object) -> Any:
        """Ask with JSON, and read some."""
        return json.loads(self._ask(method, path, json.dumps(body).encode(), "application/json"))

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        assert self.send("POST", "/testing/clock", {"advance": seconds, "timeout": 120})["done"]

    def command(self, *words: str) -> None:
        """Run ``ringback`` beside the server."""
        command = [sys.executable, "-m", "app", *words]
        subprocess.run(command, cwd=self.live.folder, env=self.live.environment, check=True, capture_output=True)

    def _ask(self, method: str, path: str, body: bytes, kind: str) -> str:
        headers = {"Content-Type": kind} | ({"Authorization": f"Basic {KEY}"} if path.startswith("/api") else {})
        request = urllib.request.Request(f"{self.live.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.read().decode())
