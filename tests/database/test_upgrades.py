"""Upgrading a database, and the sentences for one that can't be opened."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import ROOT
from postgres import Server, needed

from app.calls import db
from app.errors import SettingError

OPEN = "import sys; from app.calls import db; db.open_database(sys.argv[1])"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needed)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ringback.db"
    else:
        server: Server = request.getfixturevalue("postgres_server")
        with server.empty() as url:
            yield url


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    db.close_database()


def test_two_processes_upgrade_at_once(empty_url: str) -> None:
    """One does it, the others wait and find it done."""
    programs = [
        subprocess.Popen([sys.executable, "-c", OPEN, empty_url], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for program in programs:
        _, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
    db.open_database(empty_url)
    assert db.pending_upgrades() == []
    assert db.execute("SELECT count(*) FROM switch").fetchone() == (1,)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("mysql://me:secret@host/name", "must be sqlite:///FILE or postgresql://", id="another product"),
        pytest.param("sqlite:///:memory:", "must be sqlite:///FILE", id="memory"),
        pytest.param("sqlite:///", "must be sqlite:///FILE", id="no file"),
        pytest.param("sqlite://secret@host/name", "must be sqlite:///FILE", id="a host"),
        pytest.param("secret", "must be sqlite:///FILE", id="no URL"),
        pytest.param("", "must be sqlite:///FILE", id="empty"),
        pytest.param("sqlite:////proc/x/y", "/proc/x/y can't be used", id="no folder"),
        pytest.param("postgresql://me:secret@127.0.0.1:1/name", "can't be used: .*127.0.0.1.*port 1", id="no server"),
        pytest.param("postgres://me:secret@127.0.0.1:1/name", "can't be used: .*port 1", id="short scheme"),
        pytest.param("postgresql://me:a@secret@127.0.0.1:1/name", "write @ as %40", id="@ in the password"),
        pytest.param("postgresql://me:a/secret@127.0.0.1:1/name", "write @ as %40, / as %2F", id="/ in the password"),
        pytest.param("postgresql://me:a%secret@127.0.0.1:1/name", "must look like", id="% in the password"),
        pytest.param("postgresql://me:secret@127.0.0.1:1/name?secret=1", "must look like", id="unknown parameter"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said(url: str, sentence: str) -> None:
    """A sentence that names the setting and what to write, and never has the password."""
    with pytest.raises(SettingError, match=sentence) as refused:
        db.open_database(url)
    assert str(refused.value).startswith("RINGBACK_DATABASE")
    assert "secret" not in str(refused.value)


@needed
def test_a_database_that_is_not_there_is_said(postgres_server: Server) -> None:
    """The server's own words are passed on."""
    with pytest.raises(SettingError, match='database "none" does not exist'):
        db.open_database(postgres_server.url("none"))


def test_psycopg_is_only_needed_for_postgresql(tmp_path: Path) -> None:
    """Without it SQLite works, and the other says what to install."""
    hidden = "import sys; sys.modules['psycopg'] = None; " + OPEN.removeprefix("import sys; ")
    arguments = [sys.executable, "-c", hidden]
    subprocess.run([*arguments, f"sqlite:///{tmp_path}/ringback.db"], cwd=ROOT, check=True)
    told = subprocess.run(
        [*arguments, "postgresql://127.0.0.1:1/x"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "for PostgreSQL install ringback[postgres]" in told.stderr
