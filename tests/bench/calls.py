"""Calls to measure with, straight into the tables of the open database."""

from collections.abc import Sequence

from app import clock
from app.calls import db, due_calls

COLUMNS = (
    *("id", "terms_id", "campaign_id", "phone_number", "number", "message_reference", "call_parameters", "status"),
    *("due_at", "attempts", "callee_type", "duration", "queued_at", "fence"),
)
START_URL = "http://127.0.0.1/start"


def add(
    count: int, *, due: Sequence[float] = (), start_url: str = START_URL, result_url: str = "", campaign_id: int = 0
) -> range:
    """Queue calls to distinct numbers, due at once or at the UNIX times of ``due``; their ids.

    In the account demo's own campaign unless another is named.
    """
    now = clock.machine()
    due = due or [now] * count
    with db.writing():
        campaign_id = campaign_id or db.execute("SELECT min(id) FROM campaign").fetchone()[0]
        (terms_id,) = db.execute(
            """INSERT INTO terms (campaign_id, start_url, result_url, campaign_parameters, max_retries,
                retry_interval, scheduled_at, created_at, notes)
            VALUES (?, ?, ?, '', 0, 300, ?, ?, '') RETURNING id""",
            *(campaign_id, start_url, result_url, now, now),
        ).fetchone()
        (before,) = db.execute("SELECT count(*) FROM call").fetchone()
        first = db.take_ids("call_id", count)
        ids = range(first, first + count)
        numbers = (f"1617{2_000_000 + before + place:07d}" for place in range(count))
        rows = (
            (call_id, terms_id, campaign_id, number, f"+{number}", "", "", "queued", at, 0, "", 0, now, 0)
            for call_id, number, at in zip(ids, numbers, due, strict=True)
        )
        db.load("call", COLUMNS, rows)
        due_calls.was_queued(campaign_id, min(due))
    return ids
