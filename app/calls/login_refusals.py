"""Tells of each refused login with PIN: a log line, and a count for /metrics."""

import logging
import threading
from collections.abc import Callable

from app.calls import db
from app.calls.tallies import LOGIN_REFUSALS, Tallies
from app.errors import LockedOut, LoginClosed, Refusal, TooManyChecks

log = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
"""At most so often a process writes its counts: a commit for each refusal would let attackers keep the disk busy."""
REASONS = ("wrong_pin", "address_locked", "login_closed", "busy")


class LoginRefusals:
    """Those of one process; any thread may tell of one. What was not yet written is written with the next one."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._tallies = Tallies()
        self._lock = threading.Lock()
        self._write_from = float("-inf")

    def note(self, refusal: Refusal, account_id: int | None, address: str) -> None:
        """Tell of a refusal. The login is not named: people type PINs there."""
        reason = _reason(refusal)
        whose = "a login that no account has" if account_id is None else f"account {account_id}"
        log.warning("refused: %s, for %s, from %s", reason, whose, address)
        self._tallies.count(LOGIN_REFUSALS, reason)
        with self._lock:
            now = self._elapsed()
            if now < self._write_from:
                return
            self._write_from = now + WRITE_SECONDS
        try:
            self._tallies.write()
        except db.Unusable as fault:
            log.warning("refused logins could not be counted yet: %s", fault)


def _reason(refusal: Refusal) -> str:
    if isinstance(refusal, TooManyChecks):
        return "busy"
    if isinstance(refusal, LoginClosed):
        return "login_closed"
    return "address_locked" if isinstance(refusal, LockedOut) else "wrong_pin"
