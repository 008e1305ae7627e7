"""What only PostgreSQL can do to us: connections that are lost, and too few of them."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from live import until
from needs import needs
from notifications import wait_until_quiet
from postgres import Server

from app.calls import db, postgres
from app.calls.db import execute, writing
from app.errors import Refusal

pytestmark = needs("postgres")


@pytest.fixture(autouse=True)
def opened(postgres_url: str) -> Iterator[None]:
    db.open_database(postgres_url)
    yield
    db.close_database()


def _end_all_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )


def _count_up() -> None:
    with writing():
        execute("UPDATE counter SET last = last + 1")


def test_the_next_statement_after_a_lost_connection_works(postgres_url: str) -> None:
    """All idle connections end; reading and writing go on as if nothing had happened."""
    for _ in range(3):
        with ThreadPoolExecutor(4) as others:
            list(others.map(lambda _: execute("SELECT pg_sleep(0.02)"), range(4)))
        _end_all_connections(postgres_url)
        assert execute("SELECT 1").fetchone() == (1,)
        _count_up()


def test_a_connection_lost_in_a_transaction_is_busy(postgres_url: str) -> None:
    """The transaction is lost, its caller hears that it may try again, and trying again works."""

    last = "SELECT last FROM counter WHERE name = 'campaign_id'"
    (before,) = execute(last).fetchone()

    def lose() -> None:
        with writing():
            execute("UPDATE counter SET last = 1")
            _end_all_connections(postgres_url)
            execute("UPDATE counter SET last = 2")

    with pytest.raises(db.Busy):
        lose()
    _count_up()
    assert execute(last).fetchone() == (before + 1,)


def test_a_server_that_is_away_is_busy_until_it_is_back(postgres_server: Server, postgres_url: str) -> None:
    """While it restarts every use is Busy; after that all goes on, the bell too."""
    changes = db.Changes()
    try:
        until(changes.seen, 5, "the first look sees")
        with postgres_server.away():
            for _ in range(postgres.MOST_CONNECTIONS + 1):
                with pytest.raises(db.Busy):
                    execute("SELECT 1")
            with pytest.raises(db.Busy):
                _count_up()
            with pytest.raises(db.Busy):
                db.hold("a name")
        _count_up()
        until(changes.seen, 10, "what was missed is looked for")
        wait_until_quiet(changes, postgres_url)
        db.ring()
        until(changes.seen, 5, "the bell is heard again")
    finally:
        changes.close()


def test_waiting_for_a_connection_ends_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all connections stay in use a thread gives up after a while, and gets one once they are back."""
    monkeypatch.setattr(postgres, "WAIT_SECONDS", 0.2)
    leave = threading.Event()
    inside = threading.Barrier(postgres.MOST_CONNECTIONS + 1)

    def stay() -> None:
        with writing():
            inside.wait(10)
            leave.wait(10)

    with ThreadPoolExecutor(postgres.MOST_CONNECTIONS) as others:
        staying = [others.submit(stay) for _ in range(postgres.MOST_CONNECTIONS)]
        inside.wait(10)
        with pytest.raises(db.Busy, match="in use for too long"):
            execute("SELECT 1")
        leave.set()
        for one in staying:
            one.result()
    assert execute("SELECT 1").fetchone() == (1,)


def test_a_few_connections_serve_many_threads(postgres_url: str) -> None:
    """Forty threads that read and write leave no more connections behind than the limit, and none after closing."""
    with ThreadPoolExecutor(40) as others:
        list(others.map(lambda _: execute("SELECT pg_sleep(0.005)"), range(200)))
    count = """SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    with psycopg.connect(postgres_url, autocommit=True) as other:
        assert 0 < other.execute(count).fetchone()[0] <= postgres.MOST_CONNECTIONS  # type: ignore[index]
        db.close_database()
        until(lambda: other.execute(count).fetchone() == (0,), 5, "all connections are closed")


def test_a_lock_that_does_not_come_is_busy(postgres_url: str) -> None:
    """Nobody waits longer for a row than for anything else."""
    db.close_database()
    db.open_database(f"{postgres_url}&options=-c%20lock_timeout%3D100ms")
    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE counter SET last = last + 1")
        with pytest.raises(db.Busy, match="lock timeout"), writing():
            db.take_ids("call_id")


def test_nul_is_kept_as_another_character() -> None:
    """Which PostgreSQL's text can't have: by every way in, and nothing else is lost."""
    with writing():
        execute("INSERT INTO counter (name, last) VALUES (?, ?)", "test\0one", 1)
        db.execute_many("INSERT INTO counter (name, last) VALUES (?, ?)", [("test\0two", 2), ("test three", 3)])
    rows = execute("SELECT name FROM counter WHERE name LIKE 'test%' ORDER BY last").fetchall()
    assert rows == [("test\ufffdone",), ("test\ufffdtwo",), ("test three",)]
    assert execute("SELECT last FROM counter WHERE name = ?", "test\0one").fetchone() == (1,)


def test_what_does_not_fit_is_said() -> None:
    """Other bad data stays an error."""
    with pytest.raises(db.Unusable, match="too long"), writing():
        execute("INSERT INTO counter (name, last) VALUES (?, ?)", "n" * 256, 1)


def test_a_copy_wants_pg_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it there is no copy, not even an empty one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refusal, match="pg_dump is not installed"):
        db.backup(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def _answers(statement: str) -> bool:
    try:
        db.execute(statement)
    except db.Busy:
        return False
    return True


def test_a_held_name_is_lost_with_its_connection(postgres_url: str) -> None:
    """Whoever holds a name can tell that it is free again although the process lives."""
    held = db.hold("a name")
    _end_all_connections(postgres_url)
    until(held.is_lost, 5, "the loss is seen")
    until(lambda: _answers("SELECT 1"), 5, "the database answers again")
    assert not db.is_held("a name")
    held.release()


def test_the_listener_says_that_it_is_cut_off(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A warning, and it comes back by itself."""
    changes = db.Changes()
    try:
        until(changes.seen, 5, "the first look sees")
        wait_until_quiet(changes, postgres_url)
        with caplog.at_level(logging.WARNING):
            _end_all_connections(postgres_url)
            until(lambda: "does not ring us" in caplog.text, 5, "it is said")
        until(changes.seen, 5, "it listens again")
    finally:
        changes.close()
