"""The databases that are measured: SQLite files, and a PostgreSQL server that syncs as one in production does."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from external_programs import path_of

from app import factory
from app.calls import db
from app.settings import Settings
from tests import postgres

DURABLE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB"}
"""What the server has when nothing is configured, unlike the one for tests."""


class Databases(Protocol):
    """Databases of one kind, by name, all of them gone when the measuring is over."""

    kind: str

    def url(self, name: str) -> str:
        """As RINGBACK_DATABASE has it."""
        ...

    def make(self, name: str, fill: Callable[[], None]) -> None:
        """A new database with our schema and the account demo, and what ``fill`` puts into it while it is open."""
        ...

    def copy(self, of: str, name: str) -> None:
        """A copy of a database that nobody has open, in place of the last copy of that name."""
        ...

    def number(self, name: str, query: str) -> float:
        """The number that a query finds, seen from outside."""
        ...


class SqliteFiles:
    """Files in a folder."""

    kind = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.path(name)}"

    def make(self, name: str, fill: Callable[[], None]) -> None:
        _fill(self.url(name), fill)

    def copy(self, of: str, name: str) -> None:
        for suffix in ("-wal", "-shm"):
            self.path(name).with_suffix(f".db{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.path(of), self.path(name))

    def number(self, name: str, query: str) -> float:
        with closing(sqlite3.connect(self.path(name))) as connection:
            (number,) = connection.execute(query).fetchone()
        return float(number)


class PostgresServer:
    """Databases of one server."""

    kind = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        postgres.SETTINGS.update(DURABLE)
        self._server = postgres.Server(folder)

    def url(self, name: str) -> str:
        return self._server.url(name)

    def create(self, name: str, template: str = "template1") -> None:
        """A database like another one, in place of the last of that name."""
        self._server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")

    def make(self, name: str, fill: Callable[[], None]) -> None:
        self.create(name)
        _fill(self.url(name), fill)
        # What it does by itself within a minute.
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("ANALYZE call")

    def copy(self, of: str, name: str) -> None:
        self.create(name, of)

    def number(self, name: str, query: str) -> float:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            (number,) = connection.execute(query.encode()).fetchone() or (0,)
        return float(number)

    def stop(self) -> None:
        self._server.stop()


def _fill(url: str, fill: Callable[[], None]) -> None:
    factory.prepare_database(Settings.read({"RINGBACK_DATABASE": url}))
    try:
        fill()
    finally:
        db.close_database()


@contextmanager
def running(folder: Path) -> Iterator[Sequence[Databases]]:
    """Both kinds; SQLite alone where the PostgreSQL server is not installed."""
    sqlite = SqliteFiles(folder)
    if path_of("postgres") is None:
        print("The PostgreSQL server is not installed: SQLite alone is measured.", flush=True)
        yield [sqlite]
        return
    # Not in the folder: a socket's path must be short, and the server may run as another user.
    own = Path(tempfile.mkdtemp(prefix="ringback-bench-"))
    try:
        server = PostgresServer(own)
        try:
            yield [sqlite, server]
        finally:
            server.stop()
    finally:
        shutil.rmtree(own)


@contextmanager
def opened(url: str) -> Iterator[None]:
    """A database, open in this process."""
    db.open_database(url)
    try:
        yield
    finally:
        db.close_database()
