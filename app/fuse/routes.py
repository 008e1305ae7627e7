"""The Fuse outbound API: queue, bulk_queue, the status of a call, cancel. HTTP Basic goes before everything else.

Source: "Queue Call" and "Outbound Parameters".
"""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.exceptions import Forbidden

from app import cross_site
from app.calls import accounts, caller_ids, canceling, deployments, details, keys, queueing
from app.calls.deployments import Target
from app.calls.request_rates import RequestRates
from app.clock import Clock
from app.errors import BadField, NoSuchCall, Refusal
from app.fuse import body, form, replies
from app.fuse.form import Rules
from app.intake.metadatalist import MetadataList

PREFIX = "/api"
_ID = "int(max=2147483647)"
_DEPLOYMENT = f"/apps/<{_ID}:application_id>/<{_ID}:deployment_id>"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the endpoints work with; the factory puts it at ``app.extensions["fuse"]``."""

    clock: Clock
    rules: Rules
    zone: ZoneInfo
    max_lines: int
    rates: RequestRates


fuse = Blueprint("fuse", __name__, url_prefix=PREFIX)
fuse.register_error_handler(Refusal, replies.refused)


def is_ours(path: str) -> bool:
    """Whether a path is one of this API's, or would be."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


@fuse.post(f"{_DEPLOYMENT}/queue")
def queue(application_id: int, deployment_id: int) -> Response:
    """Queue one call; where its status is stands in the Link header."""
    desk, target = _desk(), _target(application_id, deployment_id)
    with body.reading(request, form.LONGEST) as sent:
        order = form.read_call(sent.fields, target.start_url, desk.clock.now(), _rules(desk, target))
    call_id = queueing.queue_call(target.queue, order, desk.clock.now())
    response = replies.told({"call_id": call_id})
    response.headers["Link"] = f'<{url_for("fuse.status", call_id=call_id, _external=True)}>; rel="status"'
    return response


@fuse.post(f"{_DEPLOYMENT}/bulk_queue")
def bulk_queue(application_id: int, deployment_id: int) -> Response:
    """Queue a list of calls, all of its good lines or nothing."""
    desk, target = _desk(), _target(application_id, deployment_id)
    answer = replies.ListAnswer()
    with body.reading(request, form.LONGEST, form.LIST) as sent:
        if sent.file is None:
            raise BadField(form.LIST, "is required: a file whose first line is destination and the names of metadata")
        rules = _rules(desk, target)
        order = form.read_list(sent.fields, target.start_url, desk.clock.now(), rules)
        lines = MetadataList(sent.file, rules.numbers, order.metadata, max_lines=desk.max_lines)
        queueing.load_list(target.queue, order, lines, desk.clock, answer.add)
    return answer.response()


@fuse.get(f"/outbound/<{_ID}:call_id>")
def status(call_id: int) -> Response:
    """A call's whole story."""
    if not deployments.may_see(call_id, _account()):
        raise NoSuchCall(call_id)
    return replies.told({"call_details": details.call_details(call_id)})


@fuse.delete(f"{_DEPLOYMENT}/cancel")
def cancel(application_id: int, deployment_id: int) -> Response:
    """Cancel all calls of a deployment that wait; as often as one likes."""
    desk, target = _desk(), _target(application_id, deployment_id)
    canceling.cancel_queue(target.queue.id, desk.clock.now(), desk.zone)
    response = Response(status=202)
    del response.headers["Content-Type"]
    return response


def _target(application_id: int, deployment_id: int) -> Target:
    return deployments.target(application_id, deployment_id, _account())


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
