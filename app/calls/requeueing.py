"""Queueing again what failed: a new campaign of the numbers of another one that were not reached, under its terms."""

import itertools
from collections.abc import Iterator
from datetime import datetime

from app.calls import models, queueing
from app.calls.db import execute
from app.calls.queueing import Loading, Queue
from app.calls.quotas import Quotas
from app.calls.states import CampaignStatus, Status
from app.errors import Refusal
from app.intake.lists import GoodLine
from app.intake.orders import CampaignOrder, ResultFormat, Terms

_BATCH = 5_000
_LONGEST_NAME = 255


def queue_failed(campaign_id: int, now: datetime, quotas: Quotas, *, start: bool) -> int:
    """Queue the failed calls of a list again, in its order; the id of the new campaign. Raises Refusal.

    Its window is as long as the first one was and begins now. Unless ``start`` it is stopped, for people to look at it.
    """
    found = execute(
        "SELECT queue_id, account_id, deployment_id, name, is_default FROM campaign WHERE id = ?", campaign_id
    ).fetchone()
    queue_id, account_id, deployment_id, name, is_queue = found
    if is_queue:
        raise Refusal("these are single calls, each with its own terms: queue them again one by one")
    if not next(_failed(campaign_id), None):
        raise Refusal("no call of this campaign has failed")
    order = CampaignOrder(_terms(campaign_id, now), _unused(account_id, name), "", "")
    inserted = quotas.admit_list(account_id)
    load = Loading(Queue(queue_id, account_id, deployment_id), order, now)
    try:
        for lines in _failed(campaign_id):
            load.add(lines)
            inserted(len(lines))
        load.publish(CampaignStatus.STARTED if start else CampaignStatus.STOPPED)
    except BaseException:
        load.discard()
        raise
    return load.campaign_id


def _failed(campaign_id: int) -> Iterator[list[GoodLine]]:
    last = 0
    while rows := execute(
        """SELECT id, phone_number, number, message_reference, call_parameters, metadata FROM call
        WHERE campaign_id = ? AND status = ? AND id > ? ORDER BY id LIMIT ?""",
        campaign_id,
        Status.FAILED,
        last,
        _BATCH,
    ).fetchall():
        yield [GoodLine(*row) for row in rows]
        last = rows[-1][0]


def _terms(campaign_id: int, now: datetime) -> Terms:
    first = models.Terms.select().where(models.Terms.campaign == campaign_id).order_by(models.Terms.id).get()
    if first.is_pci:
        raise Refusal("what the application needs to know about these calls was not kept: send the list again")
    return Terms(
        start_url=first.start_url,
        result_url=first.result_url,
        campaign_parameters=first.campaign_parameters,
        max_retries=first.max_retries,
        retry_interval=first.retry_interval,
        scheduled_at=now,
        expires_at=first.expires_at and now + (first.expires_at - max(first.scheduled_at, first.created_at)),
        notes=(f"queued again: what failed of campaign {campaign_id}",),
        result_format=ResultFormat(first.result_format),
        cancels=first.undialled == Status.CANCELED,
        is_pci=False,
    )


def _unused(account_id: int, name: str) -> str:
    """A name that no campaign of the account has: the old one with ``again``, numbered from the second time on."""
    for count in itertools.count(1):
        suffix = " again" if count == 1 else f" again {count}"
        unused = f"{name[: _LONGEST_NAME - len(suffix)]}{suffix}"
        if not queueing.campaign_name_is_taken(account_id, unused):
            break
    return unused
