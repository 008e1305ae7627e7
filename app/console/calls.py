"""Calls: searching them, and one call's page with why it does not dial, what was said over HTTP, and its transcript."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.calls import canceling, listing, outbox, result_signing, waiting
from app.calls.listing import Wanted
from app.calls.story import story
from app.console import console, curl, search
from app.console.access import note, signed_in, viewer
from app.console.desk import desk, row_id
from app.errors import Refusal

NO_MORE_POLLING = 286
"""The status at which htmx stops asking for a part of a page."""


@console.get("/calls")
@signed_in
def calls() -> ResponseReturnValue:
    """A page of the calls that a search finds, the newest first; ``before`` is the last call_id of the page before."""
    asked = request.args.get("q", "").strip()
    before = request.args.get("before", listing.ABOVE_ALL, type=row_id)
    try:
        wanted = search.parse(asked, Wanted(viewer().scope), desk().now(), desk().rules)
    except Refusal as problem:
        return render_template("calls.html", asked=asked, problem=str(problem), page=None, names=search.NAMES), 400
    return render_template(
        "calls.html", asked=asked, page=listing.page(wanted, before), is_first=before == listing.ABOVE_ALL
    )


@console.get("/calls/<int:call_id>")
@signed_in
def call(call_id: int) -> str:
    """A call's page."""
    return render_template("call.html", **_told(call_id))


@console.get("/calls/<int:call_id>/story")
@signed_in
def call_story(call_id: int) -> ResponseReturnValue:
    """The part of a call's page that is asked for again and again, until nothing more will happen."""
    told = _told(call_id)
    return render_template("call_story.html", **told), NO_MORE_POLLING if told["story"].is_settled else 200


@console.post("/calls/<int:call_id>/cancel")
@signed_in
def cancel_call(call_id: int) -> ResponseReturnValue:
    """Take a call back."""
    _refuse_unless_visible(call_id)
    if canceling.cancel_call(call_id, desk().now(), desk().zone):
        note("canceled", f"call {call_id}")
        flash("The call is canceled.")
    else:
        flash("It does not wait: there is nothing to cancel. If it is being dialled, it is not dialled again.")
    return redirect(url_for("console.call", call_id=call_id))


@console.post("/calls/<int:call_id>/resend")
@signed_in
def resend_result(call_id: int) -> ResponseReturnValue:
    """Post the call's result again, the same body."""
    _refuse_unless_visible(call_id)
    if outbox.resend(call_id, desk().now()):
        note("resent the result of", f"call {call_id}")
        flash("The result is posted again, until it is acknowledged or all of its tries are used up.")
    else:
        flash("There is nothing to resend: the call has no result yet, or it is being posted just now.")
    return redirect(url_for("console.call", call_id=call_id))


def _told(call_id: int) -> dict[str, Any]:
    _refuse_unless_visible(call_id)
    found = story(call_id)
    signed = bool(result_signing.of_calls([call_id], desk().now()))
    exchanges = [
        (each, curl.command(each, call_id, found.result_format, signed=signed))
        for each in reversed(found.told["exchanges"])
    ]
    return {
        "story": found,
        "call": found.told,
        "why": waiting.why(call_id, desk().now(), desk().lines),
        "application_failure": waiting.application_failure(call_id),
        "exchanges": exchanges,
    }


def _refuse_unless_visible(call_id: int) -> None:
    if not listing.is_visible(call_id, viewer().scope):
        abort(404)
