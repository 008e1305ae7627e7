"""Notifications between processes, as a test waits for them to be heard."""

from live import until

from app.calls import db
from app.calls.db import execute

LISTENING = """SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'"""


def wait_until_quiet(changes: db.Changes, url: str) -> None:
    """Until it listens and has seen all there was: what it sees from now on is new."""
    if url.startswith("postgresql:"):
        until(lambda: execute(LISTENING).fetchone(), 10, "it listens")
    until(lambda: not changes.seen(), 5, "nothing more is seen")
