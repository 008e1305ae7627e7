"""The testing lab: the virtual clock, who answers which number, what happens meanwhile, beginning anew.

For administrators, and with the simulated carrier only: there is no such page with any other. It does what the
testing API does.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Conflict, NotFound, ServiceUnavailable

from app import clock
from app.calls import agenda, happenings, reset, schedulers, scripts, virtual_time
from app.calls.patience import until
from app.console import callees, console
from app.console.access import administrator, note, viewer
from app.console.desk import desk, typed
from app.console.showing import local
from app.errors import Refusal
from app.intake import fields
from app.telephony.callees import MET

FEED = 20
WAIT_SECONDS = 20.0
"""How long a page waits for time to come as far as it was asked to."""
_MOVES = {"hour": 3600, "day": 86_400}

P = ParamSpec("P")


def tester(page: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A page for administrators, where nobody's phone rings."""

    @administrator
    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not desk().simulated:
            raise NotFound("The testing lab is there with the simulated carrier only.")
        return page(*args, **kwargs)

    return guarded


@console.get("/lab")
@tester
def lab() -> ResponseReturnValue:
    """The page; with ``number`` its script is there to be changed."""
    number = request.args.get("number", "")
    values = {"number": number, callees.JSON: scripts.of(number) or ""} if number else {}
    return _lab(values)


def _lab(values: dict[str, str], problem: Refusal | None = None) -> ResponseReturnValue:
    page = render_template(
        "lab.html",
        values=values,
        problem=problem,
        scripts=[callees.described(number, outcomes) for number, outcomes in scripts.every()],
        reserved=callees.RESERVED,
        kinds=MET,
        attempts=callees.ATTEMPTS,
        **_feed(),
    )
    return page, 400 if problem else 200


@console.get("/lab/feed")
@tester
def lab_feed() -> ResponseReturnValue:
    """The part of the page that is asked for again and again, worked out once a second: the time, what happened."""
    return render_template("lab_feed.html", **desk().recent.get("lab", _feed))


def _feed() -> dict[str, Any]:
    now = desk().now()
    happened = happenings.latest(now, FEED)
    return {
        "now": now,
        "virtual": desk().clock_is_virtual,
        "due": agenda.next_due(now, clock_is_virtual=desk().clock_is_virtual),
        "happened": [each | {"at": clock.instant(each["at"])} for each in happened],
    }


@console.post("/lab/clock")
@tester
def move_clock() -> ResponseReturnValue:
    """Let the schedulers step to an instant: the next thing due, an hour or a day on, or a time in words."""
    if not desk().clock_is_virtual:
        raise Conflict(
            "The clock is real and goes on by itself. To move it, start ringback with RINGBACK_CLOCK=virtual."
        )
    to = _target(desk().now())
    if not schedulers.beating():
        raise ServiceUnavailable("No scheduler runs that could move the clock: start `ringback scheduler`.")
    asked = virtual_time.ask(to)
    note("moved the clock", f"to {to.isoformat()}")
    if until(lambda: virtual_time.is_answered(asked), WAIT_SECONDS, virtual_time.POLL_SECONDS):
        flash("Time has moved on, and all that was due until then is done.")
    else:
        flash("Time is on its way; so much is due until then that it takes a while.")
    return redirect(url_for("console.lab"))


def _target(now: datetime) -> datetime:
    """The instant that the form names. Raises werkzeug's 400, and BadField for a time that can't be read."""
    move = typed("move")
    if move == "next":
        due = agenda.next_due(now, clock_is_virtual=True)
        if due is None:
            raise BadRequest("Nothing is due: queue a call first, or move the clock to a time.")
        return max(due, now)
    if move in _MOVES:
        to = clock.instant(now.timestamp() + _MOVES[move])
    else:
        rules = desk().rules
        to = fields.time("to", fields.required("to", typed("to")), now, rules.zone, php_only=rules.php_only).instant
    if to < now:
        raise BadRequest(f"It is {local(now)} already, and time does not run backwards.")
    if to.timestamp() > virtual_time.LATEST_MOVE:
        raise BadRequest("The year 9997 is the last one to move to.")
    return to


@console.post("/lab/callees")
@tester
def set_callee() -> ResponseReturnValue:
    """Give a number its script."""
    try:
        number, outcomes = callees.read(request.form)
    except Refusal as problem:
        return _lab(request.form.to_dict(), problem)
    scripts.put(number, outcomes)
    note("scripted a callee", number)
    flash(f"{number} has its script; it counts from the next dial on.")
    return redirect(url_for("console.lab"))


@console.post("/lab/callees/remove")
@tester
def remove_callee() -> ResponseReturnValue:
    """Take a number's script away."""
    number = typed("number")
    if not scripts.remove(number):
        raise NotFound(f"{number} has no script.")
    note("removed a callee's script", number)
    flash(f"{number} has no script any more.")
    return redirect(url_for("console.lab"))


@console.post("/lab/reset")
@tester
def forget() -> ResponseReturnValue:
    """Forget all calls, campaigns and scripts."""
    forgotten = reset.forget_calls(desk().now(), viewer().login)
    told = ", ".join(f"{count:,} {what}" for what, count in forgotten.items())
    note("forgot everything", told)
    flash(f"Forgotten: {told}.")
    return redirect(url_for("console.lab"))
