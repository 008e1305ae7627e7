"""``ringback backup``, ``campaign``, ``suspend`` and ``resume``."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from customer import Customer
from live import ROOT, Live, until
from rows import Rows

from app.calls import campaigns, db
from app.calls.db import execute, writing
from app.settings import Settings

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Ringback = Callable[..., Result]


def said(ended: Result, status: int = 0) -> str:
    assert ended.exit_code == status, ended.output
    return ended.output


def test_campaigns_are_listed_with_their_counts(ringback: Ringback, rows: Rows) -> None:
    """The newest first; for people a line each, for programs an object each."""
    first, second = rows.campaign(), rows.campaign(status="stopped")
    for status in ("completed", "failed", "canceled", "queued", "dialing", "connected"):
        rows.call(first, status)
    line = f"campaign {first} campaign {first} (demo, started): pending 3, completed 1, failed 2"
    assert said(ringback("campaign", "list")).splitlines()[1] == line
    told = [json.loads(each) for each in said(ringback("campaign", "list", "--json")).splitlines()]
    assert told[:2] == [
        {
            "campaign_id": campaign_id,
            "login": "demo",
            "campaign_name": f"campaign {campaign_id}",
            "status": status,
            "pending": pending,
            "completed": completed,
            "failed": failed,
        }
        for campaign_id, status, pending, completed, failed in (
            (second, "stopped", 0, 0, 0),
            (first, "started", 3, 1, 2),
        )
    ]


def test_a_campaign_is_stopped_and_started(ringback: Ringback, rows: Rows) -> None:
    """The row says so, and so does the answer."""
    campaign = rows.campaign()
    status = "SELECT status FROM campaign WHERE id = ?"
    assert "no dial of it starts any more" in said(ringback("campaign", "stop", str(campaign)))
    assert execute(status, campaign).fetchone() == ("stopped",)
    assert json.loads(said(ringback("campaign", "start", str(campaign), "--json"))) == {
        "campaign_id": campaign,
        "status": "started",
    }
    assert execute(status, campaign).fetchone() == ("started",)


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_campaign_that_is_not_there(ringback: Ringback, verb: str) -> None:
    """A sentence and status 1; 2 for what is no number."""
    assert said(ringback("campaign", verb, "4711"), 1) == "Error: campaign: there is no campaign 4711\n"
    said(ringback("campaign", verb, "x"), 2)


def test_calling_is_suspended_and_resumed(ringback: Ringback, rows: Rows) -> None:
    """Who did it, and why if it was said, stands in the row; the list of campaigns says it too."""
    changed_by = "SELECT changed_by FROM switch"
    assert "no dial starts any more" in said(ringback("suspend", "--because", "restored a backup"))
    assert campaigns.is_suspended()
    assert execute(changed_by).fetchone() == ("command line: restored a backup",)
    assert "All calling is suspended" in said(ringback("campaign", "list"))
    assert json.loads(said(ringback("resume", "--json"))) == {"suspended": False}
    assert not campaigns.is_suspended()
    assert execute(changed_by).fetchone() == ("command line",)
    assert "All calling is suspended" not in said(ringback("campaign", "list"))
    assert "more than 200 characters" in said(ringback("suspend", "--because", "x" * 201), 2)


@on_sqlite
@pytest.mark.timeout(120)
def test_nobody_is_dialled_while_calling_is_suspended(ringback: Ringback, tmp_path: Path, customer: Customer) -> None:
    """Suspended by hand, a server that runs dials nobody; resumed, it dials what has waited."""
    with Live(tmp_path) as live:
        url = f"sqlite:///{live.database}"
        said(ringback("suspend", database=url))
        form = {"login": "demo", "pin": "1234", "phone_number": "6175550100"}
        urls = {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}
        for _ in range(2):
            assert 'status="queued"' in live.post("/webservice/queuecall.php", **form, **urls)
        with contextlib.closing(sqlite3.connect(live.database)) as connection, connection:
            connection.execute("UPDATE call SET expires_at = 0 WHERE id = (SELECT max(id) FROM call)")
        ended = "SELECT 1 FROM call WHERE status = 'failed'"
        until(lambda: live.rows(ended), 30, "the scheduler works on: it has ended what expired")
        assert live.dials() == []
        said(ringback("resume", database=url))
        customer.wait_for("/result", 2)
        assert len(live.dials()) == 1


@on_sqlite
def test_a_backup_has_the_same_rows(ringback: Ringback, rows: Rows, tmp_path: Path) -> None:
    """It opens by itself, is whole, and holds all that was committed; its size is printed."""
    for _ in range(20):
        rows.call(rows.campaign(), result="acknowledged")
    copy = tmp_path / "copy.db"
    told = json.loads(said(ringback("backup", str(copy), "--json")))
    assert told == {"file": str(copy), "bytes": copy.stat().st_size}
    assert list(tmp_path.glob("copy.db*")) == [copy]
    with contextlib.closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"call", "attempt", "result", "switch", "schema_migration"} <= set(tables)
        for table in tables:
            ours = sorted((tuple(row) for row in execute(f"SELECT * FROM {table}").fetchall()), key=repr)
            assert sorted(opened.execute(f"SELECT * FROM {table}").fetchall(), key=repr) == ours, table


@on_sqlite
def test_a_backup_is_of_one_moment_while_others_write(rows: Rows, settings: Settings, tmp_path: Path) -> None:
    """A writer commits pairs all the time: no copy has half a pair, and the writer goes on."""
    campaign = rows.campaign()
    over = threading.Event()
    written = []

    def write() -> None:
        while not over.is_set():
            with writing():
                written.append((rows.call(campaign), rows.call(campaign)))
        db.release()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for number in range(3):
            before = len(written)
            until(lambda: len(written) > before + 3, 10, "the writer goes on")  # noqa: B023
            subprocess.run(
                [sys.executable, "-m", "app", "backup", tmp_path / f"{number}.db"],
                env=os.environ | {"RINGBACK_DATABASE": settings.database},
                cwd=ROOT,
                check=True,
            )
            with contextlib.closing(sqlite3.connect(tmp_path / f"{number}.db")) as opened:
                (count,) = opened.execute("SELECT count(*) FROM call").fetchone()
            assert count >= 2 * before
            counts.append(count)
    finally:
        over.set()
        writer.join()
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)


@pytest.mark.parametrize("name", ["there", "nowhere/copy.db", "x" * 300])
def test_a_backup_that_cannot_be_made(ringback: Ringback, tmp_path: Path, name: str) -> None:
    """Nothing is overwritten; a sentence and status 1."""
    (tmp_path / "there").write_text("precious")
    assert said(ringback("backup", str(tmp_path / name)), 1).startswith(f"Error: {tmp_path / name} ")
    assert (tmp_path / "there").read_text() == "precious"
