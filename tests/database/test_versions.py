"""Programs of one version at a database of another: who upgrades, after which copy, and who refuses."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from faults import no_file_may_grow
from live import ROOT
from playhouse.migrations import Runner

from app import factory
from app.calls import accounts, db
from app.calls.db import execute, writing
from app.cli import main
from app.errors import NewerSchema, OldSchema, Refusal
from app.settings import Settings

NAMES = sorted(path.stem for path in db.UPGRADES.glob("0*.py"))
LAST = NAMES[-1]
FIRST_ADDITIVE = 4
"""So many upgrades come before the first that only adds."""
START = "import sys; from app.calls import db; db.open_database(sys.argv[1])"
COMMANDS = (
    ["status"],
    ["account", "list"],
    ["account", "add", "somebody", "--pin", "kx83-secret"],
    ["campaign", "list"],
    ["suspend"],
)


@dataclass
class Old:
    """A database that lacks the last upgrade, and has an account."""

    url: str
    folder: Path
    pytest_patch: pytest.MonkeyPatch

    def make(self, url: str) -> None:
        known = self.folder / "known"
        known.mkdir(exist_ok=True)
        for name in NAMES[:-1]:
            shutil.copy(db.UPGRADES / f"{name}.py", known)
        with self.pytest_patch.context() as former:
            former.setattr(db, "UPGRADES", known)
            db.open_database(url)
        with writing():
            execute("INSERT INTO account (login, pin_hash, detection, created_at) VALUES ('anne', 'x', ?, 0)", True)
        db.close_database()

    @property
    def copies(self) -> list[Path]:
        return sorted(self.folder.glob("ringback.db.before-*"))

    def ringback(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"RINGBACK_DATABASE": self.url})


@pytest.fixture
def old(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Old]:
    made = Old(empty_url, tmp_path, monkeypatch)
    made.make(empty_url)
    yield made
    db.close_database()


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def pending(url: str) -> tuple[str, ...]:
    db.open_database(url, make=False, schema="any")
    return db.read_schema().pending


def test_commands_refuse_an_old_schema_and_leave_it(old: Old) -> None:
    """In a sentence that says what to run."""
    for command in COMMANDS:
        ended = old.ringback(*command)
        assert ended.exit_code == 1, command
        assert f"lacks schema upgrades ({LAST}): stop all ringback programs that use it, then run" in ended.output
        assert "`ringback upgrade`" in ended.output
    assert pending(old.url) == (LAST,)
    assert old.copies == []


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_a_backup_of_an_old_schema_is_as_old(old: Old) -> None:
    """So there can be one from before an upgrade; the database stays as it is."""
    assert old.ringback("backup", f"{old.folder}/copy.db").exit_code == 0
    assert pending(old.url) == (LAST,)
    assert pending(f"sqlite:///{old.folder}/copy.db") == (LAST,)


def test_the_command_upgrade_upgrades(old: Old) -> None:
    """Says what it did and where the copy is; the second time there is nothing to do, and no other copy."""
    first = old.ringback("upgrade").output
    assert f"applied {LAST}" in first
    assert pending(old.url) == ()
    assert [path.name for path in old.copies] == ([f"ringback.db.before-{LAST}"] if is_sqlite(old.url) else [])
    assert all(f"a copy from before is kept in {path}" in first for path in old.copies)
    assert old.ringback("upgrade").output.endswith("has all upgrades\n")
    assert len(old.copies) == int(is_sqlite(old.url))
    assert old.ringback("account", "list").output == "anne\n"


def test_a_server_upgrades(old: Old) -> None:
    """At its start."""
    factory.prepare_database(Settings.read({"RINGBACK_DATABASE": old.url}))
    assert db.read_schema().pending == ()
    assert [account.login for account in accounts.every()] == ["anne"]
    assert len(old.copies) == int(is_sqlite(old.url))


def test_a_web_worker_does_not_upgrade(old: Old) -> None:
    """It is the server that starts it who does."""
    with pytest.raises(OldSchema):
        db.open_database(old.url, make=False, schema="current")
    assert pending(old.url) == (LAST,)


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_the_copy_is_the_database_from_before_for_its_owner_alone(old: Old) -> None:
    """Whole, with its rows; the upgrade after it was restored keeps another beside it."""
    for number, name in enumerate([f"ringback.db.before-{LAST}", f"ringback.db.before-{LAST}.2"], 1):
        old.ringback("upgrade")
        copy = old.folder / name
        assert len(old.copies) == number
        assert copy.stat().st_mode & 0o777 == 0o600
        opened = sqlite3.connect(copy)
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("SELECT login FROM account").fetchall() == [("anne",)]
        assert [row[0] for row in opened.execute("SELECT name FROM schema_migration ORDER BY id")] == NAMES[:-1]
        opened.close()
        db.close_database()
        shutil.copy(copy, old.folder / "ringback.db")


def test_a_new_database_has_no_copy(empty_url: str, tmp_path: Path) -> None:
    """Nothing was in it."""
    assert db.open_database(empty_url)
    db.close_database()
    assert list(tmp_path.glob("*before*")) == []


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_without_its_copy_nothing_is_upgraded(old: Old) -> None:
    """A full disk is told, and nothing is left of the copy."""
    db.open_database(old.url, schema="any")
    with no_file_may_grow(), pytest.raises(Refusal, match="nothing was upgraded, because no copy of the database"):
        db.upgrade()
    assert pending(old.url) == (LAST,)
    assert list(old.folder.glob("*before-*")) == []


def test_servers_that_start_together_upgrade_once(old: Old) -> None:
    """One makes the copy and upgrades, the others wait for it."""
    programs = [subprocess.Popen([sys.executable, "-c", START, old.url], cwd=ROOT) for _ in range(3)]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    assert pending(old.url) == ()
    assert len(old.copies) == int(is_sqlite(old.url))


def test_a_schema_of_a_newer_version_is_refused(empty_url: str, tmp_path: Path) -> None:
    """By servers, their workers and commands, and nothing is done to it; it can still be copied."""
    db.open_database(empty_url)
    with writing():
        execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_tomorrow', '2030-01-01')")
    db.close_database()
    sentence = "was upgraded by a newer version of ringback .unknown here: 9999_tomorrow.: run that version, or restore"
    settings = Settings.read({"RINGBACK_DATABASE": empty_url})
    with pytest.raises(NewerSchema, match=sentence):
        factory.prepare_database(settings)
    with pytest.raises(NewerSchema, match=sentence):
        db.open_database(empty_url, make=False, schema="current")
    for command in (*COMMANDS, ["upgrade"]):
        ended = CliRunner().invoke(main, command, env={"RINGBACK_DATABASE": empty_url})
        assert ended.exit_code == 1
        assert "was upgraded by a newer version of ringback" in ended.output
    if is_sqlite(empty_url):
        copied = CliRunner().invoke(main, ["backup", f"{tmp_path}/copy.db"], env={"RINGBACK_DATABASE": empty_url})
        assert copied.exit_code == 0
    db.open_database(empty_url, make=False, schema="any")
    assert accounts.every() == []
    db.close_database()


def test_every_upgrade_only_adds(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table or column goes or changes, new columns do without a value, and new rules bind new columns alone.

    A program of the version before that is still running then finds all that its queries name.
    """
    with monkeypatch.context() as former:
        former.setattr(db, "UPGRADES", _folder_of(NAMES[:FIRST_ADDITIVE], tmp_path))
        db.open_database(empty_url)
    before = _shape()
    for name in NAMES[FIRST_ADDITIVE:]:
        Runner(db.database.obj, str(db.UPGRADES)).up(name)
        after = _shape()
        assert set(before) <= set(after), name
        for table, had in before.items():
            has = after[table]
            assert {column: has.columns.get(column) for column in had.columns} == had.columns, (name, table)
            added = set(has.columns) - set(had.columns)
            assert all(has.columns[column].does_without_a_value for column in added), (name, table)
            assert all(rule <= added for rule in has.unique - had.unique), (name, table)
        before = after
    db.close_database()


@dataclass(frozen=True)
class Column:
    kind: str
    nullable: bool
    default: str | None

    @property
    def does_without_a_value(self) -> bool:
        return self.nullable or self.default is not None


@dataclass(frozen=True)
class Table:
    columns: dict[str, Column]
    unique: frozenset[frozenset[str]]


def _folder_of(names: list[str], folder: Path) -> Path:
    first = folder / "first"
    first.mkdir()
    for name in names:
        shutil.copy(db.UPGRADES / f"{name}.py", first)
    return first


def _shape() -> dict[str, Table]:
    database = db.database.obj
    return {
        table: Table(
            {one.name: Column(one.data_type, one.null, one.default) for one in database.get_columns(table)},
            frozenset(frozenset(one.columns) for one in database.get_indexes(table) if one.unique),
        )
        for table in database.get_tables()
    }
