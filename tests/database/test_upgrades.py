"""Upgrading a database, and the sentences for one that can't be opened."""

import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from live import ROOT
from needs import needs
from office import RECEIVED, MovableClock, Office
from postgres import Server

from app import factory
from app.calls import accounts, caller_ids, db, deployments
from app.calls.db import execute, writing
from app.errors import NoDatabase, SettingError
from app.settings import Settings

OPEN = "import sys; from app.calls import db; db.open_database(sys.argv[1])"


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
    assert db.read_schema().pending == ()
    assert db.execute("SELECT count(*) FROM switch").fetchone() == (1,)


def _open_as_of(url: str, pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open a database with the upgrades that match alone."""
    before = tmp_path / "before"
    before.mkdir()
    for upgrade in db.UPGRADES.glob(pattern):
        shutil.copy(upgrade, before)
    with monkeypatch.context() as former:
        former.setattr(db, "UPGRADES", before)
        db.open_database(url)


def test_where_nothing_is_made_there_is_no_database(empty_url: str) -> None:
    """One that is not ours yet is refused without a trace; the one who makes it is told so, and nobody after that."""
    for _ in range(2):
        with pytest.raises(NoDatabase, match="there is no ringback database in "):
            db.open_database(empty_url, make=False)
    assert db.open_database(empty_url)
    assert not db.open_database(empty_url, make=False)


def test_an_upgrade_is_one_line_of_the_log_and_a_new_database_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The library that upgrades would write a line for each step."""
    caplog.set_level(logging.INFO, "app")
    url = f"sqlite:///{tmp_path}/ringback.db"
    names = sorted(upgrade.stem for upgrade in db.UPGRADES.glob("0*.py"))
    before = tmp_path / "before"
    before.mkdir()
    shutil.copy(db.UPGRADES / f"{names[0]}.py", before)
    with monkeypatch.context() as former:
        former.setattr(db, "UPGRADES", before)
        db.open_database(url)
    assert [said for said in caplog.messages if said.startswith("the database")] == []
    db.open_database(url)
    (said,) = [said for said in caplog.messages if said.startswith("the database")]
    kept = f"a copy from before is kept in {tmp_path}/ringback.db.before-{names[1]}"
    assert said == f"the database has got {len(names) - 1} schema upgrades, the last of them {names[-1]}; {kept}"


def _write_as_0004(customer: Customer) -> None:
    """Two accounts, each with a queued call; the first one has a list, and a result that is still to be posted."""
    at = RECEIVED.timestamp()
    with writing():
        for account in (1, 2):
            execute("INSERT INTO account VALUES (?, ?, 'x', ?, ?)", account, f"account {account}", True, at)
        for campaign, account, first in ((1, 1, True), (2, 2, True), (3, 1, False)):
            values = (campaign, account, f"campaign {campaign}", "started", first, at)
            execute("INSERT INTO campaign VALUES (?, ?, ?, ?, ?, ?)", *values)
            execute(
                """INSERT INTO terms (id, campaign_id, start_url, result_url, campaign_parameters, max_retries,
                    retry_interval, scheduled_at, created_at, notes) VALUES (?, ?, ?, ?, '', 0, 300, ?, ?, '')""",
                *(campaign, campaign, f"{customer.url}/start", f"{customer.url}/result", at, at),
            )
            execute(
                """INSERT INTO call (id, terms_id, campaign_id, phone_number, number, message_reference,
                    call_parameters, status, due_at, attempts, callee_type, duration, queued_at, fence)
                VALUES (?, ?, ?, ?, ?, '', '', 'queued', ?, 0, '', 0, ?, 0)""",
                *(100 + campaign, campaign, campaign, f"617555010{campaign}", f"+1617555010{campaign}", at, at),
            )
        execute("UPDATE call SET status = 'failed', attempts = 1, finished_at = ? WHERE id = 103", at)
        execute(
            """INSERT INTO result (call_id, url, body, state, tries, unacknowledged, due_at, last_answer, destination)
            VALUES (103, ?, 'call_id=103&result=Failed', 'pending', 0, 0, ?, '', ?)""",
            *(f"{customer.url}/result", at, customer.url),
        )


def test_calls_of_the_schema_before_fuse_go_on(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, customer: Customer
) -> None:
    """Each account is a queue, its lists included; results are still forms; a deployment can be made beside them."""
    _open_as_of(empty_url, "000[1-4]_*.py", tmp_path, monkeypatch)
    _write_as_0004(customer)
    settings, clock = Settings.read({"RINGBACK_DATABASE": empty_url}), MovableClock()
    factory.prepare_database(settings)
    assert execute("SELECT id, queue_id FROM campaign ORDER BY id").fetchall() == [(1, 1), (2, 2), (3, 1)]
    service = factory.create_scheduler(settings, clock)
    Office(factory.create_app(settings, clock).test_client(), service, clock, customer).work()
    results = {posted.form["call_id"]: posted.form["result"] for posted in customer.posts("/result")}
    assert results == {"101": "Completed", "102": "Completed", "103": "Failed"}
    execute("UPDATE counter SET last = 3 WHERE name = 'campaign_id'")
    deployments.add_application(accounts.named("account 1"), "shop", "", clock.now())
    assert deployments.target(1, 1, account_id=1).queue.id == 4
    service.dispatcher.close(1)
    service.sender.close(5)


def test_what_an_account_has_shown_it_may_show(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, customer: Customer
) -> None:
    """Each caller ID that was dialled with, in whatever spelling; not what only waits, nor what others have shown."""
    _open_as_of(empty_url, "000[1-4]_*.py", tmp_path, monkeypatch)
    _write_as_0004(customer)
    shown = [
        (1, 1, "tel:+16175550101;ani=8009957586;postd=1"),
        (1, 2, "6175550102 ; ANI = (212) 555-0123"),
        (3, 1, "6175550103；ａｎｉ=８００9957586"),
        (1, 0, "6175550104;ani=2125550199"),
        (2, 1, "6175550105;ani=4155550123"),
        (2, 1, "6175550106;animal=1"),
        (2, 1, "911;ani=4155550124"),
    ]
    with writing():
        for place, (campaign, attempts, phone_number) in enumerate(shown):
            execute(
                """INSERT INTO call (id, terms_id, campaign_id, phone_number, number, message_reference,
                    call_parameters, status, due_at, attempts, callee_type, duration, queued_at, fence)
                VALUES (?, ?, ?, ?, '+16175550100', '', '', 'failed', 0, ?, '', 0, 0, 0)""",
                *(200 + place, campaign, campaign, phone_number, attempts),
            )
    db.open_database(empty_url)
    assert caller_ids.of(1) == ["2125550123", "8009957586"]
    assert caller_ids.of(2) == ["4155550123"]


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


@needs("postgres")
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
    assert f"{sys.executable} -m pip install 'ringback[postgres]'" in told.stderr
