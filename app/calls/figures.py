"""How things stand, in numbers. Each is counted along an index: who looks on must not hurt a million calls."""

from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import claims, schedulers
from app.calls.campaigns import is_suspended
from app.calls.db import execute
from app.calls.delivery import ResultState
from app.calls.due_calls import RUNNING_STATUSES
from app.calls.states import CampaignStatus, Status


@dataclass(frozen=True, slots=True)
class Due:
    """A call that may be dialled, and for how many seconds that has been so."""

    call_id: int
    phone_number: str
    due_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand; ``calls`` by status, ``oldest`` the call that has waited longest beyond its time."""

    calls: dict[str, int]
    lines_in_use: int
    oldest: Due | None
    results_pending: int
    results_given_up: int
    schedulers: int
    troubles: tuple[str, ...]
    suspended: bool

    @property
    def oldest_due(self) -> float:
        """For how many seconds a call has been due that is not dialled, though calling is not suspended."""
        return 0.0 if self.oldest is None or self.suspended else self.oldest.seconds


def read(now: datetime, account_id: int | None = None) -> Figures:
    """The figures at ``now``, of one account or of all. Campaigns whose lists are still being read do not count."""
    return Figures(
        calls=_calls(account_id),
        lines_in_use=claims.running() if account_id is None else _running(account_id),
        oldest=_oldest(now, account_id),
        results_pending=_results(ResultState.PENDING, account_id),
        results_given_up=_results(ResultState.GIVEN_UP, account_id),
        schedulers=schedulers.beating(),
        troubles=tuple(schedulers.troubles()),
        suspended=is_suspended(),
    )


def _calls(account_id: int | None) -> dict[str, int]:
    # Each count reads nothing but its part of the index on (campaign_id, status).
    of, whose = ("", ()) if account_id is None else ("AND account_id = ?", (account_id,))
    rows = execute(
        f"""SELECT known.status, sum((SELECT count(*) FROM call
            WHERE campaign_id = campaign.id AND call.status = known.status))
        FROM campaign CROSS JOIN ({_STATUSES}) AS known WHERE campaign.status <> ? {of} GROUP BY 1""",
        CampaignStatus.LOADING,
        *whose,
    ).fetchall()
    return {str(status): int(calls) for status, calls in rows if calls}


_STATUSES = " UNION ALL ".join(f"SELECT '{status}' AS status" for status in Status)
_CAMPAIGNS = "(SELECT id FROM campaign WHERE account_id = ?)"


def _running(account_id: int) -> int:
    (count,) = execute(
        f"SELECT count(*) FROM call WHERE status IN ({RUNNING_STATUSES}) AND campaign_id IN {_CAMPAIGNS}",
        account_id,
    ).fetchone()
    return int(count)


def _results(state: ResultState, account_id: int | None) -> int:
    # The state is written out: only so does a planner see that a partial index has all such rows. And whose they are is
    # a subquery: a planner may begin a join with all calls of the account.
    if account_id is None:
        (count,) = execute(f"SELECT count(*) FROM result WHERE state = '{state}'").fetchone()
    else:
        (count,) = execute(
            f"""SELECT count(*) FROM result WHERE state = '{state}'
            AND (SELECT campaign_id FROM call WHERE call.id = call_id) IN {_CAMPAIGNS}""",
            account_id,
        ).fetchone()
    return int(count)


def _oldest(now: datetime, account_id: int | None) -> Due | None:
    """The call of started campaigns that has waited longest beyond its time."""
    of, whose = ("", ()) if account_id is None else ("AND account_id = ?", (account_id,))
    first = execute(
        f"""SELECT call.id, phone_number, due_at FROM campaign JOIN call ON call.id =
            (SELECT id FROM call WHERE status = 'queued' AND campaign_id = campaign.id ORDER BY due_at, id LIMIT 1)
        WHERE campaign.status = ? {of} ORDER BY due_at, call.id LIMIT 1""",
        CampaignStatus.STARTED,
        *whose,
    ).fetchone()
    if first is None or first[2] > now.timestamp():
        return None
    call_id, phone_number, due_at = first
    return Due(call_id, phone_number, clock.instant(due_at), now.timestamp() - due_at)
