"""Remembers and reports peers whose X-Forwarded-For is ignored, as RINGBACK_TRUSTED_PROXIES does not name them.

If such a peer is a proxy of ours, all its clients share one address, and one client's wrong PINs lock out the others.
"""

import logging
import threading
from collections.abc import Callable

from app import clock
from app.calls import db
from app.calls.db import execute, writing

log = logging.getLogger(__name__)

REPEAT_SECONDS = 3600.0
"""How often one process reports the same peer."""
MAX_REPORTED = 20
"""Peers that one process reports within REPEAT_SECONDS: anybody on the internet can send the header."""
SHOWN_SECONDS = 24 * 3600.0
WARNING = (
    "X-Forwarded-For is ignored from a peer that RINGBACK_TRUSTED_PROXIES does not name: if that is your proxy, all "
    "its clients share one address; the log and the console's overview name the peer"
)
"""For everybody to read: it names no address."""


class UntrustedProxies:
    """What one process has reported; any thread may call it."""

    def __init__(self, machine: Callable[[], float] = clock.machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._reported: dict[str, float] = {}

    def report(self, address: str) -> None:
        """Log and store that this peer sent an ignored X-Forwarded-For, unless that was done lately."""
        now = self._machine()
        with self._lock:
            self._reported = {peer: at for peer, at in self._reported.items() if abs(now - at) < REPEAT_SECONDS}
            if address in self._reported or len(self._reported) >= MAX_REPORTED:
                return
            self._reported[address] = now
        log.warning(
            "X-Forwarded-For from %s is ignored: if this is your proxy, name it in RINGBACK_TRUSTED_PROXIES; "
            "until then all its clients share one address",
            address,
        )
        try:
            _store(address, now)
        except db.Unusable as fault:
            log.warning("the peer %s could not be stored: %s", address, fault)


def recent() -> list[str]:
    """The peers that were reported within SHOWN_SECONDS, by any process; the latest first."""
    now = clock.machine()
    rows = execute(
        "SELECT address FROM untrusted_proxy WHERE seen_at > ? ORDER BY seen_at DESC, address", now - SHOWN_SECONDS
    ).fetchall()
    return [str(address) for (address,) in rows]


def _store(address: str, now: float) -> None:
    with writing():
        execute(
            """INSERT INTO untrusted_proxy (address, seen_at) VALUES (?, ?)
            ON CONFLICT (address) DO UPDATE SET seen_at = excluded.seen_at""",
            address,
            now,
        )
        execute("DELETE FROM untrusted_proxy WHERE seen_at <= ?", now - SHOWN_SECONDS)
