"""The Fuse outbound API: queue, bulk_queue, the status of a call, cancel. HTTP Basic goes before everything else.

Source: "Queue Call" and "Outbound Parameters".
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.exceptions import Forbidden

from app import cross_site
from app.calls import accounts, caller_ids, canceling, deployments, details, idempotency, keys, queueing
from app.calls.deployments import Target
from app.calls.idempotency import Claim
from app.calls.quotas import Quotas
from app.calls.request_rates import RequestRates
from app.clock import Clock
from app.errors import BadField, NoSuchCall, Refusal
from app.fuse import body, form, replies
from app.fuse.form import Rules
from app.intake.lists import Batch
from app.intake.metadatalist import MetadataList
from app.outside.shares import Shares
from app.posted import Posted

PREFIX = "/api"
_ID = "int(max=2147483647)"
_DEPLOYMENT = f"/apps/<{_ID}:application_id>/<{_ID}:deployment_id>"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the endpoints work with; the factory puts it at ``app.extensions["fuse"]``."""

    clock: Clock
    rules: Rules
    zone: ZoneInfo
    quotas: Quotas
    rates: RequestRates
    waiting: Shares


fuse = Blueprint("fuse", __name__, url_prefix=PREFIX)
fuse.register_error_handler(Refusal, replies.refused)


def is_ours(path: str) -> bool:
    """Whether a path is one of this API's, or would be."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


@fuse.post(f"{_DEPLOYMENT}/queue")
def queue(application_id: int, deployment_id: int) -> Response:
    """Queue one call; where its status is stands in the Link header."""
    desk, account_id = _desk(), _account()
    target = deployments.target(application_id, deployment_id, account_id)
    with body.reading(request, form.LONGEST) as sent, _claimed(desk, account_id, sent) as claim:
        if claim.answer is None:
            order = form.read_call(sent.fields, target.start_url, desk.clock.now(), _rules(desk, target))
            desk.quotas.admit_call(target.queue.account_id)
            call_id = queueing.queue_call(
                target.queue, order, desk.clock.now(), lambda call_id: claim.keep({"call_id": call_id})
            )
        else:
            call_id = claim.answer["call_id"]
    response = replies.told({"call_id": call_id})
    response.headers["Link"] = f'<{url_for("fuse.status", call_id=call_id, _external=True)}>; rel="status"'
    return response


@fuse.post(f"{_DEPLOYMENT}/bulk_queue")
def bulk_queue(application_id: int, deployment_id: int) -> Response:
    """Queue a list of calls, all of its good lines or nothing."""
    desk, account_id = _desk(), _account()
    target = deployments.target(application_id, deployment_id, account_id)
    answer = replies.ListAnswer()
    with body.reading(request, form.LONGEST, form.LIST) as sent, _claimed(desk, account_id, sent) as claim:
        if claim.answer is None:
            _load(desk, target, sent, answer, claim)
        else:
            answer.restore(claim.answer)
    return answer.response()


def _load(desk: Desk, target: Target, sent: Posted, answer: replies.ListAnswer, claim: Claim) -> None:
    if sent.file is None:
        raise BadField(form.LIST, "is required: a file whose first line is destination and the names of metadata")
    rules = _rules(desk, target)
    order = form.read_list(sent.fields, target.start_url, desk.clock.now(), rules)
    account_id = target.queue.account_id
    lines = MetadataList(sent.file, rules.numbers, order.metadata, max_lines=desk.quotas.lines(account_id))

    inserted = desk.quotas.admit_list(account_id)

    def each(batch: Batch, first_call_id: int) -> None:
        inserted(len(batch.good))
        answer.add(batch, first_call_id)
        claim.renew()

    queueing.load_list(target.queue, order, lines, desk.clock, each, lambda _: claim.keep(answer.kept()))


def _claimed(desk: Desk, account_id: int, sent: Posted) -> AbstractContextManager[Claim]:
    """The claim of a request that has an Idempotency-Key, or its kept answer; one without a key claims nothing."""
    key = request.headers.get(idempotency.HEADER)
    sent_before = key if key is None else idempotency.from_header(account_id, request.path, key, sent.fields, sent.file)
    return idempotency.claimed(sent_before, desk.clock, desk.waiting)


@fuse.get(f"/outbound/<{_ID}:call_id>")
def status(call_id: int) -> Response:
    """A call's whole story."""
    if not deployments.may_see(call_id, _account()):
        raise NoSuchCall(call_id)
    return replies.told({"call_details": details.call_details(call_id)})


@fuse.delete(f"{_DEPLOYMENT}/cancel")
def cancel(application_id: int, deployment_id: int) -> Response:
    """Cancel all calls of a deployment that wait; as often as one likes."""
    desk, target = _desk(), deployments.target(application_id, deployment_id, _account())
    canceling.cancel_queue(target.queue.id, desk.clock.now(), desk.zone)
    response = Response(status=202)
    del response.headers["Content-Type"]
    return response


def _rules(desk: Desk, target: Target) -> Rules:
    return replace(desk.rules, numbers=caller_ids.rules_of(target.queue.account_id, desk.rules.numbers))


def _account() -> int:
    """Whose request it is. Raises BadKey, DeletedAccount, TooManyRequests, and 403 as in the classic API."""
    email, key = body.credentials(request)
    account_id = keys.check(email, key).account_id
    if key == keys.DEMO_KEY and cross_site.is_cross_site(request.method, dict(request.headers)):
        raise Forbidden(accounts.DEMO_REFUSED)
    _desk().rates.take(account_id)
    return account_id


def _desk() -> Desk:
    desk: Desk = current_app.extensions["fuse"]
    return desk
