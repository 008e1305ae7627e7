"""Who did what in the console, as rows that only grow. What is done through an API is told by the calls themselves."""

from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls.db import execute, writing


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did: ``action`` is a verb, ``subject`` what it was done to."""

    id: int
    at: datetime
    login: str
    address: str
    action: str
    subject: str


def note(account_id: int | None, login: str, address: str, action: str, subject: str, now: datetime) -> None:
    """Write down that somebody at ``address`` did something."""
    with writing():
        execute(
            "INSERT INTO audit (at, account_id, login, address, action, subject) VALUES (?, ?, ?, ?, ?, ?)",
            now.timestamp(),
            account_id,
            login,
            address,
            action,
            subject,
        )


def latest(limit: int, before: int | None = None, account_id: int | None = None) -> list[Entry]:
    """The newest entries first; of one account, or of all; those below the id ``before``."""
    rows = execute(
        """SELECT id, at, login, address, action, subject FROM audit
        WHERE id < coalesce(?, id + 1) AND account_id = coalesce(?, account_id) ORDER BY id DESC LIMIT ?""",
        before,
        account_id,
        limit,
    ).fetchall()
    return [Entry(entry_id, clock.instant(at), *facts) for entry_id, at, *facts in rows]


def last() -> int:
    """The id of the newest entry: another one when somebody has done something since."""
    (newest,) = execute("SELECT max(id) FROM audit").fetchone()
    return newest or 0
