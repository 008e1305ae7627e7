"""Deletes what is older than RINGBACK_KEEP_DAYS: final calls with all that hangs on them, then what they leave empty.
Answers that are kept for requests that are sent again go after a day, whatever RINGBACK_KEEP_DAYS says.

It works in short transactions with pauses in between, so that whoever dials or queues never waits for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app import clock
from app.calls import db, idempotency, result_signing
from app.calls.db import execute, marks, writing
from app.calls.states import FINAL, CampaignStatus

TRANSACTION_SECONDS = 0.025
"""What one transaction aims at; the number of calls in the next one follows from how long the last one took."""
FIRST_BATCH = 50
RUN_SECONDS = 1.0
"""After so long ``prune`` returns, done or not: whoever calls it may want to stop."""

_CHILDREN = ("attempt", "event", "exchange", "result")
_FINAL = ", ".join(f"'{status}'" for status in FINAL)
# Scalar subqueries all over: a planner may turn NOT EXISTS into a join that reads a whole table.
_OLD = f"""finished_at < ? AND status IN ({_FINAL})
    AND coalesce((SELECT state FROM result WHERE result.call_id = call.id), '') <> 'pending'"""


def prune(now: datetime, days: int, batch: int = 500) -> int:
    """Delete calls that were final ``days`` days ago, about a second's worth; how many. 0: nothing is left to delete.

    Kept whatever their age: calls that are not final, and calls whose result is still to be posted. 0 days keeps
    everything. ``batch`` is the most calls in one transaction.
    """
    if days == 0:
        return 0
    before = (now - timedelta(days=days)).timestamp()
    pruned, size = 0, min(batch, FIRST_BATCH)
    until = clock.elapsed() + RUN_SECONDS
    while clock.elapsed() < until:
        # Looked for outside the transaction: finding them may take longer than anyone should wait.
        old = [
            row[0] for row in execute(f"SELECT id FROM call WHERE {_OLD} ORDER BY finished_at LIMIT ?", before, size)
        ]
        if not old:
            _delete_empty_campaigns(before, batch)
            return pruned
        began = clock.elapsed()
        pruned += _delete(old, before)
        took = clock.elapsed() - began
        size = _next_size(size, took, batch)
        clock.pause(took)
    return pruned


def _next_size(size: int, took: float, batch: int) -> int:
    """How many rows the next transaction deletes, after one of ``size`` took so many seconds."""
    return max(1, min(batch, 2 * size, int(size * TRANSACTION_SECONDS / took)))


def prune_answers(now: datetime, batch: int = 500) -> None:
    """Forget answers that are a day old, and secrets that sign nothing any more; about a second's worth."""
    result_signing.remove_retired(now)
    size = min(batch, FIRST_BATCH)
    until = clock.elapsed() + RUN_SECONDS
    while clock.elapsed() < until:
        began = clock.elapsed()
        if idempotency.remove_old(now, size) < size:
            return
        took = clock.elapsed() - began
        size = _next_size(size, took, batch)
        clock.pause(took)


def _delete(call_ids: Sequence[int], before: float) -> int:
    """Delete calls if they are still old, with what hangs on them and what they leave empty."""
    with writing():
        db.exclusive("pruning")
        chosen = execute(
            f"SELECT id, terms_id, campaign_id FROM call WHERE id IN ({marks(len(call_ids))}) AND {_OLD}",
            *call_ids,
            before,
        ).fetchall()
        if not chosen:
            return 0
        calls, terms, campaigns = (sorted(set(column)) for column in zip(*chosen, strict=True))
        for child in _CHILDREN:
            execute(f"DELETE FROM {child} WHERE call_id IN ({marks(len(calls))})", *calls)
        execute(f"DELETE FROM call WHERE id IN ({marks(len(calls))})", *calls)
        execute(
            f"""DELETE FROM terms WHERE id IN ({marks(len(terms))})
            AND (SELECT min(terms_id) FROM call WHERE terms_id = terms.id) IS NULL""",
            *terms,
        )
        execute(
            f"""DELETE FROM campaign WHERE id IN ({marks(len(campaigns))}) AND NOT is_default
            AND (SELECT min(campaign_id) FROM terms WHERE campaign_id = campaign.id) IS NULL""",
            *campaigns,
        )
    return len(calls)


def _delete_empty_campaigns(before: float, batch: int) -> None:
    """Delete campaigns that were made long ago and have no call, whatever emptied them; never an account's own."""
    empty = """NOT is_default AND status <> ? AND created_at < ?
        AND (SELECT min(campaign_id) FROM call WHERE campaign_id = campaign.id) IS NULL"""
    values = (CampaignStatus.LOADING, before)
    found = [row[0] for row in execute(f"SELECT id FROM campaign WHERE {empty} LIMIT ?", *values, batch)]
    if not found:
        return
    with writing():
        db.exclusive("pruning")
        chosen = [
            row[0]
            for row in execute(
                f"SELECT id FROM campaign WHERE id IN ({marks(len(found))}) AND {empty}", *found, *values
            )
        ]
        execute(f"DELETE FROM terms WHERE campaign_id IN ({marks(len(chosen))})", *chosen)
        execute(f"DELETE FROM campaign WHERE id IN ({marks(len(chosen))})", *chosen)
