"""How things stand, in numbers for /metrics. Each is counted along an index: a scrape must not hurt a million calls."""

from dataclasses import dataclass
from datetime import datetime

from app.calls import claims, schedulers
from app.calls.campaigns import is_suspended
from app.calls.db import execute
from app.calls.states import CampaignStatus


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand; ``calls`` by status, ``oldest_due`` in seconds."""

    calls: dict[str, int]
    lines_in_use: int
    oldest_due: float
    results_pending: int
    schedulers: int
    suspended: bool


def read(now: datetime) -> Figures:
    """The figures at ``now``. Campaigns whose lists are still being read do not count."""
    suspended = is_suspended()
    (pending,) = execute("SELECT count(*) FROM result WHERE state = 'pending'").fetchone()
    return Figures(
        calls=_calls(),
        lines_in_use=claims.running(),
        oldest_due=0.0 if suspended else _oldest_due(now),
        results_pending=pending,
        schedulers=schedulers.beating(),
        suspended=suspended,
    )


def _calls() -> dict[str, int]:
    # The inner statement reads nothing but the index on (campaign_id, status).
    rows = execute(
        """SELECT counted.status, sum(calls) FROM
            (SELECT campaign_id, status, count(*) AS calls FROM call GROUP BY campaign_id, status) AS counted
            JOIN campaign ON campaign.id = campaign_id
        WHERE campaign.status <> ? GROUP BY counted.status""",
        CampaignStatus.LOADING,
    ).fetchall()
    return {str(status): int(calls) for status, calls in rows}


def _oldest_due(now: datetime) -> float:
    """How long the call that has waited longest beyond its time has waited, in seconds; 0 when none has."""
    (due_at,) = execute(
        """SELECT min((SELECT min(due_at) FROM call WHERE call.status = 'queued' AND campaign_id = campaign.id))
        FROM campaign WHERE campaign.status = ?""",
        CampaignStatus.STARTED,
    ).fetchone()
    return 0.0 if due_at is None else max(now.timestamp() - due_at, 0.0)
