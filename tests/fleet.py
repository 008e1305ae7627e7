"""Several schedulers and web servers on one database, each a program of its own that can be killed or held still."""

import contextlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import multipart
import psycopg
from customer import PAGE, Customer, Received, Reply
from live import ROOT, free_port, until

UNENDED = "SELECT count(*) FROM call WHERE status NOT IN ('completed', 'failed', 'canceled')"
UNSENT = "SELECT count(*) FROM result WHERE state = 'pending'"
DEMO = {"login": "demo", "pin": "1234"}
OWN = {"login": "caller", "pin": "Kq7-marble-21"}
"""An account for real calls, where there is no demo account."""
LOOK_SECONDS = 0.25
"""Between two looks at what takes long: each is a new connection."""


@dataclass(frozen=True)
class Line:
    """A line of the ledger: one dial."""

    call_id: int
    attempt: int
    at: float
    number: str


class Program:
    """One ``ringback`` program. It ends when the tests do, however they end."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, "-m", "app", "--tied", name.partition("-")[0]]
        self._folder = folder
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def workers(self) -> list[int]:
        """The process ids of its child processes."""
        try:
            return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            return []

    def kill(self) -> None:
        """SIGKILL to it and its workers."""
        self._signal(signal.SIGKILL)
        self._end()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, and wait until it has ended; one that doesn't is killed."""
        if self.runs():
            self.thaw()
            assert self._process is not None
            self._process.terminate()
        self._end()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


class Web(Program):
    """A ``ringback web`` on a port of its own."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(name, folder, environment | {"RINGBACK_BIND": f"127.0.0.1:{port}"})

    def answers(self) -> bool:
        assert self.runs(), self.log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{self.url}/livez", timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


class Hand:
    """A program that turns the switches of a database and says when each verb had returned."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.crash.hand", environment["RINGBACK_DATABASE"]]
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, verb: str, *arguments: object) -> float:
        """Do one thing; the UNIX seconds of the moment it was done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{verb} failed"
        return float(answer)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


class Fleet:
    """Programs on one database. A context manager that stops all of them; it starts none but the ``hand``."""

    def __init__(self, folder: Path, database: str, *, schedulers: int = 1, webs: int = 1, **settings: str) -> None:
        self.folder = folder
        self.database = database
        self.ledger = folder / "ledger"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")},
            "PYTHONPATH": str(ROOT),
            "RINGBACK_DATABASE": database,
            "RINGBACK_DIAL_LEDGER": str(self.ledger),
            **{f"RINGBACK_{name.upper()}": value for name, value in settings.items()},
        }
        self.schedulers = [Program(f"scheduler-{place}", folder, self.environment) for place in range(schedulers)]
        self.webs = [Web(f"web-{place}", folder, self.environment) for place in range(webs)]
        self.account = OWN if settings.get("carrier") == "sip" else DEMO
        self.lines = int(settings.get("lines", "50"))
        self._turns = itertools.count()

    @property
    def programs(self) -> list[Program]:
        return [*self.webs, *self.schedulers]

    def start(self) -> None:
        """Start everything and wait until all of it works."""
        self.start_webs()
        self.start_schedulers()

    def start_webs(self) -> None:
        for web in self.webs:
            web.start()
        for web in self.webs:
            until(web.answers, 60, f"{web.name} answers")

    def start_schedulers(self) -> None:
        before = self.beats()
        for scheduler in self.schedulers:
            scheduler.start()
        until(lambda: len(self.beats() - before) >= len(self.schedulers), 60, "all schedulers beat")

    def beats(self) -> set[object]:
        return {worker for (worker,) in self.rows("SELECT worker FROM scheduler")}

    def stop(self) -> None:
        for program in self.programs:
            program.stop()

    def __enter__(self) -> "Fleet":
        self.hand = Hand(self.folder, self.environment)
        try:
            self.hand.do("account", *self.account.values())
        except BaseException:
            self.hand.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.hand.close()
        if error is not None:
            for program in self.programs:
                if program.log.exists():
                    sys.stderr.write(f"--- {program.name}\n{program.log.read_text()[-3000:]}\n")

    def post(self, path: str, form: dict[str, object], *, web: Web | None = None, timeout: float = 60) -> str:
        """The answer of one web server, or of each in turn. Raises OSError, which an HTTP error is too."""
        body = urllib.parse.urlencode({name: str(value) for name, value in form.items()}).encode()
        return self._ask(path, body, {}, web, timeout)

    def upload(self, form: dict[str, object], numbers: list[str], *, web: Web | None = None) -> int:
        """Queue a list; the id of its campaign."""
        fields = {name: str(value) for name, value in form.items()}
        body = multipart.encode(fields, "\n".join(numbers).encode())
        answer = self._ask("/queuecalls.php", body, {"Content-Type": multipart.CONTENT_TYPE}, web, 300)
        assert f'queued="{len(numbers)}"' in answer[:400], answer[:400]
        return int(answer.partition('campaign_id="')[2].partition('"')[0])

    def ask(self, path: str, body: object = None, *, web: Web | None = None, timeout: float = 620) -> Any:
        """What the testing API answers."""
        sent = None if body is None else json.dumps(body).encode()
        return json.loads(self._ask(f"/testing{path}", sent, {}, web, timeout))

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str], web: Web | None, timeout: float) -> str:
        url = (web or self.webs[next(self._turns) % len(self.webs)]).url
        request = urllib.request.Request(f"{url}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return str(answer.read().decode())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query finds in the database, whichever it is."""
        with contextlib.closing(self.connection()) as connection:
            return list(connection.execute(sql).fetchall())

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def connection(self) -> Any:
        if self.database.startswith("postgresql:"):
            return psycopg.connect(self.database)
        return sqlite3.connect(self.database.removeprefix("sqlite:///"), timeout=60, isolation_level=None)

    def dials(self) -> list[Line]:
        """The ledger, a broken last line left out."""
        text = self.ledger.read_text() if self.ledger.exists() else ""
        words = [line.split() for line in text.splitlines() if line.count(" ") == 3]
        return [Line(int(call_id), int(attempt), float(at), number) for call_id, attempt, at, number in words]

    def dialled(self) -> int:
        """How many dials there were, cheaply."""
        return self.ledger.read_bytes().count(b"\n") if self.ledger.exists() else 0

    def doubled(self) -> int:
        """How many dials there were beyond the first of each attempt."""
        return sum(count - 1 for count in Counter((line.call_id, line.attempt) for line in self.dials()).values())

    def wait_until_ended(self, seconds: float) -> None:
        until(lambda: self.one(UNENDED) == 0, seconds, "every call ends", every=LOOK_SECONDS)

    def wait_until_told(self, seconds: float) -> None:
        until(lambda: self.one(UNSENT) == 0, seconds, "every result is told", every=LOOK_SECONDS)


@contextlib.contextmanager
def fleet(folder: Path, database: str, **options: Any) -> Iterator[Fleet]:
    """A fleet whose programs all run."""
    with Fleet(folder, database, **options) as programs:
        programs.start()
        yield programs


class Accountant(Customer):
    """A customer that keeps of each result its bodies alone, and may be slow or refuse.

    ``talks`` gives the seconds that a start page takes; ``refuses`` whether a try at a result meets a 500.
    """

    def __init__(
        self,
        talks: Callable[[], float] = lambda: 0.0,
        refuses: Callable[[int, int], bool] = lambda call_id, tries: False,
    ) -> None:
        super().__init__()
        self.bodies: dict[int, list[bytes]] = {}
        self._talks = talks
        self._refuses = refuses

    def answer(self, received: Received) -> Reply:
        path = received.path.partition("?")[0]
        if received.method == "POST" and path == "/result":
            call_id = int(received.headers["Webhook-Id"])
            bodies = self.bodies.setdefault(call_id, [])
            bodies.append(received.body)
            return Reply(500) if self._refuses(call_id, len(bodies)) else Reply(body=b"completed")
        return Reply(body=PAGE, delay=self._talks() if received.method == "POST" else 0.0)

    @property
    def posts(self) -> int:  # type: ignore[override] # the bodies are all that is kept
        return sum(map(len, self.bodies.values()))

    def changed_bodies(self) -> int:
        """Of how many calls two posts differed."""
        return sum(len(set(bodies)) > 1 for bodies in self.bodies.values())

    def form(self, **more: object) -> dict[str, object]:
        """A request of the demo account, but for the numbers."""
        return DEMO | {"start_url": f"{self.url}/start", "result_url": f"{self.url}/result"} | more
