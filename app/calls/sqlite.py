"""SQLite as the engine: WAL mode with ``synchronous=FULL``, so what was committed is on the disk.

Its own busy handler makes waiting writers poll, and a long load would starve them; so each write transaction first
takes a *turn*, a lock that the kernel hands on the moment it is free.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import peewee

from app import private_files
from app.calls.engine import WAIT_SECONDS, Taken
from app.errors import NoDatabase, SettingError

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": int(WAIT_SECONDS * 1000),
    "cache_size": -16_384,
    "temp_store": "memory",
    "secure_delete": 1,  # what is deleted or overwritten is zeroed in its page
}

OWN_ENDINGS = ("", "-wal", "-shm", "-turn")
"""Of the files that stay beside each other. Names that are held have files of their own, made anew each time."""
ERASE_WAIT_MS = 200
"""How long those who read may keep an erasure, and with it all who write, from going on; then it is tried later."""


class _Turn:
    """Lets one writer at a time in, over all threads and processes that use one file."""

    def __init__(self, path: Path) -> None:
        self._thread = threading.Lock()
        self._file = open(path, "ab", opener=private_files.opener)  # noqa: SIM115 - as long as the database is open
        self._asking = threading.RLock()  # a turn that comes at once is noticed by the thread that asks
        self._asker = ThreadPoolExecutor(1, thread_name_prefix="turn")
        self._asked: Future[None] | None = None
        self._wanted = False

    def __enter__(self) -> None:
        if not self._thread.acquire(timeout=WAIT_SECONDS):
            raise peewee.OperationalError("others have been writing for too long")
        if self._file.closed:
            self._thread.release()
            raise peewee.InterfaceError("no database is open")
        if not self._take():
            self._thread.release()
            raise peewee.OperationalError("another program has been writing for too long")

    def __exit__(self, *_: object) -> None:
        if not self._file.closed:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread.release()

    def close(self) -> None:
        self._file.close()
        self._asker.shutdown(wait=False)

    def _take(self) -> bool:
        """The turn over all processes; False when it did not come in time.

        The kernel can wait for it, but not for so long and no longer: another thread does, and when we have given up
        and nobody else of ours has come for it meanwhile, it lets go of it again.
        """
        with self._asking:
            self._wanted = True
            if self._asked is None:
                with suppress(BlockingIOError):
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                self._asked = self._asker.submit(fcntl.flock, self._file, fcntl.LOCK_EX)
                self._asked.add_done_callback(self._let_go_unless_wanted)
            asked = self._asked
        wait([asked], WAIT_SECONDS)
        with self._asking:
            self._wanted = False
            if asked.done():
                self._asked = None
            return asked.done()

    def _let_go_unless_wanted(self, asked: "Future[None]") -> None:
        with self._asking:
            if self._asked is asked and not self._wanted and not self._file.closed:
                self._asked = None
                fcntl.flock(self._file, fcntl.LOCK_UN)


class HeldFile:
    """A name, held as the kernel's lock on a file beside the database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        while True:
            self._file: IO[bytes] = open(path, "ab", opener=private_files.opener)  # noqa: SIM115 - as long as held
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise Taken(path.name) from None
            if self._is_in_place():
                break
            self._file.close()  # whoever held it has just removed it: others will lock another file of that name

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def is_lost(self) -> bool:
        return False

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


class DataVersion:
    """Watches the number that changes, for one connection, when any other connection has committed."""

    def __init__(self, database: peewee.Database) -> None:
        self._database = database
        self._last: int | None = None

    def seen(self) -> bool:
        (version,) = self._database.execute_sql("PRAGMA data_version").fetchone()
        changed, self._last = version != self._last, version
        return bool(changed)

    def close(self) -> None:
        """Nothing to close: the connection is the thread's."""


class Sqlite:
    """One SQLite file."""

    skip_locked = ""
    for_update = ""

    def __init__(self, name: str, make: bool) -> None:
        """Raises SettingError when the file can't be used, NoDatabase when there is none and it is not to be made.

        ``name`` is relative to the current folder.
        """
        self._path = Path(name).absolute()
        self.place = str(self._path)
        try:
            if not make and not self._path.exists():
                raise NoDatabase(self.place)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            private_files.make(self._path)  # its WAL and index of that get the same mode
            for ending in OWN_ENDINGS:
                private_files.tighten(Path(f"{self._path}{ending}"))
            self.database: peewee.Database = peewee.SqliteDatabase(str(self._path), pragmas=PRAGMAS)
            self.database.connect()
            self._turn = _Turn(self._lock_path("turn"))
        except (OSError, peewee.DatabaseError) as wrong:
            raise SettingError(f"RINGBACK_DATABASE: {self._path} can't be used: {wrong}") from wrong

    def execute(self, sql: str, values: Sequence[object]) -> Any:
        return self.database.execute_sql(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        try:
            self.database.cursor().executemany(sql, rows)
        except sqlite3.DatabaseError as wrong:
            # What peewee calls it has the same name; the finest names, such as UniqueViolation, SQLite does not use.
            raise getattr(peewee, type(wrong).__name__, peewee.DatabaseError)(*wrong.args) from wrong

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * len(columns))
        self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            with self._turn, self.database.atomic("IMMEDIATE"):
                yield
        except peewee.OperationalError as wrong:
            if "readonly" in str(wrong):
                self.database.close()  # opened while the file could only be read, it could never write
            raise

    @contextmanager
    def upgrading(self) -> Iterator[None]:
        with ExitStack() as held:
            while True:  # a copy of much data takes longer than a turn is waited for
                with suppress(peewee.OperationalError):
                    held.enter_context(self._turn)
                    break
            yield

    def exclusive(self, name: str) -> None:
        """Nothing to do: whoever writes is alone."""

    def ring(self) -> None:
        """Nothing to do: a commit is seen."""

    def watch(self) -> DataVersion:
        return DataVersion(self.database)

    def hold(self, name: str) -> HeldFile:
        return HeldFile(self._lock_path(name))

    def is_held(self, name: str) -> bool:
        try:
            with self._lock_path(name).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def forget(self, name: str) -> None:
        self._lock_path(name).unlink(missing_ok=True)

    def backup(self, path: Path) -> None:
        self.database.execute_sql("VACUUM INTO ?", (str(path),))

    def beside(self, ending: str) -> Path:
        return Path(f"{self._path}{ending}")

    def must_erase(self) -> None:
        self.database.execute_sql("INSERT INTO erasure (id) VALUES (1) ON CONFLICT (id) DO NOTHING")

    def erase(self) -> bool:
        """What was overwritten still stands in the WAL: all of that goes into the database, and the WAL is emptied."""
        if self.database.execute_sql("SELECT 1 FROM erasure").fetchone() is None:
            return True
        with self._turn:  # nobody writes between the two, so no request is lost
            self.database.execute_sql(f"PRAGMA busy_timeout = {ERASE_WAIT_MS}")
            try:
                (busy, _, _) = self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self.database.execute_sql(f"PRAGMA busy_timeout = {PRAGMAS['busy_timeout']}")
            if busy:
                return False
            with self.database.atomic("IMMEDIATE"):
                self.database.execute_sql("DELETE FROM erasure")
        return True

    def release(self) -> None:
        """Nothing to do: each thread keeps its own connection."""

    def close(self) -> None:
        self.database.close()
        self._turn.close()

    def _lock_path(self, name: str) -> Path:
        return self.beside(f"-{name}")
