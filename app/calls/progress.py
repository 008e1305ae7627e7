"""How far campaigns have got: their calls by status, what came of them, and when they will be through.

Counting costs what the campaigns have calls, along an index: whoever shows it often keeps it for a while.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import clock
from app.calls.db import execute, marks
from app.calls.states import FINAL, CampaignStatus, Status

_LOOK_BACK = 2_000
_LONGEST_LOOK_BACK = 3_600.0
"""The pace of a campaign is that of the last 2,000 calls that ended, of all campaigns, within the last hour."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Calls by status, and how many end in a second at present."""

    counts: Mapping[str, int]
    pace: float

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(status, 0) for status in FINAL)

    @property
    def pending(self) -> int:
        return self.total - self.ended

    def until(self, now: datetime) -> datetime | None:
        """When the last pending call ends if things go on as at present; None when nothing moves or none is left."""
        return now + timedelta(seconds=self.pending / self.pace) if self.pending and self.pace else None


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign. ``scheduled_at`` and ``expires_at`` are its window; None for a queue, whose calls have their own."""

    id: int
    account_id: int
    login: str
    name: str
    status: CampaignStatus
    is_queue: bool
    deployment_id: int | None
    created_at: datetime
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many calls of a campaign have a callee type, are final or not, after so many attempts."""

    callee_type: str
    is_final: bool
    attempts: int
    count: int


def campaigns(account_id: int | None, below: int = 2**31, limit: int = 50) -> list[Summary]:
    """The newest campaigns with an id less than ``below``, of an account or of all."""
    return _summaries(
        "account_id = coalesce(?, account_id) AND campaign.id < ?", [account_id, below], limit, "campaign.id DESC"
    )


def campaign(campaign_id: int, account_id: int | None) -> Summary | None:
    """One campaign, if the account has it; None for the account: whoever has it."""
    found = _summaries("account_id = coalesce(?, account_id) AND campaign.id = ?", [account_id, campaign_id], 1, "1")
    return found[0] if found else None


def _summaries(rule: str, values: Sequence[object], limit: int, order: str) -> list[Summary]:
    rows = execute(
        f"""SELECT campaign.id, account_id, login, name, campaign.status, is_default, deployment_id,
            campaign.created_at FROM campaign JOIN account ON account.id = account_id
        WHERE campaign.status <> ? AND {rule} ORDER BY {order} LIMIT ?""",
        CampaignStatus.LOADING,
        *values,
        limit,
    ).fetchall()
    found = [
        Summary(campaign_id, account, login, name, CampaignStatus(status), bool(is_queue), deployment, _at(created_at))
        for campaign_id, account, login, name, status, is_queue, deployment, created_at in rows
    ]
    lists = [one.id for one in found if not one.is_queue]
    windows = execute(
        f"""SELECT campaign_id, min(scheduled_at), max(expires_at) FROM terms
        WHERE campaign_id IN ({marks(len(lists))}) GROUP BY 1""",
        *lists,
    ).fetchall()
    window = {campaign_id: (_at(scheduled_at), expires_at) for campaign_id, scheduled_at, expires_at in windows}
    return [_with_window(one, *window[one.id]) if one.id in window else one for one in found]


def _with_window(found: Summary, scheduled_at: datetime, expires_at: float | None) -> Summary:
    return replace(found, scheduled_at=scheduled_at, expires_at=None if expires_at is None else _at(expires_at))


def progress(campaign_ids: Sequence[int], now: datetime) -> dict[int, Progress]:
    """The progress of some campaigns, by id."""
    counts: dict[int, dict[str, int]] = {campaign_id: {} for campaign_id in campaign_ids}
    rows = execute(
        f"SELECT campaign_id, status, count(*) FROM call WHERE campaign_id IN ({marks(len(counts))}) GROUP BY 1, 2",
        *counts,
    ).fetchall()
    for campaign_id, status, count in rows:
        counts[campaign_id][status] = count
    paces = _paces(now)
    return {campaign_id: Progress(found, paces.get(campaign_id, 0.0)) for campaign_id, found in counts.items()}


def _paces(now: datetime) -> dict[int, float]:
    """Calls a second of each campaign that has had some lately."""
    rows: list[tuple[int, float]] = execute(
        """SELECT campaign_id, finished_at FROM call WHERE finished_at IS NOT NULL AND finished_at > ?
            AND status <> ? ORDER BY finished_at DESC LIMIT ?""",
        now.timestamp() - _LONGEST_LOOK_BACK,
        Status.CANCELED,
        _LOOK_BACK,
    ).fetchall()
    if not rows:
        return {}
    seconds = max(now.timestamp() - min(finished_at for _, finished_at in rows), 1.0)
    ended: dict[int, int] = {}
    for campaign_id, _ in rows:
        ended[campaign_id] = ended.get(campaign_id, 0) + 1
    return {campaign_id: count / seconds for campaign_id, count in ended.items()}


def outcomes(campaign_id: int) -> list[Outcome]:
    """What came of a campaign's calls so far: the callee types of their last attempts."""
    first, last = execute("SELECT min(id), max(id) FROM call WHERE campaign_id = ?", campaign_id).fetchone()
    # The calls of a list have call_ids side by side: reading those in their order is quicker than along an index.
    rows = execute(
        f"""SELECT callee_type, status IN ({marks(len(FINAL))}), attempts, count(*) FROM call
        WHERE id BETWEEN ? AND ? AND +campaign_id = ? AND callee_type <> '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
        *FINAL,
        first,
        last,
        campaign_id,
    ).fetchall()
    return [Outcome(callee_type, bool(is_final), attempts, count) for callee_type, is_final, attempts, count in rows]


def _at(seconds: float) -> datetime:
    return clock.instant(seconds)
