"""queuecall.php and queuecalls.php: the endpoints that old clients post to, under every prefix they know."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.exceptions import Forbidden, HTTPException

from app import cross_site, loopback, posted
from app.calls import accounts, caller_ids, idempotency, queueing
from app.calls.credentials import Credentials
from app.calls.idempotency import Claim, RequestKey
from app.calls.queueing import Queue
from app.calls.quotas import Quotas
from app.calls.request_rates import RequestRates
from app.classic import form, replies
from app.classic.form import Rules
from app.client import Network, client_address
from app.clock import Clock
from app.errors import BadCredentials, BadField, Refusal, TooManyChecks, TryLater
from app.intake import fields
from app.intake.lists import Batch
from app.intake.orders import CampaignOrder
from app.intake.phonelist import PhoneList
from app.outside.fetch import Outside
from app.outside.shares import Shares
from app.posted import Posted

PREFIXES = ("/webservice", "/outbound/webservice", "")
LONG_BODY = 65_536
"""Bytes: reading less costs no more than finding out who is locked out."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the endpoints work with; the factory puts it at ``app.extensions["classic"]``."""

    credentials: Credentials
    outside: Outside
    shares: Shares
    waiting: Shares
    clock: Clock
    rules: Rules
    echo_pin: bool
    quotas: Quotas
    rates: RequestRates
    private: bool
    trusted_proxies: Sequence[Network]


classic = Blueprint("classic", __name__)


def _form_page() -> str:
    return render_template(f"{_root()}.html")


def queuecall() -> Response:
    """Queue one call."""
    desk = _desk()
    echo: replies.Echo = ()
    try:
        _refuse_locked_out(desk)
        with posted.reading(request, form.LONGEST) as sent:
            echo = form.echo(sent.fields, form.CALL_FIELDS, pin=desk.echo_pin)
            queue = queueing.queue_of(_account(desk, sent))
            with idempotency.claimed(_key(desk, sent, queue), desk.clock, desk.waiting) as claim:
                call_id = claim.answer["call_id"] if claim.answer else _queue_call(desk, sent, queue, claim)
    except Refusal as refusal:
        return _refused(refusal, echo)
    return _xml(replies.queued(call_id, echo))


def queuecalls() -> Response:
    """Queue a list of calls as a campaign, and answer with a line for each of its lines."""
    desk = _desk()
    echo: replies.Echo = ()
    with ExitStack() as until_sent:
        try:
            _refuse_locked_out(desk)
            with posted.reading(request, form.LONGEST, "phone_list") as sent:
                echo = form.echo(sent.fields, form.CAMPAIGN_FIELDS, pin=desk.echo_pin)
                queue = queueing.queue_of(_account(desk, sent))
                answer = until_sent.enter_context(closing(replies.ListAnswer()))
                with idempotency.claimed(_key(desk, sent, queue), desk.clock, desk.waiting) as claim:
                    if claim.answer:
                        told = claim.answer
                        answer.restore(claim.parts(), told.pop("rejected"))
                    else:
                        told = _queue_list(desk, sent, queue, claim, answer)
        except Refusal as refusal:
            return _refused(refusal, echo)
        response = _xml(answer.chunks(echo, **told))
        response.call_on_close(until_sent.pop_all().close)
        return response


def _queue_call(desk: Desk, sent: Posted, queue: Queue, claim: Claim) -> int:
    order = form.read_call(sent.fields, desk.clock.now(), _rules(desk, queue.account_id))
    desk.quotas.admit_call(queue.account_id)
    order = queueing.probed(order, desk.outside, desk.shares.place(queue.account_id))
    return queueing.queue_call(queue, order, desk.clock.now(), lambda call_id: claim.keep({"call_id": call_id}))


def _queue_list(desk: Desk, sent: Posted, queue: Queue, claim: Claim, answer: replies.ListAnswer) -> dict[str, int]:
    """Queue the list and fill in the answer; what else the answer tells."""
    order, numbers = _campaign(desk, sent, queue.account_id)
    answer.default_reference = order.message_reference
    told: dict[str, int] = {}

    inserted = desk.quotas.admit_list(queue.account_id)

    def each(batch: Batch, first_call_id: int) -> None:
        inserted(len(batch.good))
        claim.add_part(answer.add(batch, first_call_id))

    def keep(campaign_id: int) -> None:
        told.update(campaign_id=campaign_id, queued=numbers.good_count, duplicates=numbers.duplicates)
        claim.keep(told | {"rejected": answer.rejected})

    place = desk.shares.place(queue.account_id)
    queueing.queue_list(queue, order, numbers, desk.outside, desk.clock, each, place, keep)
    return told


def _key(desk: Desk, sent: Posted, queue: Queue) -> RequestKey | None:
    """What tells that a request is sent again: its header, or the call itself where the account has a repeat window."""
    key = request.headers.get(idempotency.HEADER)
    if key is not None:
        return idempotency.from_header(queue.account_id, _root(), key, sent.fields, sent.file)
    if not queue.repeat_seconds or _root() != "queuecall":
        return None
    try:
        number, reference, start_url = (sent.fields.get(each, "").strip() for each in form.REPEATED_FIELDS)
        number = fields.phone_number("phone_number", number, _rules(desk, queue.account_id).numbers).number
    except BadField:
        return None  # it is refused in its turn
    return idempotency.from_call(queue.account_id, number, reference, start_url, queue.repeat_seconds)


def _campaign(desk: Desk, sent: Posted, account_id: int) -> tuple[CampaignOrder, PhoneList]:
    if sent.file is None:
        raise BadField("phone_list", "is required: a file with one call per line")
    rules = _rules(desk, account_id)
    order = form.read_campaign(
        sent.fields, desk.clock.now(), rules, lambda name: queueing.campaign_name_is_taken(account_id, name)
    )
    return order, PhoneList(sent.file, rules.numbers, max_lines=desk.quotas.lines(account_id))


def _rules(desk: Desk, account_id: int) -> Rules:
    return replace(desk.rules, numbers=caller_ids.rules_of(account_id, desk.rules.numbers))


def _account(desk: Desk, sent: Posted) -> int:
    """Whose request it is. Raises BadCredentials, LockedOut, TooManyRequests and werkzeug's 403.

    A form on a page of another site is as good as any with credentials of its own; a PIN that everybody knows is none.
    """
    try:
        login, pin = (sent.fields.get(name, "") for name in ("login", "pin"))
    except BadField:  # too long to be anybody's
        raise BadCredentials from None
    own_machine = loopback.holds(desk.private, dict(request.headers))
    account_id = desk.credentials.check(login, pin, _address(desk), own_machine=own_machine)
    if accounts.is_demo(login, pin) and cross_site.is_cross_site(request.method, dict(request.headers)):
        raise Forbidden(accounts.DEMO_REFUSED)
    desk.rates.take(account_id)
    return account_id


def _refuse_locked_out(desk: Desk) -> None:
    """Raise LockedOut before a long body is read, if nothing in it could open an account."""
    if request.content_length is None or request.content_length > LONG_BODY:
        desk.credentials.refuse_locked_out(_address(desk))


def _address(desk: Desk) -> str:
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    return client_address(request.remote_addr, forwarded_for, desk.trusted_proxies)


def _desk() -> Desk:
    desk: Desk = current_app.extensions["classic"]
    return desk


def _root() -> str:
    """The root element of an answer on this path, which is also the name of its form."""
    return "queuecalls" if request.path.endswith("/queuecalls.php") else "queuecall"


def _refused(refusal: Refusal, echo: replies.Echo) -> Response:
    text = replies.failed(_root(), str(refusal), echo)
    if not isinstance(refusal, TryLater):
        return _xml(text)
    response = _xml(text, 503 if isinstance(refusal, TooManyChecks) else 429)
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _xml(body: object, status: int = 200) -> Response:
    return Response(body, status, content_type=replies.MEDIA_TYPE)  # type: ignore[arg-type] # text or chunks


_IN_OUR_WORDS = {
    404: "there is no such page here: post to queuecall.php or queuecalls.php",
    405: "the method is not one of GET and POST",
    413: "the request is larger than this server takes: send the list in several parts",
    500: "a fault of ours; nothing was queued",
}


def is_ours(path: str) -> bool:
    """Whether a path belongs to the classic API, whether there is a page or not."""
    return path.endswith(".php") or "/webservice" in path


def answer_error(error: HTTPException) -> Response:
    """An HTTP error on a path of ours as XML, with the error's own headers."""
    status = error.code or 500
    response = _xml(replies.failed(_root(), _IN_OUR_WORDS.get(status) or error.description or error.name), status)
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


_VIEWS: dict[str, Callable[[], Response]] = {"queuecall": queuecall, "queuecalls": queuecalls}
for _prefix in PREFIXES:
    for _name, _view in _VIEWS.items():
        _path = f"{_prefix}/{_name}.php"
        classic.add_url_rule(_path, f"{_prefix}{_name}_form".replace("/", "_"), _form_page, methods=["GET"])
        classic.add_url_rule(_path, f"{_prefix}{_name}".replace("/", "_"), _view, methods=["POST"])
