"""Virtual time as a row: every process that runs on it reads the same instant, and asking it to move is one update.

Web processes ask (``ask``); the scheduler that steps time moves it (``move``) and says when all is done (``answer``).
"""

from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import db
from app.calls.db import execute, writing
from app.intake.fields import LATEST_TIMESTAMP

POLL_SECONDS = 0.02
LATEST_MOVE = LATEST_TIMESTAMP - 2 * 366 * 86_400
"""What is due after that must still be a date: retries and posts of results."""


@dataclass(frozen=True, slots=True)
class Told:
    """How far the last answer told what happened: an instant, and the last attempt and exchange that had begun."""

    until: datetime
    attempt: int
    exchange: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to move time to ``target``; ``told`` is what was told before it."""

    number: int
    target: datetime
    told: Told


def begin(now: datetime) -> None:
    """Start virtual time at the second of ``now`` unless it has begun before."""
    second = int(now.timestamp())
    with writing():
        execute(
            """INSERT INTO virtual_time (id, now, target, asked, answered, told_until, told_attempt, told_exchange)
            VALUES (1, ?, ?, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING""",
            second,
            second,
        )


def read() -> float:
    """The present, in UNIX seconds."""
    (seconds,) = execute("SELECT now FROM virtual_time WHERE id = 1").fetchone()
    return float(seconds)


def ask(to: datetime) -> Asked:
    """Ask for time to go on until ``to``; time that would run backwards stays as it is."""
    with writing():
        number, target, until, attempt, exchange = execute(
            """UPDATE virtual_time SET asked = asked + 1, target = CASE WHEN target < ? THEN ? ELSE target END
            WHERE id = 1 RETURNING asked, target, told_until, told_attempt, told_exchange""",
            to.timestamp(),
            to.timestamp(),
        ).fetchone()
        db.ring()
    return Asked(number, clock.instant(target), Told(clock.instant(until), attempt, exchange))


def is_answered(asked: Asked) -> bool:
    """Whether time has come as far as was asked, and all that is due until then is done."""
    (answered,) = execute("SELECT answered FROM virtual_time WHERE id = 1").fetchone()
    return bool(answered >= asked.number)


def unanswered() -> tuple[datetime, int]:
    """How far time was asked to move, and the number of the last request."""
    target, asked = execute("SELECT target, asked FROM virtual_time WHERE id = 1").fetchone()
    return clock.instant(target), asked


def move(to: datetime) -> None:
    """Let it be ``to`` now."""
    with writing():
        execute("UPDATE virtual_time SET now = ? WHERE id = 1 AND now < ?", to.timestamp(), to.timestamp())


def rest(number: int, wakes_at: datetime | None) -> None:
    """All that is due now is done: answer the requests up to ``number``. Writes nothing that is written already.

    ``wakes_at`` is when the next simulated attempt goes on.
    """
    seconds = wakes_at and wakes_at.timestamp()
    row = execute("SELECT answered, wakes_at FROM virtual_time WHERE id = 1").fetchone()
    if tuple(row) == (number, seconds):
        return
    with writing():
        execute("UPDATE virtual_time SET answered = ?, wakes_at = ? WHERE id = 1", number, seconds)


def reached() -> Told:
    """How far things have come."""
    now, attempt, exchange = execute(
        """SELECT now, (SELECT coalesce(max(id), 0) FROM attempt), (SELECT coalesce(max(id), 0) FROM exchange)
        FROM virtual_time WHERE id = 1"""
    ).fetchone()
    return Told(clock.instant(now), attempt, exchange)


def tell(told: Told) -> None:
    """Remember that all until here was told."""
    execute(
        "UPDATE virtual_time SET told_until = ?, told_attempt = ?, told_exchange = ? WHERE id = 1",
        told.until.timestamp(),
        told.attempt,
        told.exchange,
    )


def wakes_at() -> datetime | None:
    """When the next simulated attempt goes on, as far as is known."""
    (seconds,) = execute("SELECT wakes_at FROM virtual_time WHERE id = 1").fetchone()
    return None if seconds is None else clock.instant(seconds)


def forget_told() -> None:
    """Start counting anew what was told, because all attempts and exchanges are gone."""
    execute("UPDATE virtual_time SET told_attempt = 0, told_exchange = 0, wakes_at = NULL WHERE id = 1")
