"""Fuse applications and their deployments: making and removing them, and who may do what with them.

An application belongs to an account, which may let others queue or read. Each deployment has a queue of its own. What
is removed stays as a row: whoever asks for it is told that it was deleted, and its calls keep their story.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import peewee

from app.calls.accounts import LOGIN_LENGTH
from app.calls.db import execute, take_ids, writing
from app.calls.models import Account, Application, ApplicationAccess, Campaign, Deployment
from app.calls.queueing import Queue
from app.calls.states import CampaignStatus
from app.errors import DeletedDeployment, MayNotQueue, NoSuchDeployment, Refusal
from app.intake import fields

NAME_LENGTH = 80
MAX_ALLOWED = 1_000
"""Accounts besides its own that may work with an application."""
FIRST_DEPLOYMENT = "production"


class State(StrEnum):
    """Of an application or a deployment."""

    ACTIVE = "active"
    DELETED = "deleted"


class Right(StrEnum):
    """What an account may do with an application."""

    OWNER = "owner"  # it is the account's own
    QUEUE = "queue"  # queue and cancel calls, and see them
    READ = "read"  # see calls


RIGHT_SQL = """CASE WHEN application.account_id = ? THEN 'owner' ELSE
    (SELECT permission FROM application_access JOIN account AS guest ON guest.login = application_access.login
        WHERE application_id = application.id AND guest.id = ?) END"""
"""What an account, given twice, may do with ``application``: one of ``Right`` or null."""


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment that an account may queue calls for."""

    queue: Queue
    start_url: str


def add_application(account: Account, name: str, start_url: str, now: datetime) -> tuple[Application, Deployment]:
    """Make an application with a first deployment. Raises Refusal."""
    _refuse_bad_name(name)
    with writing():
        application = Application.create(account=account, name=name, status=State.ACTIVE, created_at=now)
        return application, add_deployment(application.id, FIRST_DEPLOYMENT, start_url, now)


def add_deployment(application_id: int, name: str, start_url: str, now: datetime) -> Deployment:
    """Make a deployment of an application, with its queue; ``start_url`` "": the built-in greeting. Raises Refusal."""
    _refuse_bad_name(name)
    start_url = start_url and fields.url("start_url", start_url)
    application = _application(application_id)
    try:
        with writing():
            deployment = Deployment.create(
                application=application, name=name, start_url=start_url, status=State.ACTIVE, created_at=now
            )
            campaign_id = take_ids("campaign_id")
            Campaign.insert(
                id=campaign_id,
                queue_id=campaign_id,
                account=application.account,
                deployment=deployment,
                name=f"deployment {deployment.id}",
                status=CampaignStatus.STARTED,
                is_default=True,
                created_at=now,
            ).execute()
    except peewee.IntegrityError as taken:
        raise Refusal("deployment: a campaign of the account has the name that its queue would get") from taken
    return deployment


def change_deployment(deployment_id: int, name: str, start_url: str) -> None:
    """Give a deployment another name, and another start_url as ``point`` does. Raises Refusal."""
    _refuse_bad_name(name)
    with writing():
        point(deployment_id, start_url)
        execute("UPDATE deployment SET name = ? WHERE id = ?", name, deployment_id)


def point(deployment_id: int, start_url: str) -> None:
    """Give a deployment another start_url, for calls that are queued from now on. Raises Refusal."""
    start_url = start_url and fields.url("start_url", start_url)
    with writing():
        changed = execute("UPDATE deployment SET start_url = ? WHERE id = ?", start_url, deployment_id)
    if not changed.rowcount:
        raise NoSuchDeployment


def rename_application(application_id: int, name: str) -> None:
    """Give an application another name. Raises Refusal."""
    _refuse_bad_name(name)
    application = _application(application_id)
    with writing():
        execute("UPDATE application SET name = ? WHERE id = ?", name, application.id)


def remove_application(application_id: int) -> None:
    """Delete an application: nothing more is queued for it. Calls that are queued are still made."""
    application = _application(application_id)
    with writing():
        execute("UPDATE application SET status = ? WHERE id = ?", State.DELETED, application.id)


def remove_deployment(deployment_id: int) -> None:
    """Delete a deployment: nothing more is queued for it. Calls that are queued are still made."""
    with writing():
        removed = execute("UPDATE deployment SET status = ? WHERE id = ?", State.DELETED, deployment_id)
    if not removed.rowcount:
        raise NoSuchDeployment


def allow(application_id: int, login: str, right: Right) -> None:
    """Let another account queue calls for an application, or read them: ``QUEUE`` or ``READ``. Raises Refusal.

    The account is not looked up, so that nobody learns which there are; one that is made later has the right, too.
    """
    if not 1 <= len(login) <= LOGIN_LENGTH or login != login.strip():
        raise Refusal(f"login: must have 1 to {LOGIN_LENGTH} characters and no blank at either end")
    with writing():
        forbid(application_id, login)
        allowed = ApplicationAccess.select().where(ApplicationAccess.application == application_id).count()
        if allowed >= MAX_ALLOWED:
            raise Refusal(f"login: an application has at most {MAX_ALLOWED:,} others who may work with it")
        ApplicationAccess.create(application=application_id, login=login, permission=right)


def forbid(application_id: int, login: str) -> None:
    """Take back what ``allow`` gave."""
    application = _application(application_id)
    with writing():
        execute("DELETE FROM application_access WHERE application_id = ? AND login = ?", application.id, login)


def applications() -> list[Application]:
    """All applications that were not deleted, the oldest first."""
    return list(Application.select().where(Application.status == State.ACTIVE).order_by(Application.id))


def deployments() -> list[Deployment]:
    """All deployments that were not deleted, by application."""
    active = Deployment.select().join(Application).where(Application.status == State.ACTIVE)
    return list(active.where(Deployment.status == State.ACTIVE).order_by(Application.id, Deployment.id))


def target(application_id: int, deployment_id: int, account_id: int) -> Target:
    """The deployment that an account wants to queue calls for.

    Raises NoSuchDeployment when the account may not even know of it, MayNotQueue, DeletedDeployment.
    """
    row = execute(
        f"""SELECT application.status, deployment.status, deployment.start_url, campaign.id, campaign.account_id,
            {RIGHT_SQL}
        FROM deployment JOIN application ON application.id = deployment.application_id
            JOIN campaign ON campaign.deployment_id = deployment.id AND campaign.is_default
        WHERE deployment.id = ? AND application.id = ?""",
        account_id,
        account_id,
        deployment_id,
        application_id,
    ).fetchone()
    if row is None or row[5] is None:
        raise NoSuchDeployment
    application_state, deployment_state, start_url, campaign_id, owner_id, right = row
    if State.DELETED in (application_state, deployment_state):
        raise DeletedDeployment("application" if application_state == State.DELETED else "deployment")
    if right == Right.READ:
        raise MayNotQueue
    return Target(Queue(campaign_id, owner_id, deployment_id), start_url)


def may_see(call_id: int, account_id: int) -> bool:
    """Whether a call was queued for a deployment of which the account may see the calls."""
    row = execute(
        f"""SELECT {RIGHT_SQL} FROM call JOIN campaign ON campaign.id = call.campaign_id
            JOIN deployment ON deployment.id = campaign.deployment_id
            JOIN application ON application.id = deployment.application_id
        WHERE call.id = ? AND campaign.status <> ?""",
        account_id,
        account_id,
        call_id,
        CampaignStatus.LOADING,
    ).fetchone()
    return row is not None and row[0] is not None


def _application(application_id: int) -> Application:
    found = Application.get_or_none(Application.id == application_id)
    if found is None:
        raise Refusal(f"application: there is no application {application_id}")
    return found


def _refuse_bad_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH or name != name.strip():
        raise Refusal(f"name: must have 1 to {NAME_LENGTH} characters and no blank at either end")
