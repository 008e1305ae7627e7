"""A real PostgreSQL server for the tests: in a temporary folder, with a database as good as new for each test.

To make one takes longer than most tests: one that a test leaves goes to the next when its rows can be put right.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from external_programs import path_of
from psycopg import sql

from app import factory
from app.calls import accounts, db
from app.settings import Settings

USER = "ringback"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "timezone": "UTC",
}

TEMPLATE = "upgraded"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
NUMBERS = """
    SELECT format('SELECT setval(%L, %s, %L)', sequencename, coalesce(last_value, 1), last_value IS NOT NULL)
    FROM pg_sequences WHERE schemaname = 'public'
"""
SHAPE = """
    SELECT string_agg(
        concat_ws(' ', c.oid, relname, reltuples, relhastriggers, attname, atttypid), ',' ORDER BY c.oid, attnum
    )
    FROM pg_class AS c JOIN pg_attribute ON attrelid = c.oid WHERE relnamespace = 'public'::regnamespace
"""
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def prepare(url: str) -> None:
    """Our schema and the demo account, whose PIN is hashed so that a check costs little."""
    factory.prepare_database(Settings.read({"RINGBACK_DATABASE": url}))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(accounts.DEMO_PIN)
    db.execute("UPDATE account SET pin_hash = ?", cheap)
    db.close_database()


@dataclass(frozen=True)
class Pristine:
    """What a database is like that no test has used."""

    shape: str
    size: int
    script: str
    """Makes the rows and the next numbers what they were."""

    @classmethod
    def read(cls, url: str) -> "Pristine":
        with psycopg.connect(url) as connection:
            tables = [name for (name,) in connection.execute(TABLES)]
            statements = [f"DELETE FROM {name}" for name in tables]
            for name in tables:
                ((rows,),) = connection.execute(f"SELECT json_agg(t)::text FROM {name} AS t".encode())
                if rows is not None:
                    quoted = sql.quote(rows, connection)
                    rows_of = f"json_populate_recordset(null::{name}, {quoted})"
                    statements.append(f"INSERT INTO {name} OVERRIDING SYSTEM VALUE SELECT * FROM {rows_of}")
            statements += [statement for (statement,) in connection.execute(NUMBERS)]
            return cls(*_figures(connection), "; ".join(statements))

    def restore(self, url: str) -> bool:
        """Take a used database back to this; False when it can't be: its tables have changed or have grown large."""
        with psycopg.connect(url) as connection:
            connection.execute(END_OTHERS)
            shape, size = _figures(connection)
            if shape != self.shape or size > 2 * self.size:
                return False
            connection.execute("SET session_replication_role = replica")  # rows go in any order
            connection.execute(self.script.encode())
        return True


def _figures(connection: psycopg.Connection[Any]) -> tuple[str, int]:
    """What tells whether the tables are still the same, statistics of the planner among it; and bytes."""
    ((shape,),) = connection.execute(SHAPE)
    ((size,),) = connection.execute("SELECT pg_database_size(current_database())")
    return str(shape), int(size)


class Server:
    """A running server that listens on a socket in its own folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._pristine: Pristine | None = None
        self._spare: list[str] = []
        self._as: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            somebody = pwd.getpwnam("postgres")
            os.chown(folder, somebody.pw_uid, somebody.pw_gid)
            self._as |= {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        options = ("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C")
        subprocess.run(
            [_program("initdb"), *options, f"--username={USER}", f"--pgdata={folder}/data"],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as,
        )
        self._start()

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self._folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database with nothing in it, which is dropped afterwards."""
        name = self._make("template1")
        try:
            yield self.url(name)
        finally:
            self._drop(name)

    @contextmanager
    def upgraded(self) -> Iterator[str]:
        """The URL of a database with our schema and the demo account in it."""
        if self._pristine is None:
            self.execute(f"CREATE DATABASE {TEMPLATE}")
            prepare(self.url(TEMPLATE))
            self._pristine = Pristine.read(self.url(TEMPLATE))
        name = self._spare.pop() if self._spare else self._make(TEMPLATE)
        try:
            yield self.url(name)
        finally:
            if self._pristine.restore(self.url(name)):
                self._spare.append(name)
            else:
                self._drop(name)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth keeping
        self._process.wait(30)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop as an administrator would, ending every connection; start again after the block."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", f"{self._folder}/data", "-k", str(self._folder), *options],
                stdout=log,
                stderr=log,
                **self._as,
            )
        for _ in range(3_000):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                self._nap()
            else:
                return
        pytest.fail("PostgreSQL did not start")

    def _nap(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.01)

    def _make(self, template: str) -> str:
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _program(name: str) -> str:
    path = path_of(name)
    assert path is not None
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The server, started by the first test that wants it."""
    # Not below pytest's folder, which another user may not enter; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="ringback-postgres-"))
    try:
        server = Server(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database, for programs: ``Live(folder, database=postgres_url)``."""
    with postgres_server.upgraded() as url:
        yield url
