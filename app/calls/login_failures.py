"""Counts wrong PINs per login over all addresses, by the hour for a day, and says what follows for new addresses.

An address is new unless it had a good check of the login within the last 30 days. Logins are kept as digests. Times are
machine time in UNIX seconds.

| wrong PINs from new addresses in 24 h | a weak PIN | a strong PIN |
|---|---|---|
| from DELAY_FROM on | closed to new addresses | each check is delayed, by MAX_DELAY at most |
| from CLOSE_STRONG_FROM on | closed to new addresses | closed to new addresses |
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from app.calls.db import execute
from app.errors import LoginClosed

log = logging.getLogger(__name__)

HOUR = 3600
HOURS = 24
DELAY_FROM = CLOSE_WEAK_FROM = 20
CLOSE_STRONG_FROM = 1_000
DELAY_STEP, MAX_DELAY = 0.1, 2.0
"""Seconds that each wrong PIN beyond adds, and the most they come to."""
MAX_UNKNOWN_LOGINS = 20_000
"""Rows of logins that have no account, whatever attackers do; beyond, the oldest go early."""

Hour = tuple[int, int]
"""An hour since 1970, and how many wrong PINs came in it."""


@dataclass(frozen=True, slots=True)
class ClosedLogin:
    """An account that new addresses can't use at the moment, and how many wrong PINs came within a day."""

    account_id: int
    login: str
    failures: int


def of_login(login: str, now: float) -> list[Hour]:
    """The hours of the last day with wrong PINs for a login, given as its digest; the oldest first."""
    rows = execute(
        "SELECT hour, failures FROM login_failure WHERE login = ? AND hour > ? AND hour <= ? ORDER BY hour",
        login,
        *_day(now),
    ).fetchall()
    return [(int(hour), int(failures)) for hour, failures in rows]


def refuse_closed(hours: Sequence[Hour], now: float, *, weak: bool) -> None:
    """Raise LoginClosed if a login with these wrong PINs is closed to new addresses."""
    limit = CLOSE_WEAK_FROM if weak else CLOSE_STRONG_FROM
    left = _total(hours)
    if left < limit:
        return
    for hour, failures in hours:
        left -= failures
        if left < limit:
            raise LoginClosed((hour + HOURS) * HOUR - now)


def delay(hours: Sequence[Hour]) -> float:
    """Seconds that a new address must wait for the check of a login with these wrong PINs."""
    return min(max(_total(hours) - DELAY_FROM, 0) * DELAY_STEP, MAX_DELAY)


def count(login: str, account_id: int | None, now: float) -> None:
    """Count a wrong PIN for a login from a new address, in a write transaction that has this table to itself."""
    since, hour = _day(now)
    # Also what is ahead: this machine's clock was set back.
    execute("DELETE FROM login_failure WHERE hour <= ? OR hour > ?", since, hour)
    (row_id,) = execute(
        """INSERT INTO login_failure (login, hour, account_id, failures) VALUES (?, ?, ?, 1)
        ON CONFLICT (login, hour) DO UPDATE SET failures = login_failure.failures + 1, account_id = excluded.account_id
        RETURNING id""",
        login,
        hour,
        account_id,
    ).fetchone()
    execute("DELETE FROM login_failure WHERE account_id IS NULL AND id <= ?", row_id - MAX_UNKNOWN_LOGINS)
    if account_id is not None and _total(of_login(login, now)) == CLOSE_STRONG_FROM:
        log.warning(
            "account %d: %d wrong PINs from new addresses within a day; it is closed to new addresses",
            account_id,
            CLOSE_STRONG_FROM,
        )


def forget(login: str) -> None:
    """Forget the wrong PINs for a login, given as its digest."""
    execute("DELETE FROM login_failure WHERE login = ?", login)


def closed(now: float, account_id: int | None = None) -> list[ClosedLogin]:
    """The accounts that are closed to new addresses at the moment: of all, or the one given if it is."""
    of, whose = ("", ()) if account_id is None else ("AND account.id = ?", (account_id,))
    rows = execute(
        f"""SELECT account.id, account.login, sum(failures)
        FROM login_failure JOIN account ON account.id = login_failure.account_id
        WHERE hour > ? AND hour <= ? AND account.status = 'active' {of}
        GROUP BY account.id, account.login, account.weak_pin
        HAVING sum(failures) >= CASE WHEN account.weak_pin = ? THEN {CLOSE_STRONG_FROM} ELSE {CLOSE_WEAK_FROM} END
        ORDER BY account.login""",
        *_day(now),
        *whose,
        False,
    ).fetchall()
    return [ClosedLogin(int(row[0]), str(row[1]), int(row[2])) for row in rows]


def _day(now: float) -> tuple[int, int]:
    """The hour before the first one that counts, and the last one."""
    hour = int(now // HOUR)
    return hour - HOURS, hour


def _total(hours: Sequence[Hour]) -> int:
    return sum(failures for _, failures in hours)
