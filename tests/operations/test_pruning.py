"""What is deleted after RINGBACK_KEEP_DAYS, what is kept whatever its age, and that nobody waits for it."""

import threading
import time
from datetime import timedelta

import pytest
from rows import Rows

from app.calls import db, pruning
from app.calls.db import execute, writing

CHILDREN = ("attempt", "event", "exchange")


def calls() -> set[int]:
    return {call_id for (call_id,) in execute("SELECT id FROM call")}


@pytest.mark.parametrize(
    ("status", "days", "result", "kept"),
    [
        pytest.param("completed", 91, "", False, id="old"),
        pytest.param("failed", 91, "", False, id="failed"),
        pytest.param("canceled", 91, "", False, id="canceled"),
        pytest.param("completed", 91, "acknowledged", False, id="result acknowledged"),
        pytest.param("completed", 91, "given up", False, id="result given up"),
        pytest.param("completed", 91, "pending", True, id="result still to be posted"),
        pytest.param("completed", 89, "", True, id="recent"),
        pytest.param("queued", 91, "", True, id="still queued"),
        pytest.param("dialing", 91, "", True, id="being dialled"),
        pytest.param("connected", 91, "", True, id="in conversation"),
    ],
)
def test_what_is_pruned_after_90_days(rows: Rows, status: str, days: float, result: str, kept: bool) -> None:
    """A final call goes, with all that hangs on it, when it ended long ago and owes nobody a result."""
    call_id = rows.call(rows.campaign(is_default=True), status, days=days, result=result)
    assert pruning.prune(rows.now, 90) == (0 if kept else 1)
    assert calls() == ({call_id} if kept else set())
    for table in ("terms", *CHILDREN, *(["result"] if result else [])):
        (left,) = execute(f"SELECT count(*) FROM {table}").fetchone()
        assert left == int(kept), table


def test_0_days_keep_everything(rows: Rows) -> None:
    """For ever is for ever."""
    call_id = rows.call(rows.campaign(), days=3000)
    assert pruning.prune(rows.now, 0) == 0
    assert calls() == {call_id}


def test_a_call_takes_along_only_what_is_its_own(rows: Rows) -> None:
    """Terms stay while one of their calls does, and so does the campaign; other calls' rows are not touched."""
    campaign = rows.campaign()
    terms = rows.terms(campaign)
    rows.call(campaign, terms_id=terms, days=91)
    kept = rows.call(campaign, terms_id=terms, days=89)
    assert pruning.prune(rows.now, 90) == 1
    assert calls() == {kept}
    for table in CHILDREN:
        assert [tuple(row) for row in execute(f"SELECT call_id FROM {table}")] == [(kept,)]
    assert execute("SELECT count(*) FROM terms WHERE id = ?", terms).fetchone() == (1,)
    rows.now += timedelta(days=2)
    assert pruning.prune(rows.now, 90) == 1
    assert execute("SELECT count(*) FROM terms").fetchone() == (0,)
    assert execute("SELECT count(*) FROM campaign WHERE id = ?", campaign).fetchone() == (0,)


def test_empty_campaigns(rows: Rows) -> None:
    """One without calls goes when it is old; an account's own, one that is being loaded and a young one stay."""
    old, own = rows.campaign(days=91), rows.campaign(days=91, is_default=True)
    loading, young = rows.campaign(days=91, status="loading"), rows.campaign(days=89)
    for campaign in (old, own, loading, young):
        rows.terms(campaign)
    assert pruning.prune(rows.now, 90) == 0
    left = {campaign_id for (campaign_id,) in execute("SELECT id FROM campaign WHERE id > 100")}
    assert left == {own, loading, young}
    assert execute("SELECT count(*) FROM terms WHERE campaign_id = ?", old).fetchone() == (0,)


def test_ids_of_pruned_campaigns_and_calls_are_not_given_out_again(rows: Rows) -> None:
    """Customers keep call_ids for longer than we do."""
    with writing():
        first = db.take_ids("call_id")
    rows.call(rows.campaign(), days=91)
    pruning.prune(rows.now, 90)
    with writing():
        assert db.take_ids("call_id") > first


def test_more_than_a_batch_goes_in_one_run(rows: Rows) -> None:
    """It goes on while there is time, and says how many went."""
    campaign = rows.campaign(is_default=True)
    for _ in range(25):
        rows.call(campaign, days=91)
    done = 0
    while pruned := pruning.prune(rows.now, 90, batch=4):
        done += pruned
    assert (done, calls()) == (25, set())


def test_nobody_waits_for_the_pruning(rows: Rows) -> None:
    """While thousands of calls are pruned, somebody writes all the time: no wait is longer than a quarter second."""
    campaign = rows.campaign()
    with writing():
        for _ in range(3000):
            rows.call(campaign, days=91)
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            began = time.monotonic()
            with writing():
                execute("UPDATE counter SET last = last + 1 WHERE name = 'campaign_id'")
            waits.append(time.monotonic() - began)
            over.wait(0.002)
        db.release()

    writer = threading.Thread(target=write)
    writer.start()
    began = time.monotonic()
    while pruning.prune(rows.now, 90):
        assert time.monotonic() - began < 60
    over.set()
    writer.join()
    assert calls() == set()
    assert len(waits) > 10
    assert sorted(waits)[-2] < 0.25, sorted(waits)[-5:]  # but for one that the machine may be busy in
