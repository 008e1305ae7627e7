"""A real PostgreSQL server for the tests: in a temporary folder, with a fresh database for each test."""

import glob
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher

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


def _programs() -> Path | None:
    """The folder that has initdb and postgres, which Debian keeps out of the PATH."""
    folders = [Path(found).parent for found in (shutil.which("initdb"),) if found]
    folders += [Path(found) for found in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


PROGRAMS = _programs()
if PROGRAMS is None and os.environ.get("CI") == "true":
    raise RuntimeError("CI must have the PostgreSQL server")

needed = pytest.mark.skipif(PROGRAMS is None, reason="the PostgreSQL server is not installed")
"""Marks a test, or one of its parameters, that wants the server."""


def prepare(url: str) -> None:
    """Our schema and the demo account, whose PIN is hashed so that a check costs little."""
    factory.prepare_database(Settings.read({"RINGBACK_DATABASE": url}))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(accounts.DEMO_PIN)
    db.execute("UPDATE account SET pin_hash = ?", cheap)
    db.close_database()


class Server:
    """A running server that listens on a socket in its own folder."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAMS is not None
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = ""
        self._as: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            somebody = pwd.getpwnam("postgres")
            os.chown(folder, somebody.pw_uid, somebody.pw_gid)
            self._as |= {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        options = ("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C")
        subprocess.run(
            [PROGRAMS / "initdb", *options, f"--username={USER}", f"--pgdata={folder}/data"],
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
        with self._made("template1") as url:
            yield url

    @contextmanager
    def upgraded(self) -> Iterator[str]:
        """The URL of a database with our schema and the demo account, which is dropped afterwards."""
        if not self._template:
            self.execute("CREATE DATABASE upgraded")
            prepare(self.url("upgraded"))
            self._template = "upgraded"
        with self._made(self._template) as url:
            yield url

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
        assert PROGRAMS is not None
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", f"{self._folder}/data", "-k", str(self._folder), *options],
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

    @contextmanager
    def _made(self, template: str) -> Iterator[str]:
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
