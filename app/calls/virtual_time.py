"""Virtual time as a row: every process that runs on it reads the same instant, and moving it is one update."""

from datetime import datetime

from app.calls.db import execute, writing

POLL_SECONDS = 0.02


def begin(now: datetime) -> None:
    """Start virtual time at ``now`` unless it has begun before."""
    with writing():
        execute("INSERT INTO virtual_time (id, now) VALUES (1, ?) ON CONFLICT (id) DO NOTHING", now.timestamp())


def read() -> float:
    """The present, in UNIX seconds."""
    (seconds,) = execute("SELECT now FROM virtual_time WHERE id = 1").fetchone()
    return float(seconds)


def move(to: datetime) -> None:
    """Let it be ``to`` now. Time that would run backwards stays as it is."""
    with writing():
        execute("UPDATE virtual_time SET now = max(now, ?) WHERE id = 1", to.timestamp())
