"""What ``db`` promises, on SQLite and on PostgreSQL: transactions, names, the bell, copies, upgrades."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from live import ROOT, until
from needs import skip_without
from notifications import wait_until_quiet
from postgres import Server

from app.calls import db
from app.calls.db import execute, writing
from app.errors import Refusal

pytestmark = pytest.mark.usefixtures("database")


def _program(url: str, code: str) -> subprocess.Popen[str]:
    """Another process with the database open."""
    return subprocess.Popen(
        [sys.executable, "-c", f"from app.calls import db\ndb.open_database({url!r})\n{code}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _run(url: str, code: str) -> str:
    with _program(url, code) as program:
        told, _ = program.communicate(timeout=30)
    assert program.returncode == 0
    return told


def _put(name: str, last: int = 0) -> None:
    execute("INSERT INTO counter (name, last) VALUES (?, ?)", name, last)


def _names() -> list[str]:
    rows = execute("SELECT name FROM counter WHERE name LIKE 'test%' ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_an_inner_transaction_joins_the_outer_one() -> None:
    """What the inner one wrote is seen by nobody until the outer one commits, and all of it goes with an error."""
    with writing():
        _put("test outer")
        with writing():
            _put("test inner")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(_names).result() == []
    assert _names() == ["test inner", "test outer"]

    def fail() -> None:
        with writing():
            with writing():
                _put("test gone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _names() == ["test inner", "test outer"]


def test_an_error_of_the_inner_transaction_rolls_back_the_outer_one() -> None:
    """Nothing stays of a transaction that raised anywhere."""

    def fail() -> None:
        with writing():
            _put("test 1")
            with writing():
                _put("test 1")

    with pytest.raises(db.Unusable):
        fail()
    assert _names() == []
    with writing():
        _put("test 2")
    assert _names() == ["test 2"]


def test_exclusive_lets_one_in_at_a_time() -> None:
    """Between asking for the name and the commit nobody else is there who asked for the same name."""
    inside, most = [0], [0]

    def enter(_: int) -> None:
        with writing():
            db.exclusive("a name")
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    with ThreadPoolExecutor(4) as others:
        list(others.map(enter, range(8)))
    assert most == [1]


def test_exclusive_wants_a_transaction() -> None:
    """Outside of one it would protect nothing."""
    with pytest.raises(RuntimeError):
        db.exclusive("a name")


def test_ids_are_given_out_once() -> None:
    """Eight threads take blocks of ids at the same time; no id is in two blocks."""

    def take(count: int) -> range:
        with writing():
            first = db.take_ids("call_id", count)
        return range(first, first + count)

    with ThreadPoolExecutor(8) as others:
        blocks = list(others.map(take, [1, 2, 3, 5] * 10))
    ids = [number for block in blocks for number in block]
    assert len(set(ids)) == len(ids)


def test_rows_are_loaded_as_they_are() -> None:
    """Quotes, tabs, line breaks, backslashes and other scripts come back unchanged."""
    texts = ["test", "test\t\n\r\\N", "test \"',;%?", "test ☎ 電話 𝄞", "test \\."]
    with writing():
        db.load("counter", ["name", "last"], ((text, number) for number, text in enumerate(texts)))
    rows = execute("SELECT name FROM counter WHERE name LIKE 'test%' ORDER BY last").fetchall()
    assert [name for (name,) in rows] == texts


def test_errors_of_many_rows_are_the_errors_of_one() -> None:
    """A row that breaks a rule raises the same error by every way in."""
    for write in (
        lambda: _put("test 1"),
        lambda: db.execute_many("INSERT INTO counter (name, last) VALUES (?, ?)", [("test 2", 1), ("test 1", 1)]),
        lambda: db.load("counter", ["name", "last"], [("test 2", 1), ("test 1", 1)]),
    ):
        with writing():
            execute("DELETE FROM counter WHERE name LIKE 'test%'")
            _put("test 1")
        with pytest.raises(db.peewee.IntegrityError), writing():
            write()


def test_another_process_is_seen_when_it_rings(database_url: str) -> None:
    """The first look sees, then nothing is seen until another process has committed and rung."""
    changes = db.Changes()
    try:
        until(changes.seen, 5, "the first look sees")
        wait_until_quiet(changes, database_url)
        _run(database_url, "with db.writing():\n    db.execute('UPDATE counter SET last = last + 1')\n    db.ring()")
        until(changes.seen, 10, "the ring is seen")
        wait_until_quiet(changes, database_url)
    finally:
        changes.close()


def test_a_name_is_held_until_its_process_dies(database_url: str) -> None:
    """Nobody else gets it, everybody sees that it is held, and SIGKILL frees it."""
    with _program(database_url, "held = db.hold('a name')\nprint('held', flush=True)\ninput()") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        assert db.is_held("a name")
        with pytest.raises(db.Taken):
            db.hold("a name")
        program.kill()
    until(lambda: not db.is_held("a name"), 5, "the name is free")
    db.forget("a name")
    held = db.hold("a name")
    assert db.is_held("a name")
    assert not held.is_lost()
    held.release()
    assert not db.is_held("a name")


def test_a_copy_is_of_one_moment(database_url: str, tmp_path: Path, restored: Callable[[Path], list[int]]) -> None:
    """Two rows that always change together are alike in every copy that is made meanwhile."""
    stopping = threading.Event()
    with writing():
        _put("test 1")
        _put("test 2")

    def write() -> None:
        while not stopping.is_set():
            with writing():
                execute("UPDATE counter SET last = last + 1 WHERE name = 'test 1'")
                execute("UPDATE counter SET last = last + 1 WHERE name = 'test 2'")

    with ThreadPoolExecutor(1) as other:
        writer = other.submit(write)
        try:
            for number in range(3):
                db.backup(tmp_path / f"copy{number}")
        finally:
            stopping.set()
        writer.result()
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy0", "copy1", "copy2"]
    for number in range(3):
        path = tmp_path / f"copy{number}"
        assert path.stat().st_mode & 0o777 == 0o600
        one, other_one = restored(path)
        assert one == other_one


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    """A file that exists stays as it is, and a folder that can't be written is said."""
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(Refusal, match="exists"):
        db.backup(tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "mine"
    with pytest.raises(Refusal, match="can't be written"):
        db.backup(tmp_path / "none" / "copy")


@pytest.fixture
def restored(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Callable[[Path], list[int]]:
    """Reads the two test rows out of a copy, after restoring it where that is needed."""
    if database_url.startswith("postgresql"):
        skip_without("pg_dump", "pg_restore")

    def read(path: Path) -> list[int]:
        if database_url.startswith("sqlite"):
            return _last(f"sqlite:///{path}")
        server: Server = request.getfixturevalue("postgres_server")
        with server.empty() as url:
            subprocess.run(["pg_restore", f"--dbname={url}", str(path)], check=True)
            return _last(url)

    def _last(url: str) -> list[int]:
        told = _run(
            url, "print(*[last for (last,) in db.execute(\"SELECT last FROM counter WHERE name LIKE 'test%'\")])"
        )
        return [int(number) for number in told.split()]

    return read


def test_every_thread_has_its_turn() -> None:
    """Far more threads than connections write at the same time, and all of them get through."""

    def add(_: int) -> None:
        with writing():
            execute("UPDATE counter SET last = last + 1 WHERE name = 'test'")
        execute("SELECT last FROM counter WHERE name = 'test'").fetchone()

    with writing():
        _put("test")
    with ThreadPoolExecutor(40) as others:
        list(others.map(add, range(200)))
    assert execute("SELECT last FROM counter WHERE name = 'test'").fetchone() == (200,)


def test_nothing_is_pending_after_an_upgrade() -> None:
    """Readiness asks for this."""
    assert db.read_schema().pending == ()
    with writing():
        execute("DELETE FROM schema_migration WHERE name = '0002_dispatch'")
    assert db.read_schema().pending == ("0002_dispatch",)


def test_one_at_a_time_holds_a_name_however_often_it_is_let_go(database: None) -> None:
    """Four threads take a name, keep it for a moment and release it, again and again: never two have it."""
    holders, met = [0], []

    def take() -> None:
        for _ in range(25):
            held = _held("one")
            holders[0] += 1
            time.sleep(0.001)
            met.append(holders[0])
            holders[0] -= 1
            held.release()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [1] * 100


def _held(name: str) -> db.Held:
    """Try until it is free."""
    while True:
        with contextlib.suppress(db.Taken):
            return db.hold(name)
