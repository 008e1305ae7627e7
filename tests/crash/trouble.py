"""The database can't be written: full, read-only, locked. Nothing is promised meanwhile, and it goes on by itself."""

import contextlib
import fcntl
import resource
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from fleet import Accountant, Fleet
from live import until

from .proof import SQLITE, Proof, Untried, promise

BACK_SECONDS = 30
CLIENTS = 4


@dataclass
class Told:
    """What clients were told: the call_ids, and how often what else."""

    call_ids: list[int] = field(default_factory=list)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


class Clients:
    """Queue calls without a pause until they are stopped, and read every answer closely."""

    def __init__(self, programs: Fleet, form: dict[str, object]) -> None:
        self.told = Told()
        self._programs = programs
        self._form = form
        self._over = threading.Event()
        self._numbers = iter(range(2_000_000, 9_000_000))
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            with self._lock:
                number = f"617{next(self._numbers)}"
            try:
                text, status = self._programs.post("/queuecall.php", self._form | {"phone_number": number}), 200
            except urllib.error.HTTPError as refused:
                with refused:
                    text, status = refused.read().decode(), refused.code
            except OSError as broken:
                self.told.wrong.append(f"no answer: {broken}")
                continue
            self._read(text, status)

    def _read(self, text: str, status: int) -> None:
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError:
            self.told.wrong.append(f"not XML: {text[:80]}")
            return
        call_id = root.get("call_id")
        if (status, root.get("status")) == (200, "queued") and call_id is not None:
            self.told.call_ids.append(int(call_id))
        elif (status, root.get("status"), call_id) == (503, "failed", None):
            self.told.refused += 1
        else:
            self.told.wrong.append(f"{status}: {text[:200]}")


def _is_ready(programs: Fleet) -> bool:
    try:
        urllib.request.urlopen(f"{programs.webs[0].url}/readyz", timeout=10).close()
    except urllib.error.HTTPError as refused:
        refused.close()
        if refused.code != 503:
            raise
        return False
    return True


Trouble = Callable[[Fleet], contextlib.AbstractContextManager[None]]


def _prove(proof: Proof, database: Path, trouble: Trouble, seconds: float, *, ledger_too: bool = False) -> None:
    """Clients queue calls before, during and after some seconds of trouble, while calls are under way."""
    customer = Accountant(talks=lambda: 0.2)
    with customer.open(), Fleet(proof.folder, f"sqlite:///{database}", workers="1") as programs:
        programs.start()
        until(lambda: _is_ready(programs), 20, "it is ready")
        before = [program.pid for program in programs.programs]
        with Clients(programs, customer.form()) as clients:
            until(lambda: len(clients.told.call_ids) > 20, 20, "calls are queued")
            with trouble(programs):
                until(lambda: not _is_ready(programs), 15, "it says that it is not ready")
                ready, began = 0, time.monotonic()
                while time.monotonic() - began < seconds:
                    ready += _is_ready(programs)
                    time.sleep(0.5)
                refused = clients.told.refused
                told = len(clients.told.call_ids)
            over = time.monotonic()
            until(lambda: _is_ready(programs), BACK_SECONDS, "it is ready again")
            until(lambda: len(clients.told.call_ids) > told + 20, BACK_SECONDS, "calls are queued again")
            back = time.monotonic() - over
        programs.wait_until_ended(120)
        programs.wait_until_told(120)
        ids = {call_id for (call_id,) in programs.rows("SELECT id FROM call")}
        proof.must(ready == 0, f"it said {ready} times that it was ready")
        proof.must(refused > 0, "nobody was refused")
        proof.must(not clients.told.wrong, f"{len(clients.told.wrong)} wrong answers: {clients.told.wrong[:2]}")
        missing, unasked = set(clients.told.call_ids) - ids, ids - set(clients.told.call_ids)
        proof.must(not missing, f"{len(missing)} call_ids of calls that are not there")
        proof.must(not unasked, f"{len(unasked)} calls that were refused are there")
        proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
        proof.must([program.pid for program in programs.programs] == before, "a program had to be started again")
        proof.must(all(program.runs() for program in programs.programs), "a program has ended")
        proof.must(programs.rows("PRAGMA integrity_check") == [("ok",)], "the file is damaged")
        lost = programs.one("SELECT count(*) FROM event WHERE event = 'lost'")
        proof.must(lost == 0 or ledger_too, f"{lost} attempts were lost although no program died")
        proof.figure(f"{len(ids)} calls queued and ended, {refused} refused during {seconds:.0f} s, {lost} lost")
        proof.figure(f"back after {back:.1f} s")


@promise(
    "Q4-full",
    "the disk is full",
    long={"seconds": 30.0},
    short=None,
    engines=(SQLITE,),
    programs=("mount", "umount"),
)
def disk_full(proof: Proof, *, seconds: float) -> None:
    """A small file system of its own, filled to the last byte while calls are dialled."""
    disk = proof.folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise Untried("this user may not mount a small disk")

    @contextlib.contextmanager
    def full(programs: Fleet) -> Iterator[None]:
        ballast = disk / "ballast"
        over = threading.Event()

        def fill() -> None:
            with ballast.open("ab", buffering=0) as file:
                while not over.wait(0.01):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(bytes(4096))

        filling = threading.Thread(target=fill)
        filling.start()
        try:
            yield
        finally:
            over.set()
            filling.join()
            ballast.unlink()

    try:
        _prove(proof, disk / "ringback.db", full, seconds)
    finally:
        subprocess.run(["umount", disk], check=False)


@promise(
    "Q4-limit",
    "no file may grow any more",
    long={"seconds": 30.0},
    short={"seconds": 3.0},
    engines=(SQLITE,),
)
def files_at_their_limit(proof: Proof, *, seconds: float) -> None:
    """A limit on the size of files, set on the running programs: every write beyond it fails."""

    @contextlib.contextmanager
    def limited(programs: Fleet) -> Iterator[None]:
        pids = [pid for program in programs.programs for pid in (program.pid, *program.workers())]
        hard = [resource.prlimit(pid, resource.RLIMIT_FSIZE)[1] for pid in pids]
        try:
            for pid, most in zip(pids, hard, strict=True):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
            yield
        finally:
            for pid, most in zip(pids, hard, strict=True):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    _prove(proof, proof.folder / "ringback.db", limited, seconds, ledger_too=True)


@promise(
    "Q4-read-only",
    "the files may not be written",
    long={"seconds": 30.0},
    short=None,
    engines=(SQLITE,),
    programs=("chattr",),
)
def read_only(proof: Proof, *, seconds: float) -> None:
    """The database's files are made immutable under the running programs."""
    trial = proof.folder / "trial"
    trial.touch()
    if subprocess.run(["chattr", "+i", trial], capture_output=True, check=False).returncode:
        raise Untried("this user, or this file system, can't make files immutable")
    subprocess.run(["chattr", "-i", trial], check=True)

    @contextlib.contextmanager
    def immutable(programs: Fleet) -> Iterator[None]:
        files = [proof.folder / "ringback.db", proof.folder / "ringback.db-wal"]
        subprocess.run(["chattr", "+i", *files], check=True)
        try:
            yield
        finally:
            subprocess.run(["chattr", "-i", *files], check=True)

    _prove(proof, proof.folder / "ringback.db", immutable, seconds)


@promise(
    "Q4-locked",
    "another connection holds the write lock",
    long={"seconds": 30.0},
    short=None,
    engines=(SQLITE,),
)
def locked(proof: Proof, *, seconds: float) -> None:
    """A transaction of somebody else that does not end, longer than anybody waits for it."""

    @contextlib.contextmanager
    def held(programs: Fleet) -> Iterator[None]:
        with contextlib.closing(sqlite3.connect(proof.folder / "ringback.db", 60, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    _prove(proof, proof.folder / "ringback.db", held, seconds)


@promise(
    "Q4-turn",
    "another process stands still in its turn to write",
    long={"seconds": 30.0},
    short=None,
    engines=(SQLITE,),
)
def turn_taken(proof: Proof, *, seconds: float) -> None:
    """What a process does that is stopped, or hangs, in the middle of a write transaction."""

    @contextlib.contextmanager
    def held(programs: Fleet) -> Iterator[None]:
        with (proof.folder / "ringback.db-turn").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    _prove(proof, proof.folder / "ringback.db", held, seconds)
