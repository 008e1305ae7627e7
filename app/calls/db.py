"""The database: opening it, upgrading its schema, and the turn that every writer takes.

SQLite runs in WAL mode with ``synchronous=FULL``: what was committed is on the disk. Its own busy handler makes
waiting writers poll, and a long load would starve them; so each write transaction first takes a *turn*, a lock
that the kernel hands on the moment it is free.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import peewee
from playhouse.migrations import Runner

from app.errors import SettingError

Unusable = peewee.DatabaseError
"""What any use of the database raises while it is locked, full, read-only or damaged."""
Busy = peewee.OperationalError
"""The kind of Unusable that may pass by itself: locked, full."""

WAIT_SECONDS = 10.0
UPGRADES = Path(__file__).parent / "upgrades"
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": int(WAIT_SECONDS * 1000),
    "cache_size": -16_384,
    "temp_store": "memory",
}

database = peewee.DatabaseProxy()


class _Turn:
    """Lets one writer at a time in, over all threads and processes that use one SQLite file."""

    def __init__(self) -> None:
        self._thread = threading.Lock()
        self._file: IO[bytes] | None = None

    def use(self, path: Path) -> None:
        self.close()
        self._file = path.open("ab")

    def __enter__(self) -> None:
        if self._file is None:
            raise peewee.InterfaceError("no database is open")
        if not self._thread.acquire(timeout=WAIT_SECONDS):
            raise peewee.OperationalError("others have been writing for too long")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread.release()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Held:
    """A name that this process holds until ``release``, or until it dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] = path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


_turn = _Turn()


def open_database(url: str) -> None:
    """Point every model at ``sqlite:///FILE`` and bring its schema up to date. Raises SettingError for other URLs."""
    scheme, _, name = url.partition(":///")
    if scheme != "sqlite" or not name or name.startswith(":"):
        raise SettingError(f"RINGBACK_DATABASE must be sqlite:///FILE, not {url!r}")
    path = Path(name).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database.initialize(peewee.SqliteDatabase(str(path), pragmas=PRAGMAS))
        _turn.use(_lock_path("turn"))
        upgrade()
    except (OSError, Unusable) as wrong:
        raise SettingError(f"RINGBACK_DATABASE: {path} can't be used: {wrong}") from wrong


def close_database() -> None:
    """Close this thread's connection and forget the file."""
    database.close()
    _turn.close()


def upgrade() -> list[str]:
    """Apply the numbered schema upgrades that this database has not had, one process at a time; their names."""
    with _turn:
        applied: list[str] = Runner(database.obj, str(UPGRADES)).up()
    return applied


@contextmanager
def writing() -> Iterator[None]:
    """A write transaction: committed and synced when the block ends, rolled back when it raises.

    Raises Unusable when its turn does not come within about WAIT_SECONDS.
    """
    with _turn, database.atomic("IMMEDIATE"):
        yield


def hold(name: str) -> Held:
    """Take a name that nobody has held before: it never waits, so it may be called inside a transaction."""
    return Held(_lock_path(name))


def is_held(name: str) -> bool:
    """Whether a living process holds the name."""
    try:
        with _lock_path(name).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def forget(name: str) -> None:
    """Remove what a dead holder left of the name."""
    _lock_path(name).unlink(missing_ok=True)


def _lock_path(name: str) -> Path:
    return Path(f"{database.database}-{name}")


def execute(sql: str, *values: object) -> Any:
    """Run one statement with ``?`` placeholders; the cursor."""
    return database.execute_sql(sql, values)


def execute_many(sql: str, rows: Iterable[Sequence[object]]) -> None:
    """Run one statement for each row inside the current transaction."""
    try:
        database.cursor().executemany(sql, rows)
    except sqlite3.OperationalError as wrong:
        raise peewee.OperationalError(*wrong.args) from wrong


def take_ids(name: str, count: int = 1) -> int:
    """The first of ``count`` new ids in a row; call it in a write transaction. They are never given out again."""
    (last,) = execute("UPDATE counter SET last = last + ? WHERE name = ? RETURNING last", count, name).fetchone()
    return int(last) - count + 1


def marks(count: int) -> str:
    """``?, ?, ?``: placeholders for an IN list of ``count`` values."""
    return ", ".join("?" * count)
