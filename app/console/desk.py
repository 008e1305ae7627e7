"""What the console's pages work with, and who looks at them."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app, request

from app.calls.credentials import Credentials
from app.calls.quotas import Quotas
from app.calls.readiness import Readiness
from app.classic.form import Rules
from app.clock import Clock
from app.outside.fetch import Outside
from app.outside.shares import Shares
from app.recent import Recent
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The factory puts it at ``app.extensions["console"]``."""

    credentials: Credentials
    outside: Outside
    shares: Shares
    clock: Clock
    rules: Rules
    zone: ZoneInfo
    lines: int
    quotas: Quotas
    max_upload: int
    simulated: bool
    admits_demo: bool
    clock_is_virtual: bool
    settings: Settings
    readiness: Readiness
    recent: Recent = field(default_factory=Recent)
    """What pages ask for again and again is worked out once a second for all who look on."""

    def now(self) -> datetime:
        """Business time."""
        return self.clock.now()


def desk() -> Desk:
    """The desk of the application that answers this request."""
    found: Desk = current_app.extensions["console"]
    return found


def typed(name: str) -> str:
    """What somebody typed into a field, without blanks at its ends: no database but SQLite keeps a NUL."""
    return request.form.get(name, "").replace("\0", "\ufffd").strip()


def row_id(text: str) -> int:
    """The number of something, as an address says it. Raises ValueError for what no row can have."""
    if not 0 < int(text) < 2**31:
        raise ValueError(text)
    return int(text)
