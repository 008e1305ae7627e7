"""Who is signed in to the console: a row for each session, so that signing out ends it wherever its cookie is."""

import hashlib
import secrets

from app.calls.db import execute, writing

SESSION_SECONDS = 12 * 3600
"""How long a session lasts, however much it is used."""
MAX_SESSIONS = 1_000
"""Of one account; another one ends the oldest."""


def begin(account_id: int, now: float) -> str:
    """Begin a session of an account at this machine time; its secret, of which only a digest is kept."""
    secret = secrets.token_urlsafe(32)
    with writing():
        execute("DELETE FROM console_session WHERE began_at <= ?", now - SESSION_SECONDS)
        execute(
            """DELETE FROM console_session WHERE id IN
                (SELECT id FROM console_session WHERE account_id = ? ORDER BY began_at DESC, id LIMIT ? OFFSET ?)""",
            *(account_id, MAX_SESSIONS, MAX_SESSIONS - 1),
        )
        execute(
            "INSERT INTO console_session (id, account_id, began_at) VALUES (?, ?, ?)", _digest(secret), account_id, now
        )
    return secret


def account_of(secret: str, now: float) -> int | None:
    """The account whose session this is; None when it has ended or never was."""
    found = execute(
        "SELECT account_id FROM console_session WHERE id = ? AND began_at > ? AND began_at <= ?",
        *(_digest(secret), now - SESSION_SECONDS, now),
    ).fetchone()
    return found and int(found[0])


def end(secret: str) -> None:
    """End a session."""
    with writing():
        execute("DELETE FROM console_session WHERE id = ?", _digest(secret))


def end_all(account_id: int) -> None:
    """End all sessions of an account."""
    with writing():
        execute("DELETE FROM console_session WHERE account_id = ?", account_id)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
