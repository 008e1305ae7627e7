"""Orders become rows. A call_id that leaves this module is committed; an order that fails leaves nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import peewee

from app.calls import db, due_calls
from app.calls.db import execute, take_ids, writing
from app.calls.states import CampaignStatus, Status
from app.clock import Clock
from app.errors import BadField, Refusal, UrlNotUsable
from app.intake.lists import Batch, CallList, GoodLine
from app.intake.orders import CallOrder, CampaignOrder, Terms
from app.outside import preflight
from app.outside.fetch import Outside
from app.voicexml import document
from app.voicexml.resources import charset_of

Order = TypeVar("Order", CallOrder, CampaignOrder)

_INSERT_TERMS = """INSERT INTO terms (campaign_id, start_url, result_url, campaign_parameters, max_retries,
    retry_interval, scheduled_at, expires_at, created_at, notes, result_format, undialled, is_pci)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
_NEW_CALL = {"status": str(Status.QUEUED), "attempts": 0, "callee_type": "", "duration": 0, "fence": 0}
_CALL_COLUMNS = (
    *("id", "terms_id", "campaign_id", "phone_number", "number", "message_reference", "call_parameters", "metadata"),
    *("due_at", "expires_at", "queued_at"),
    *_NEW_CALL,
)
_INSERT_CALL = f"INSERT INTO call ({', '.join(_CALL_COLUMNS)}) VALUES ({db.marks(len(_CALL_COLUMNS))})"


@dataclass(frozen=True, slots=True)
class Queue:
    """Whose calls take turns with those of other queues: an account's of the classic API, or a deployment's.

    ``id`` is the campaign that single calls go into. For ``repeat_seconds`` an equal call is the first one again.
    """

    id: int
    account_id: int
    deployment_id: int | None = None
    repeat_seconds: int = 0


def queue_of(account_id: int) -> Queue:
    """The queue of an account's own calls."""
    campaign_id, repeat_seconds = execute(
        """SELECT campaign.id, repeat_seconds FROM campaign JOIN account ON account.id = account_id
        WHERE account_id = ? AND is_default AND deployment_id IS NULL""",
        account_id,
    ).fetchone()
    return Queue(campaign_id, account_id, repeat_seconds=repeat_seconds)


Place = AbstractContextManager[None]
_NO_PLACE: Place = nullcontext()


def probed(order: Order, outside: Outside, place: Place = _NO_PLACE) -> Order:
    """The order after a GET of its URLs, with a note when start_url is no VoiceXML yet.

    ``place`` is taken for as long as that lasts. Raises UrlNotUsable, and what ``place`` raises.
    """
    terms: Terms = order.terms
    urls = {"start_url": terms.start_url} | ({"result_url": terms.result_url} if terms.result_url else {})
    with place:
        answers = preflight.refuse_unless_answering(outside, urls)
    try:
        page = answers["start_url"]
        document.load(page.body, charset=charset_of(page.headers.get("Content-Type", "")))
    except document.BadDocument as wrong:
        terms = replace(terms, notes=(*terms.notes, f"start_url answered its probe, but {wrong}"))
    return replace(order, terms=terms)


Keep = Callable[[int], None]


def _keep_nothing(_: int) -> None: ...


def queue_call(queue: Queue, order: CallOrder, now: datetime, keep: Keep = _keep_nothing) -> int:
    """Queue one call; its call_id, committed. ``keep`` is called with it in the same transaction."""
    with writing():
        terms_id = _add_terms(queue.id, order.terms, now)
        call_id = take_ids("call_id")
        execute(
            _INSERT_CALL,
            *(call_id, terms_id, queue.id, order.phone_number, order.number.number),
            *(order.message_reference, order.call_parameters, order.metadata),
            *_times(order.terms, now),
            *_NEW_CALL.values(),
        )
        due_calls.was_queued(queue.id, _times(order.terms, now)[0])
        keep(call_id)
        db.ring()
    return call_id


def campaign_name_is_taken(account_id: int, name: str) -> bool:
    """Whether the account has a campaign of this name."""
    row = execute("SELECT 1 FROM campaign WHERE account_id = ? AND name = ?", account_id, name).fetchone()
    return row is not None


class Loading:
    """A campaign whose list is being read: nobody sees it until ``publish``.

    Each ``add`` is a short transaction of its own, so that no other writer waits for a long list.
    """

    def __init__(self, queue: Queue, order: CampaignOrder, now: datetime) -> None:
        self._order = order
        self._times = _times(order.terms, now)
        self._taken: list[tuple[int, int]] = []
        with ExitStack() as unless_committed:
            try:
                with writing():
                    self.campaign_id = _add_campaign(queue, order.name, now)
                    self._held = db.hold(_lock_name(self.campaign_id))
                    unless_committed.callback(self._held.release)
                    self._terms_id = _add_terms(self.campaign_id, order.terms, now)
            except peewee.IntegrityError as taken:
                raise BadField("campaign_name", f"{order.name} is the name of another campaign of yours") from taken
            unless_committed.pop_all()

    def add(self, lines: Sequence[GoodLine]) -> int:
        """Insert the calls of some lines, committed but unseen; the call_id of the first, the others follow it."""
        order, terms_id, campaign_id = self._order, self._terms_id, self.campaign_id
        reference, parameters = order.message_reference, order.call_parameters
        alike = (*self._times, *_NEW_CALL.values())
        with writing():
            first = take_ids("call_id", len(lines))
            db.load(
                "call",
                _CALL_COLUMNS,
                [
                    (call_id, terms_id, campaign_id, sent, number, own or reference, text or parameters, data, *alike)
                    for call_id, (_, sent, number, own, text, data) in enumerate(lines, first)
                ],
            )
        self._taken.append((first, len(lines)))
        return first

    def publish(self, status: CampaignStatus = CampaignStatus.STARTED, keep: Keep = _keep_nothing) -> None:
        """Let the dispatcher and everybody else see the campaign: one small commit, in which ``keep`` gets its id."""
        with writing():
            published = execute(
                "UPDATE campaign SET status = ?, next_due = ? WHERE id = ? AND status = ?",
                status,
                self._times[0],
                self.campaign_id,
                CampaignStatus.LOADING,
            )
            # Once the name is lost, others may already be removing rows.
            if published.rowcount != 1 or self._held.is_lost():
                raise Refusal("the list was lost while it was loaded; nothing was queued, send it again")
            keep(self.campaign_id)
            db.ring()
        self._held.release()

    def discard(self) -> None:
        """Remove what was loaded, and give back its call_ids as far as nobody has taken later ones."""
        try:
            _remove(self.campaign_id)
            with writing():
                while self._taken and db.return_ids("call_id", *self._taken.pop()):
                    pass
        finally:
            self._held.release()


def queue_list(
    queue: Queue,
    order: CampaignOrder,
    numbers: CallList,
    outside: Outside,
    clock: Clock,
    each: Callable[[Batch, int], None],
    place: Place = _NO_PLACE,
    keep: Keep = _keep_nothing,
) -> int:
    """Probe, then queue a list as it is read, all of it or nothing; the id of its campaign.

    ``place`` is taken while it probes. Raises Refusal.
    """
    try:
        order = probed(order, outside, place)
    except UrlNotUsable:
        for _ in numbers.batches():
            pass  # a list that can't be used is reported before a URL that can't
        raise
    return load_list(queue, order, numbers, clock, each, keep)


def load_list(
    queue: Queue,
    order: CampaignOrder,
    numbers: CallList,
    clock: Clock,
    each: Callable[[Batch, int], None],
    keep: Keep = _keep_nothing,
) -> int:
    """Queue a list as it is read, all of it or nothing; the id of its campaign. Raises Refusal.

    ``each`` is told every batch with the call_id of its first good line; the others follow it. ``keep`` is as in
    ``Loading.publish``.
    """
    numbers.refuse_unusable()
    load = Loading(queue, order, clock.now())
    try:
        for batch in numbers.batches():
            each(batch, load.add(batch.good) if batch.good else 0)
        load.publish(keep=keep)
    except BaseException:
        load.discard()
        raise
    return load.campaign_id


def remove_abandoned() -> int:
    """Remove the campaigns whose loader died half-way; how many. Called at start and then now and then."""
    rows = execute("SELECT id FROM campaign WHERE status = ?", CampaignStatus.LOADING).fetchall()
    abandoned = [campaign_id for (campaign_id,) in rows if not db.is_held(_lock_name(campaign_id))]
    for campaign_id in abandoned:
        _remove(campaign_id)
        db.forget(_lock_name(campaign_id))
    return len(abandoned)


def _lock_name(campaign_id: int) -> str:
    return f"loading-{campaign_id}"


def _remove(campaign_id: int, batch: int = 5_000) -> None:
    """Delete a campaign that never was visible, in short transactions.

    By ranges of call_ids: looking for the next few rows would, on PostgreSQL, pass all those that are deleted already.
    """
    unseen = "EXISTS (SELECT 1 FROM campaign WHERE id = ? AND status = 'loading')"
    first, last = execute("SELECT min(id), max(id) FROM call WHERE campaign_id = ?", campaign_id).fetchone()
    for start in range(first, last + 1, batch) if first is not None else ():
        with writing():
            execute(
                f"DELETE FROM call WHERE id >= ? AND id < ? AND campaign_id = ? AND {unseen}",
                start,
                start + batch,
                campaign_id,
                campaign_id,
            )
    with writing():
        if execute("SELECT 1 FROM terms WHERE campaign_id = ? AND is_pci", campaign_id).fetchone():
            db.must_erase()
        execute(f"DELETE FROM terms WHERE campaign_id = ? AND {unseen}", campaign_id, campaign_id)
        execute("DELETE FROM campaign WHERE id = ? AND status = ?", campaign_id, CampaignStatus.LOADING)


def _add_campaign(queue: Queue, name: str, now: datetime) -> int:
    campaign_id = take_ids("campaign_id")
    execute(
        """INSERT INTO campaign (id, account_id, deployment_id, queue_id, name, status, is_default, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        campaign_id,
        queue.account_id,
        queue.deployment_id,
        queue.id,
        name or f"list {campaign_id} of {now:%Y-%m-%d %H:%M}",
        CampaignStatus.LOADING,
        False,
        now.timestamp(),
    )
    return campaign_id


def _add_terms(campaign_id: int, terms: Terms, now: datetime) -> int:
    (terms_id,) = execute(
        _INSERT_TERMS,
        campaign_id,
        terms.start_url,
        terms.result_url,
        terms.campaign_parameters,
        terms.max_retries,
        terms.retry_interval,
        terms.scheduled_at.timestamp(),
        terms.expires_at and terms.expires_at.timestamp(),
        now.timestamp(),
        "\n".join(terms.notes),
        terms.result_format,
        Status.CANCELED if terms.cancels else Status.FAILED,
        terms.is_pci,
    ).fetchone()
    return int(terms_id)


def _times(terms: Terms, now: datetime) -> tuple[float, float | None, float]:
    """due_at, expires_at and queued_at of a new call, as UNIX seconds. A schedule in the past means at once."""
    expires_at = terms.expires_at.timestamp() if terms.expires_at else None
    return max(terms.scheduled_at, now).timestamp(), expires_at, now.timestamp()
