"""/livez and /readyz: what a load balancer hears, and why."""

import contextlib
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from customer import Customer
from faults import no_file_may_grow
from flask.testing import FlaskClient
from live import Live, until

from app.calls import schedulers
from app.calls.db import execute, writing
from app.settings import Settings

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NO_WRITES = "the database can't be written at the moment"


@pytest.fixture
def scheduler(database: None) -> None:
    """A scheduler that has beaten just now."""
    schedulers.join("somewhere:1")


def ready(web: FlaskClient) -> list[str]:
    """The reasons; none when it is ready. Status and body must say the same."""
    answer = web.get("/readyz")
    assert answer.status_code == (200 if answer.json["ready"] else 503)
    assert answer.json["ready"] is (answer.json["reasons"] == [])
    return list(answer.json["reasons"])


def test_ready_when_the_database_takes_writes_and_a_scheduler_beats(web: FlaskClient, scheduler: None) -> None:
    """200 and no reasons."""
    assert ready(web) == []


def test_not_ready_without_a_scheduler(web: FlaskClient) -> None:
    """Calls would be queued and never dialled."""
    assert ready(web) == ["no scheduler is running"]


def test_not_ready_when_the_scheduler_fell_silent(web: FlaskClient, scheduler: None) -> None:
    """Its row is there, but it has not beaten for longer than a living one would take."""
    with writing():
        execute("UPDATE scheduler SET seen_at = seen_at - ?", schedulers.SILENT_SECONDS + 1)
    assert ready(web) == ["no scheduler is running"]


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else is writing, and does not come to an end."""
    if url.startswith("sqlite"):
        other: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(url)
        other.execute("LOCK TABLE tally")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_not_ready_while_another_holds_the_write_lock(web: FlaskClient, scheduler: None, settings: Settings) -> None:
    """It answers within 3 s, says so, lives on, and is ready by itself when the lock is gone."""
    with locked(settings.database):
        for _ in range(2):
            began = time.monotonic()
            assert ready(web) == [NO_WRITES]
            assert time.monotonic() - began < 3
        assert (web.get("/livez").status_code, web.get("/livez").text) == (200, "ok\n")
    until(lambda: not ready(web), 5, "it is ready again")


@on_sqlite
def test_not_ready_while_the_disk_is_full(web: FlaskClient, scheduler: None) -> None:
    """Reading goes on and a transaction can be begun, but no row can be kept."""
    with no_file_may_grow():
        assert ready(web) == [NO_WRITES]
        assert web.get("/livez").status_code == 200
    until(lambda: not ready(web), 5, "it is ready again")


def test_not_ready_with_a_schema_that_is_not_up_to_date(web: FlaskClient, scheduler: None) -> None:
    """A program that is newer than its database names the upgrades that it misses."""
    with writing():
        execute("DELETE FROM schema_migration WHERE name LIKE '0002%'")
    assert ready(web) == ["the database lacks schema upgrades: 0002_dispatch"]


def test_not_ready_when_a_newer_version_has_upgraded(web: FlaskClient, scheduler: None) -> None:
    """A program that goes on after that says what to do."""
    with writing():
        execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_tomorrow', '2030-01-01')")
    assert ready(web) == ["a newer version of ringback upgraded the database (9999_tomorrow): stop this one"]


def test_not_ready_when_the_tables_are_gone(web: FlaskClient, scheduler: None) -> None:
    """Whatever the database says about it stays in the log: the answer names no table and no file."""
    with writing():
        execute("ALTER TABLE scheduler RENAME TO lost")
    assert ready(web) == ["the database can't be read at the moment"]


def test_asking_often_writes_once_a_second(web: FlaskClient, scheduler: None) -> None:
    """A hundred questions in a row are answered by one look or two."""
    began = time.monotonic()
    for _ in range(100):
        assert ready(web) == []
    (looks,) = execute("SELECT value FROM tally WHERE name = 'readiness'").fetchone()
    assert looks <= 2 + time.monotonic() - began


def test_serve_is_ready_while_its_scheduler_runs(tmp_path: Path, customer: Customer) -> None:
    """The real programs: 200 soon after the start."""
    with Live(tmp_path) as live:
        until(lambda: _status(live) == 200, 10, "serve is ready")


def _status(live: Live) -> int:
    try:
        with urllib.request.urlopen(f"{live.url}/readyz", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as wrong:
        wrong.close()
        return wrong.code
