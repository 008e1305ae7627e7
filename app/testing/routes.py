"""The testing API: move the clock, script callees, look at calls and wait for them, begin anew.

For the simulated carrier only; with any other there is nothing under /testing.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound

from app.calls import agenda, db, happenings, reports, reset, schedulers, scripts, virtual_time, waiting
from app.calls.patience import until
from app.calls.reports import unix
from app.calls.virtual_time import Asked
from app.clock import Clock
from app.errors import NoSuchCall, Refusal
from app.testing import access, asked, replies

POLL_SECONDS = 0.05
ROOT = "/testing"

testing = Blueprint("testing", __name__, url_prefix=ROOT)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with; the factory puts it at ``app.extensions["testing"]``."""

    clock: Clock
    clock_is_virtual: bool
    carrier_is_simulated: bool
    lines: int
    private: bool
    token: str


def is_ours(path: str) -> bool:
    """Whether a path belongs to the testing API, whether there is a page or not."""
    return path == ROOT or path.startswith(f"{ROOT}/")


@testing.before_app_request
def _admit() -> None:
    """Before every request, so that a stranger is not even told which pages there are."""
    if is_ours(request.path):
        desk = _desk()
        if not desk.carrier_is_simulated:
            raise NotFound("the testing API is there with the simulated carrier only")
        access.refuse_strangers(request.method, dict(request.headers), private=desk.private, token=desk.token)


@testing.get("/clock")
def read_clock() -> Response:
    """The present and when the next thing is due."""
    asked.query(request, ())
    desk = _desk()
    now = desk.clock.now()
    mode = "virtual" if desk.clock_is_virtual else "real"
    return replies.told({"now": unix(now.timestamp()), "mode": mode, "next": _next(desk, now)})


@testing.post("/clock")
def move_clock() -> Response:
    """Let the schedulers step to an instant, and tell what happened on the way."""
    asked.query(request, ())
    desk = _desk()
    if not desk.clock_is_virtual:
        return replies.failed("the clock is real and can't be moved: start with RINGBACK_CLOCK=virtual", 409)
    move = asked.move(request, desk.clock.now())
    if not schedulers.beating():
        return replies.failed("no scheduler runs that could move the clock: start ringback scheduler", 503)
    request_to_move = virtual_time.ask(move.to)
    done = until(lambda: virtual_time.is_answered(request_to_move), move.timeout, virtual_time.POLL_SECONDS)
    return replies.told(_moved(desk, request_to_move, done), 200 if done else 202)


def _moved(desk: Desk, request_to_move: Asked, done: bool) -> dict[str, object]:
    reached = virtual_time.reached()
    moved = {
        "now": unix(reached.until.timestamp()),
        "done": done,
        "counts": reports.counts(),
        "happened": happenings.since(request_to_move.told, reached.until),
        "next": _next(desk, reached.until),
    }
    if done:
        virtual_time.tell(reached)
    return moved


def _next(desk: Desk, now: datetime) -> float | None:
    """When the next thing is due, in UNIX seconds, as far as is known."""
    due = agenda.next_due(now, clock_is_virtual=desk.clock_is_virtual)
    return None if due is None else unix(due.timestamp())


@testing.get("/callees")
def list_callees() -> Response:
    """All scripts."""
    asked.query(request, ())
    return replies.told({"callees": [_script(number, outcomes) for number, outcomes in scripts.every()]})


@testing.put("/callees/<number>")
def set_callee(number: str) -> Response:
    """Give a number its script."""
    asked.query(request, ())
    number, outcomes = asked.number(number), asked.script(request)
    scripts.put(number, outcomes)
    return replies.told(_script(number, outcomes))


@testing.get("/callees/<number>")
def read_callee(number: str) -> Response:
    """The script of a number."""
    asked.query(request, ())
    number = asked.number(number)
    outcomes = scripts.of(number)
    return replies.told(_script(number, outcomes)) if outcomes else _no_script(number)


@testing.delete("/callees/<number>")
def remove_callee(number: str) -> Response:
    """Take a number's script away."""
    asked.query(request, ())
    number = asked.number(number)
    return replies.told({"number": number, "removed": True}) if scripts.remove(number) else _no_script(number)


def _script(number: str, outcomes: str) -> dict[str, object]:
    return {"number": number, "outcomes": json.loads(outcomes)}


def _no_script(number: str) -> Response:
    return replies.failed(f"number: {number} has no script", 404)


@testing.get("/calls")
def list_calls() -> Response:
    """The calls that match, by call_id; ``next`` is what ``after`` must be to go on, or null."""
    search = asked.search(request)
    found = reports.matching(**search.filter, limit=search.limit + 1)
    told = found[: search.limit]
    return replies.told({"calls": reports.summaries(told), "next": told[-1] if len(found) > len(told) else None})


@testing.get("/calls/<int(max=2147483647):call_id>")
def read_call(call_id: int) -> Response:
    """One call, whole."""
    asked.query(request, ())
    desk = _desk()
    return replies.told(reports.call(call_id) | {"why": waiting.why(call_id, desk.clock.now(), desk.lines)})


@testing.get("/wait")
def wait_for_calls() -> Response:
    """Answer as soon as so many calls match."""
    wait = asked.wait(request)
    found: list[int] = []

    def enough() -> bool:
        found[:] = reports.matching(**wait.filter, limit=asked.MOST_CALLS)
        return len(found) >= wait.count

    if until(enough, wait.timeout, POLL_SECONDS):
        return replies.told({"calls": reports.summaries(found)})
    sentence = f"{len(found)} calls matched within {unix(wait.timeout)} s, not {wait.count}"
    return replies.failed(sentence, 408, calls=reports.summaries(found))


@testing.post("/reset")
def forget() -> Response:
    """Forget all calls, campaigns and scripts."""
    asked.query(request, ())
    asked.body(request, ())
    return replies.told({"forgotten": reset.forget_calls(_desk().clock.now(), "testing")})


def _desk() -> Desk:
    desk: Desk = current_app.extensions["testing"]
    return desk


@testing.errorhandler(Refusal)
def _refused(refusal: Refusal) -> Response:
    return replies.failed(str(refusal), 404 if isinstance(refusal, NoSuchCall) else 400)


@testing.errorhandler(db.Unusable)
def _database_not_usable(_: Exception) -> Response:
    return replies.failed("the database can't be used at the moment; nothing was done, try again", 503)
