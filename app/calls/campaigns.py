"""The switches: campaigns are started and stopped, all calling is suspended and resumed.

Every switch is a row that the claiming statement looks at. Stopping and suspending end with ``wait_until_quiet``:
from then on no dial starts, not even one that was claimed before.
"""

from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import db
from app.calls.db import execute, writing
from app.calls.schedulers import LEASE_SECONDS
from app.calls.states import CampaignStatus
from app.errors import Refusal

POLL_SECONDS = 0.01


def start(campaign_id: int) -> None:
    """Let a campaign's calls be dialled. Raises Refusal when there is no such campaign."""
    with writing():
        _set(campaign_id, CampaignStatus.STARTED)
        _turn_switch()


def stop(campaign_id: int) -> None:
    """Dial no call of a campaign any more; its conversations go on. Raises Refusal when there is no such campaign."""
    with writing():
        db.exclusive("claims")
        _set(campaign_id, CampaignStatus.STOPPED)
        version = _turn_switch()
    wait_until_quiet(version)


def suspend(now: datetime, by: str) -> None:
    """Dial nobody any more until ``resume``; conversations go on."""
    with writing():
        db.exclusive("claims")
        execute("UPDATE switch SET suspended = ?, changed_at = ?, changed_by = ?", True, now.timestamp(), by)
        version = _turn_switch()
    wait_until_quiet(version)


def resume(now: datetime, by: str) -> None:
    """Dial again."""
    with writing():
        execute("UPDATE switch SET suspended = ?, changed_at = ?, changed_by = ?", False, now.timestamp(), by)
        _turn_switch()


def wait_until_quiet(version: int) -> None:
    """Wait until no scheduler can dial what it claimed before this version of the switch.

    A scheduler that is alive says so within a moment. One that does not has lost the right to dial, by its own clock,
    when a lease is over.
    """
    deadline = clock.elapsed() + LEASE_SECONDS
    while clock.elapsed() < deadline:
        waiting = execute(
            """SELECT 1 FROM call LEFT JOIN scheduler ON scheduler.worker = call.worker
            WHERE status = 'dialing' AND (obeyed IS NULL OR obeyed < ?) LIMIT 1""",
            version,
        ).fetchone()
        if waiting is None:
            return
        clock.pause(POLL_SECONDS)


def switch_version() -> int:
    """The number of the last stop, start, suspend or resume."""
    (version,) = execute("SELECT version FROM switch WHERE id = 1").fetchone()
    return int(version)


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether all calling is suspended; since when and by whom it is so."""

    suspended: bool
    changed_at: datetime
    changed_by: str


def switch() -> Switch:
    """The switch as it stands."""
    suspended, changed_at, changed_by = execute(
        "SELECT suspended, changed_at, changed_by FROM switch WHERE id = 1"
    ).fetchone()
    return Switch(bool(suspended), clock.instant(changed_at), changed_by)


def is_suspended() -> bool:
    """Whether all calling is suspended."""
    return switch().suspended


def _set(campaign_id: int, status: CampaignStatus) -> None:
    changed = execute(
        "UPDATE campaign SET status = ? WHERE id = ? AND status <> ?", status, campaign_id, CampaignStatus.LOADING
    )
    if not changed.rowcount:
        raise Refusal(f"campaign: there is no campaign {campaign_id}")


def _turn_switch() -> int:
    (version,) = execute("UPDATE switch SET version = version + 1 WHERE id = 1 RETURNING version").fetchone()
    db.ring()
    return int(version)
