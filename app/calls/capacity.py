"""What runs short: lines that all stay taken, and call_ids, of which there are two thousand million."""

from datetime import datetime

from app.calls import claims, db
from app.calls.db import execute
from app.calls.due_calls import RUNNING_STATUSES

TAKEN_SECONDS = 300.0
"""All lines taken for so long, and none of them anew, is told."""
LOW_CALL_IDS = 10_000_000
"""With fewer call_ids left, that is told."""


def lines_taken_seconds(now: datetime, lines: int) -> float:
    """For how many seconds all lines have been taken and none has come free for another call; 0 when one is free."""
    if claims.running() < lines:
        return 0.0
    (latest,) = execute(f"SELECT max(last_attempt_at) FROM call WHERE status IN ({RUNNING_STATUSES})").fetchone()
    return 0.0 if latest is None else max(now.timestamp() - latest, 0.0)


def call_ids_left() -> int:
    """How many more calls can be queued before no call_id is left."""
    return db.ids_left("call_id")


def warnings(now: datetime, lines: int) -> list[str]:
    """A sentence for each thing that runs short."""
    found = []
    taken = lines_taken_seconds(now, lines)
    if taken >= TAKEN_SECONDS:
        found.append(f"all {lines} lines are taken, and none has come free for {taken:.0f} s: other calls wait")
    left = call_ids_left()
    if left < LOW_CALL_IDS:
        found.append(f"only {left} call_ids are left: begin a new database in time" if left else db.no_id("call_id"))
    return found
