"""Forgetting everything but accounts and time, so that a tester can begin anew without a restart."""

from datetime import datetime

from app.calls import db, virtual_time
from app.calls.db import execute, writing
from app.calls.states import CampaignStatus

_SEEN = "(SELECT id FROM campaign WHERE status <> ?)"
_OF_CALLS = ("event", "exchange", "result", "attempt")


def forget_calls(now: datetime, by: str) -> dict[str, int]:
    """Forget all calls with all that happened to them, all campaigns and all scripts, and resume calling; how many.

    Each account keeps its default campaign, empty and started. Numbers go on: no call_id or campaign_id is given out
    again. A list that is still being loaded is none of the campaigns yet and stays. An attempt that runs goes on, and
    its end finds nothing to write to.
    """
    loading = CampaignStatus.LOADING
    with writing():
        db.exclusive("claims")
        for table in _OF_CALLS:
            execute(f"DELETE FROM {table} WHERE call_id IN (SELECT id FROM call WHERE campaign_id IN {_SEEN})", loading)
        if execute(f"SELECT 1 FROM terms WHERE is_pci AND campaign_id IN {_SEEN}", loading).fetchone():
            db.must_erase()
        calls = execute(f"DELETE FROM call WHERE campaign_id IN {_SEEN}", loading).rowcount
        execute(f"DELETE FROM terms WHERE campaign_id IN {_SEEN}", loading)
        campaigns = execute("DELETE FROM campaign WHERE status <> ? AND NOT is_default", loading).rowcount
        execute("UPDATE campaign SET status = ? WHERE is_default", CampaignStatus.STARTED)
        scripts = execute("DELETE FROM script").rowcount
        execute("DELETE FROM minute")
        execute("DELETE FROM answer_part")
        execute("DELETE FROM idempotent_request")
        execute(
            "UPDATE switch SET suspended = ?, version = version + 1, changed_at = ?, changed_by = ?",
            False,
            now.timestamp(),
            by,
        )
        virtual_time.forget_told()
        db.ring()
    return {"calls": calls, "campaigns": campaigns, "scripts": scripts}
