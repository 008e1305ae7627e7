"""How many queued calls, campaigns and deployments an account may have, and how many lines a list of its may have.

Rows are not counted at each request. Ids are taken in sequence, so an account has at most the number that was counted
plus all ids taken since, by any account. Only when that exceeds the limit are rows counted again, at most once a second
and for at most a twentieth of the time. Between two counts a process adds what it has let in itself: an account can
exceed its limit by what other processes let in meanwhile, and by retries of calls that are in progress.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.calls.db import execute, writing
from app.calls.models import Account
from app.errors import QuotaReached, Refusal
from app.recent import Recent
from app.settings import Settings

MAX_REMEMBERED = 10_000
"""Counts that a process remembers; a forgotten one is counted again."""
MAX_LIMIT = 2**31 - 1
CALLS, CAMPAIGNS = "call_id", "campaign_id"

_COLUMNS = ("max_queued", "max_campaigns", "max_deployments", "max_lines")
_LAST_ID = {
    name: f"SELECT last, {column} FROM counter, account WHERE counter.name = ? AND account.id = ?"
    for name, column in ((CALLS, "max_queued"), (CAMPAIGNS, "max_campaigns"))
}
_COUNT = {
    CALLS: """SELECT (SELECT last FROM counter WHERE name = ?), count(*) FROM call
        WHERE status = 'queued' AND campaign_id IN (SELECT id FROM campaign WHERE account_id = ?)""",
    CAMPAIGNS: "SELECT (SELECT last FROM counter WHERE name = ?), count(*) FROM campaign WHERE account_id = ?",
}
_DEPLOYMENTS = """SELECT count(*), (SELECT max_deployments FROM account WHERE id = ?)
    FROM deployment JOIN application ON application.id = application_id
    WHERE application.account_id = ? AND application.status = 'active' AND deployment.status = 'active'"""


@dataclass(slots=True)
class _Counted:
    """How many rows there were when ``last_id`` was the last id taken, and how many this process let in since."""

    last_id: int
    count: int
    let_in: int = 0


class Quotas:
    """The limits of all accounts, for all threads of one process; 0 is no limit."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {CALLS: settings.account_queued, CAMPAIGNS: settings.account_campaigns}
        self._deployments = settings.account_deployments
        self._lines = settings.max_lines_per_list
        self._known: dict[tuple[str, int], _Counted] = {}
        self._recent = Recent()

    def admit_call(self, account_id: int) -> None:
        """Let one call be queued. Raises QuotaReached."""
        self._admit(CALLS, account_id, coming=1, size=1)

    def admit_list(self, account_id: int) -> Callable[[int], None]:
        """Let a list be queued; what to call with the number of calls after each insertion of some of them.

        Both raise QuotaReached; then the list is to be discarded.
        """
        self._admit(CAMPAIGNS, account_id, coming=1, size=1)
        self._admit(CALLS, account_id, coming=1, size=0)
        return lambda count: self._admit(CALLS, account_id, coming=0, size=count)

    def admit_deployment(self, account_id: int) -> None:
        """Let a deployment be made. Raises QuotaReached."""
        count, own_limit = execute(_DEPLOYMENTS, account_id, account_id).fetchone()
        limit = self._deployments if own_limit is None else own_limit
        if limit and count >= limit:
            raise QuotaReached(f"{limit} deployments", "remove one first")

    def lines(self, account_id: int) -> int:
        """How many lines a list may have."""
        (own_limit,) = execute("SELECT max_lines FROM account WHERE id = ?", account_id).fetchone()
        return int(own_limit or self._lines)

    def _admit(self, name: str, account_id: int, *, coming: int, size: int) -> None:
        """Admit ``size`` rows, of which ``coming`` have no row and no id yet."""
        last_id, own_limit = execute(_LAST_ID[name], name, account_id).fetchone()
        limit = self._limits[name] if own_limit is None else own_limit
        if not limit:
            return
        known = self._known.get((name, account_id))
        uncounted = size
        if known is None or not 0 <= last_id - known.last_id <= limit - known.count - coming:
            before, known = known, self._count(name, account_id)
            uncounted = size if known is before else min(coming, size)
            if known.count + known.let_in + max(uncounted, coming) > limit:
                raise QuotaReached(*_SENTENCES[name](limit))
        known.let_in += uncounted

    def _count(self, name: str, account_id: int) -> _Counted:
        key = (name, account_id)
        known = self._recent.get(key, lambda: _Counted(*execute(_COUNT[name], name, account_id).fetchone()))
        self._known.pop(key, None)
        self._known[key] = known
        for oldest in list(self._known)[:-MAX_REMEMBERED]:
            self._known.pop(oldest, None)
        return known


_SENTENCES: dict[str, Callable[[int], tuple[str, str]]] = {
    CALLS: lambda limit: (f"{limit} queued calls", "send it again when calls have been made"),
    CAMPAIGNS: lambda limit: (f"{limit} campaigns", "send it again when old ones have been deleted"),
}


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """Limits of one account instead of those of the settings; None: as the settings say."""

    queued: int | None
    campaigns: int | None
    deployments: int | None
    lines: int | None


AS_SETTINGS = OwnLimits(None, None, None, None)


def in_force(own: OwnLimits, settings: Settings) -> list[tuple[str, int, bool]]:
    """Name and number of each limit of an account, and whether it is that of the settings."""
    defaults = {
        "queued": settings.account_queued,
        "campaigns": settings.account_campaigns,
        "deployments": settings.account_deployments,
        "lines": settings.max_lines_per_list,
    }
    found = [(name, getattr(own, name), default) for name, default in defaults.items()]
    return [(name, default if limit is None else limit, limit is None) for name, limit, default in found]


def own_limits(account_id: int) -> OwnLimits:
    """The limits of one account."""
    return OwnLimits(*execute(f"SELECT {', '.join(_COLUMNS)} FROM account WHERE id = ?", account_id).fetchone())


def set_own_limits(account: Account, limits: OwnLimits) -> None:
    """Change all limits of one account. Raises Refusal."""
    values = (limits.queued, limits.campaigns, limits.deployments, limits.lines)
    if not all(value is None or 0 <= value <= MAX_LIMIT for value in values) or limits.lines == 0:
        raise Refusal(f"limits: must be whole numbers from 0 to {MAX_LIMIT}, 0: no limit; at least 1 line")
    with writing():
        execute(f"UPDATE account SET {' = ?, '.join(_COLUMNS)} = ? WHERE id = ?", *values, account.id)
