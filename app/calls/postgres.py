"""PostgreSQL as the engine, through psycopg 3.

A thread has a connection only while it runs a statement or a transaction, so a few connections serve many threads.
"""

import hashlib
import os
import select
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import peewee
import psycopg
from psycopg import conninfo, sql
from psycopg.pq import TransactionStatus

from app.calls.engine import WAIT_SECONDS, Taken
from app.calls.listening import Listener
from app.errors import Refusal, SettingError

MOST_CONNECTIONS = 8
"""Connections of one process for statements; a list that is loaded and a watch have one more each."""
CHANNEL = "ringback"
OPTIONS = {
    "application_name": "ringback",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# A process that stands still in mid-transaction must not lock everybody else out for ever.
GUARDS = f"-c lock_timeout={WAIT_SECONDS:.0f}s -c idle_in_transaction_session_timeout=60s"

Connection = psycopg.Connection[tuple[Any, ...]]


class _Pooled(peewee.PostgresqlDatabase):
    """Takes a connection when a statement or transaction begins and gives it back when that ends."""

    _state: Any

    def __init__(self, parameters: str) -> None:
        self._parameters = parameters
        self._idle: list[Connection] = []
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._ended = False
        super().__init__("", prefer_psycopg3=True)
        self.deferred = False

    def execute_sql(self, statement: str, params: Sequence[object] | None = None) -> Any:
        peewees: Any = super()
        try:
            return peewees.execute_sql(statement, params)
        finally:
            # psycopg has read the whole answer by now: the cursor needs its connection no more.
            if not self.in_transaction():
                self.close()

    def connect(self, reuse_if_open: bool = False) -> bool:
        """Raises OperationalError when all connections stay in use, or the server can't be reached."""
        if not self.is_closed():
            return False
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise peewee.OperationalError("all connections to the database have been in use for too long")
        try:
            self._state.set_connection(self._usable() or connect(self._parameters))
        except BaseException:
            self._free.release()
            raise
        return True

    def close(self) -> bool:
        if self.is_closed():
            return False
        connection: Connection = self._state.conn
        self._state.reset()
        if connection.pgconn.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(connection)
        if self._ended:  # looked at last: the end may come at any moment
            self.end()
        self._free.release()
        return True

    def end(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        self._ended = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _usable(self) -> Connection | None:
        """An idle connection that the server has not ended."""
        with suppress(IndexError):
            while connection := self._idle.pop():
                if not _is_over(connection):
                    return connection
                connection.close()
        return None


def connect(parameters: str) -> Connection:
    """A new connection that commits each statement by itself. Raises peewee.OperationalError."""
    try:
        # Nothing is prepared: a plan kept from when a table was empty would read the whole of it for ever after.
        return psycopg.connect(parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as wrong:
        raise peewee.OperationalError(*wrong.args) from wrong


def _is_over(connection: Connection) -> bool:
    """Whether the server has hung up: an idle connection has nothing to read but its end. No round trip."""
    if connection.closed:
        return True
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    return bool(readable.poll(0))


class HeldLock:
    """A name, held as an advisory lock of a connection of its own."""

    def __init__(self, parameters: str, name: str) -> None:
        self._connection = connect(parameters)
        with _as_peewee():
            (got,) = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(name),)).fetchone() or (False,)
        if not got:
            self._connection.close()
            raise Taken(name)

    def is_lost(self) -> bool:
        return _is_over(self._connection)

    def release(self) -> None:
        with suppress(psycopg.Error):  # at once: the server may take its time to notice the end
            self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._connection.close()


class Postgres:
    """One PostgreSQL database."""

    skip_locked = "FOR UPDATE SKIP LOCKED"
    for_update = "FOR UPDATE"

    def __init__(self, url: str) -> None:
        """Raises SettingError when the URL is none or the server can't be used. No sentence has the password."""
        self._given = _read(url)
        self.place = f"the PostgreSQL database {self._given.get('dbname', '')}".strip()
        guarded = f"{GUARDS} {self._given.get('options', '')}".strip()
        self._parameters = conninfo.make_conninfo("", **OPTIONS | self._given | {"options": guarded})
        self._statements: dict[str, str] = {}
        self._pool = _Pooled(self._parameters)
        self.database: peewee.Database = self._pool
        try:
            self.database.execute_sql("SELECT 1")
        except peewee.DatabaseError as wrong:
            raise SettingError(f"RINGBACK_DATABASE can't be used: {str(wrong).strip()}") from wrong

    def execute(self, statement: str, values: Sequence[object]) -> Any:
        translated = self._statements.get(statement) or self._translated(statement)
        try:
            return self._pool.execute_sql(translated, values)
        except peewee.DataError:
            if not _has_nul(values):
                raise
            # psycopg refused it before anything was sent.
            return self._pool.execute_sql(translated, _without_nul(values))

    def execute_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        clean = (_without_nul(row) if _has_nul(row) else row for row in rows)
        with _as_peewee():
            self.database.cursor().executemany(self._translated(statement), clean)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with _as_peewee(), self.database.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            with self._pool.atomic():
                yield
        finally:
            self._pool.close()

    @contextmanager
    def upgrading(self) -> Iterator[None]:
        # On a connection of its own: the lock outlives each upgrade's transaction and ends with the process.
        with _as_peewee(), connect(self._parameters) as connection:
            connection.execute("SET lock_timeout = 0")
            connection.execute("SELECT pg_advisory_lock(%s)", (_key("upgrade"),))
            yield

    def exclusive(self, name: str) -> None:
        self.execute("SELECT pg_advisory_xact_lock(?)", (_key(f"exclusive {name}"),))

    def ring(self) -> None:
        self._pool.execute_sql(f"NOTIFY {CHANNEL}")

    def watch(self) -> Listener:
        return Listener(self._parameters, CHANNEL)

    def hold(self, name: str) -> HeldLock:
        return HeldLock(self._parameters, f"held {name}")

    def is_held(self, name: str) -> bool:
        key = _key(f"held {name}")
        row = self.execute(
            """SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
            WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1 AND granted
                AND classid::bigint = ? AND objid::bigint = ?""",
            (key >> 32 & 0xFFFF_FFFF, key & 0xFFFF_FFFF),
        ).fetchone()
        return row is not None

    def forget(self, name: str) -> None:
        """Nothing to do: a dead holder leaves nothing."""

    def backup(self, path: Path) -> None:
        program = shutil.which("pg_dump")
        if program is None:
            raise Refusal("pg_dump is not installed; PostgreSQL's client programs have it")
        known = {name: value for name, value in self._given.items() if name != "password"}
        # Not among the arguments, which everybody on the machine can read.
        password = {"PGPASSWORD": self._given["password"]} if "password" in self._given else {}
        dumped = subprocess.run(  # noqa: S603 - the program that the PATH names, no shell
            [program, "--format=custom", f"--file={path}", f"--dbname={conninfo.make_conninfo('', **known)}"],
            env=os.environ | password,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
        if dumped.returncode:
            raise Refusal(f"pg_dump failed: {dumped.stderr.strip()}")

    def beside(self, ending: str) -> None:
        """None: the server's files are not ours."""

    def must_erase(self) -> None:
        """Nothing to do: the server keeps old versions of rows until it vacuums, and its WAL as it is set up."""

    def erase(self) -> bool:
        return True

    def release(self) -> None:
        if not self._pool.in_transaction():
            self._pool.close()

    def close(self) -> None:
        self._pool.close()
        self._pool.end()

    def _translated(self, statement: str) -> str:
        translated = statement.replace("%", "%%").replace("?", "%s")
        self._statements[statement] = translated
        return translated


def _read(url: str) -> dict[str, str]:
    """libpq's parameters. Raises SettingError for what is no URL, and for one that puts a password elsewhere."""
    try:
        given = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        given = {"host": "@"}  # whatever is wrong with it, its message may quote the password
    if any("@" in given.get(name, "") for name in ("host", "port", "dbname")):
        raise SettingError(
            "RINGBACK_DATABASE must look like postgresql://USER:PASSWORD@HOST:PORT/NAME; "
            "in user and password write @ as %40, / as %2F and % as %25"
        )
    return given


def _key(name: str) -> int:
    """The advisory lock of a name: a signed 64-bit number, the same in every process."""
    return int.from_bytes(hashlib.blake2b(f"ringback {name}".encode(), digest_size=8).digest(), signed=True)


def _has_nul(values: Sequence[object]) -> bool:
    return any(isinstance(value, str) and "\0" in value for value in values)


def _without_nul(values: Sequence[object]) -> Sequence[object]:
    """With U+FFFD in place of NUL, which PostgreSQL's text can't have."""
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]


@contextmanager
def _as_peewee() -> Iterator[None]:
    """Raise psycopg's errors as peewee's of the same kind."""
    try:
        yield
    except psycopg.Error as wrong:
        kind = next(name for cls in type(wrong).__mro__ if hasattr(peewee, name := cls.__name__))
        raise getattr(peewee, kind)(*wrong.args) from wrong
