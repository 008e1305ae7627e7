"""The programs as a user runs them: ``ringback serve`` in a folder of its own, on ports of its own."""

import contextlib
import itertools
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

ROOT = Path(__file__).parent.parent


PORTS = range(20_001, 32_768)
"""None of those that systems give out by themselves, which somebody else may have been given before it is used."""

_next_ports = itertools.count(random.randrange(len(PORTS)))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has; nor does this process get it twice in a row of thousands."""
    while True:
        port = PORTS[next(_next_ports) % len(PORTS)]
        with socket.socket(socket.AF_INET, kind) as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


def until(condition: Callable[[], object], seconds: float, what: str, *, every: float = 0.05) -> None:
    """Wait for something to become true, looking ``every`` so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(every)


class Live:
    """A running ``ringback serve``; a context manager that stops it."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.database = folder / "var" / "ringback.db"
        self.ledger = folder / "ledger"
        self._command = [sys.executable, "-m", "app", "serve", *arguments]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")},
            "PYTHONPATH": str(ROOT),
            "RINGBACK_BIND": f"127.0.0.1:{self.port}",
            "RINGBACK_DIAL_LEDGER": str(self.ledger),
            **{f"RINGBACK_{name.upper()}": value for name, value in settings.items()},
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until(self._answers, 30, "the web server answers")

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(20)

    def kill(self) -> None:
        """SIGKILL to everything at once, as a power cut would."""
        for group in (self.process.pid, *self.children().values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait(10)

    def children(self) -> dict[str, int]:
        """The programs that run, by name: their process ids."""
        found = {}
        for line in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            words = Path(f"/proc/{line}/cmdline").read_bytes().decode().split("\0")
            if "--tied" in words:  # not so for a moment after the fork
                found[words[words.index("--tied") + 1]] = int(line)
        return found

    def __enter__(self) -> "Live":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is not None:
            sys.stderr.write(self.log.read_text())

    def post(self, path: str, **form: object) -> str:
        body = urllib.parse.urlencode({name: str(value) for name, value in form.items()}).encode()
        with urllib.request.urlopen(f"{self.url}{path}", body, timeout=30) as answer:
            return str(answer.read().decode())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What a query finds in the database, whichever it is."""
        with contextlib.closing(self._connection()) as connection:
            return list(connection.execute(sql).fetchall())

    def _connection(self) -> Any:
        url = self.environment.get("RINGBACK_DATABASE", "")
        return psycopg.connect(url) if url.startswith("postgresql:") else sqlite3.connect(self.database)

    def is_connected(self, port: int) -> bool:
        """Whether the web server has the connection open that came from this port, read from it or not."""
        ends = (line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        wanted = (f"0100007F:{self.port:04X}", f"0100007F:{port:04X}")
        return any((ours, theirs) == wanted and state in ("01", "08") for ours, theirs, state in ends)

    def dials(self) -> list[tuple[str, str]]:
        """(call_id, attempt) of every line of the ledger."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [(line.split()[0], line.split()[1]) for line in lines]

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            urllib.request.urlopen(self.url, timeout=1).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


@contextlib.contextmanager
def running(folder: Path, *arguments: str, **settings: str) -> Iterator[Live]:
    with Live(folder, *arguments, **settings) as live:
        yield live
