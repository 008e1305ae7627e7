"""What picking the next calls costs: what is due now, not what waits; no tenant slows another."""

import itertools
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from office import Office

from app.calls import accounts, db, due_calls
from app.calls.db import execute, writing
from app.calls.quotas import Quotas
from app.settings import Settings

CAMPAIGN = ("id", "account_id", "queue_id", "name", "status", "is_default", "created_at", "next_due")
CALL = (
    *("id", "terms_id", "campaign_id", "phone_number", "number", "message_reference", "call_parameters", "status"),
    *("due_at", "attempts", "callee_type", "duration", "queued_at", "fence"),
)
FIRST = 1_000
SHORT, LONG = 3_000, pytest.param(100_000, marks=pytest.mark.soak)


def _crowd(count: int, account_id: int, queue_id: int, now: datetime) -> None:
    """Campaigns of a tenant with a call each: a third are due, a third wait for tomorrow, a third are stopped."""
    due = [(now + timedelta(days=number % 3 == 1)).timestamp() for number in range(count)]
    campaigns, calls = [], []
    for number, at in enumerate(due):
        status = "stopped" if number % 3 == 2 else "started"
        campaigns.append((FIRST + number, account_id, queue_id, f"list {number}", status, False, at, at))
        numbers = [f"+1212{2_000_000 + number}"] * 2
        calls.append((FIRST + number, 1, FIRST + number, *numbers, "", "", "queued", at, 0, "", 0, at, 0))
    with writing():
        db.load("campaign", CAMPAIGN, campaigns)
        db.load("call", CALL, calls)
    execute("ANALYZE")  # as autovacuum does


def _cost(work: Callable[[], object]) -> int:
    """The steps of SQLite's machine, or the rows that PostgreSQL reads: what time goes by on a quiet machine."""
    connection = db.database.connection()
    steps = itertools.count()
    if isinstance(connection, sqlite3.Connection):
        connection.set_progress_handler(lambda: next(steps) < 0, 1)
        work()
        connection.set_progress_handler(None, 0)
        return next(steps)
    read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
    with writing():
        (before,) = execute(read).fetchone()
        work()
        (after,) = execute(read).fetchone()
    return int(after - before)


@pytest.fixture
def tenant(office: Office) -> tuple[int, int]:
    """Another account and its queue."""
    other = accounts.add("crowd", "5678", office.clock.now(), allow_weak_pin=True)
    return other.id, execute("SELECT id FROM campaign WHERE account_id = ?", other.id).fetchone()[0]


@pytest.mark.parametrize("count", [SHORT, LONG])
def test_the_campaigns_of_a_tenant_do_not_slow_picking(office: Office, tenant: tuple[int, int], count: int) -> None:
    """Within a factor of 2, beside what it costs with three of them."""
    mine = office.queue("6175550100")
    queue_id, now, free = execute("SELECT min(id) FROM campaign").fetchone()[0], office.clock.now(), 1

    def pick() -> None:
        assert set(due_calls.queues(now)) == {queue_id, tenant[1]}
        assert [call.call_id for call in due_calls.due(queue_id, now, free)] == [mine]
        assert len(due_calls.due(tenant[1], now, free)) == free
        assert due_calls.next_due(now, 1) == now + timedelta(days=1)

    _crowd(3, *tenant, now)
    few = _cost(pick)
    execute("DELETE FROM call WHERE id < ?", FIRST + 3)
    execute("DELETE FROM campaign WHERE id >= ?", FIRST)
    _crowd(count, *tenant, now)
    many = _cost(pick)
    assert 0 < many <= 2 * few, (few, many)


@pytest.mark.parametrize("count", [SHORT, LONG])
def test_what_is_queued_does_not_slow_queueing(
    office: Office, tenant: tuple[int, int], settings: Settings, count: int
) -> None:
    """Once an account's calls and campaigns were counted, a limit that is far costs what it does with three of them."""
    office.queue("6175550100")

    def cost() -> int:
        quotas = Quotas(settings)
        quotas.admit_list(tenant[0])(1)
        return _cost(lambda: quotas.admit_list(tenant[0])(1))

    _crowd(3, *tenant, office.clock.now())
    few = cost()
    execute("DELETE FROM call WHERE id < ?", FIRST + 3)
    execute("DELETE FROM campaign WHERE id >= ?", FIRST)
    _crowd(count, *tenant, office.clock.now())
    many = cost()
    assert 0 < many <= 2 * few, (few, many)
