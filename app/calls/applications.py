"""Fuse applications and deployments as pages show them: what an account may know of, and how its calls stand.

``deployments`` makes and changes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.calls.db import execute, marks
from app.calls.deployments import RIGHT_SQL, Right
from app.calls.queueing import Queue
from app.calls.states import CampaignStatus
from app.errors import NoSuchDeployment

_DEPLOYMENTS = """SELECT deployment.id, deployment.application_id, deployment.name, deployment.start_url, campaign.id,
        campaign.account_id
    FROM deployment JOIN campaign ON campaign.deployment_id = deployment.id AND campaign.is_default
    WHERE deployment.status = 'active'"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment; ``start_url`` "" is the built-in greeting."""

    id: int
    application_id: int
    name: str
    start_url: str
    queue: Queue


@dataclass(frozen=True, slots=True)
class Shown:
    """An application, whose it is, what the viewer may do with it, and its deployments."""

    id: int
    name: str
    login: str
    right: Right
    deployments: tuple[Deployed, ...] = ()

    @property
    def may_change(self) -> bool:
        return self.right == Right.OWNER

    @property
    def may_queue(self) -> bool:
        return self.right in (Right.OWNER, Right.QUEUE)


def every(account_id: int | None) -> list[Shown]:
    """The applications that an account may know of, the oldest first; None: all, as if they were its own."""
    right, values = ("'owner'", ()) if account_id is None else (RIGHT_SQL, (account_id, account_id))
    rows = execute(
        f"""SELECT * FROM (SELECT application.id, name, login, {right} AS granted
            FROM application JOIN account ON account.id = application.account_id
            WHERE application.status = 'active') AS known
        WHERE granted IS NOT NULL ORDER BY id""",
        *values,
    ).fetchall()
    found = [Shown(application_id, name, login, Right(granted)) for application_id, name, login, granted in rows]
    deployments: dict[int, list[Deployed]] = {shown.id: [] for shown in found}
    of_these = f"{_DEPLOYMENTS} AND application_id IN ({marks(len(found))}) ORDER BY deployment.id"
    for row in execute(of_these, *deployments).fetchall():
        deployments[row[1]].append(_deployed(row))
    return [replace(shown, deployments=tuple(deployments[shown.id])) for shown in found]


def application(application_id: int, account_id: int | None) -> Shown:
    """One of them. Raises NoSuchDeployment."""
    for shown in every(account_id):
        if shown.id == application_id:
            return shown
    raise NoSuchDeployment


def deployment(deployment_id: int, account_id: int | None) -> tuple[Shown, Deployed]:
    """A deployment of one of them. Raises NoSuchDeployment."""
    for shown in every(account_id):
        for deployed in shown.deployments:
            if deployed.id == deployment_id:
                return shown, deployed
    raise NoSuchDeployment


def _deployed(row: Sequence[object]) -> Deployed:
    deployment_id, application_id, name, start_url, queue_id, owner_id = row
    queue = Queue(int(str(queue_id)), int(str(owner_id)), int(str(deployment_id)))
    return Deployed(int(str(deployment_id)), int(str(application_id)), str(name), str(start_url), queue)


def counts(deployment_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The calls of some deployments: pending, completed and failed (or canceled), by deployment."""
    found = {deployment_id: {"pending": 0, "completed": 0, "failed": 0} for deployment_id in deployment_ids}
    rows = execute(
        f"""SELECT deployment_id,
            CASE call.status WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed'
                WHEN 'canceled' THEN 'failed' ELSE 'pending' END, count(*)
        FROM call JOIN campaign ON campaign.id = campaign_id
        WHERE deployment_id IN ({marks(len(found))}) AND campaign.status <> ? GROUP BY 1, 2""",
        *found,
        CampaignStatus.LOADING,
    ).fetchall()
    for deployment_id, standing, count in rows:
        found[deployment_id][standing] = count
    return found


def permissions(application_id: int) -> list[tuple[str, Right]]:
    """Which logins may do what with an application that is another's, by login."""
    rows = execute(
        "SELECT login, permission FROM application_access WHERE application_id = ? ORDER BY login",
        application_id,
    ).fetchall()
    return [(str(login), Right(permission)) for login, permission in rows]
