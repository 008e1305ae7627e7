"""Queue one call: the vendor's form, for the account that is signed in. ``uploads`` has the one for lists."""

from dataclasses import replace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.calls import caller_ids, presets, queueing
from app.classic import form
from app.console import console, problems
from app.console.access import note, signed_in, viewer
from app.console.desk import desk
from app.errors import Refusal

AS_PRESETS = "keep"
"""The checkbox that has the form filled in like this the next time."""


@console.get("/queue")
@signed_in
def queue_one() -> ResponseReturnValue:
    """The form, filled in with what the account saved."""
    return render_template("queue.html", values=presets.of(viewer().account_id))


@console.post("/queue")
@signed_in
def do_queue_one() -> ResponseReturnValue:
    """Queue the call and show it; or the form again, with what is wrong beside its field."""
    sent, account_id = sent_form(), viewer().account_id
    try:
        rules = replace(desk().rules, numbers=caller_ids.rules_of(account_id, desk().rules.numbers))
        order = form.read_call(sent, desk().now(), rules)
        desk().quotas.admit_call(account_id)
        order = queueing.probed(order, desk().outside, desk().shares.place(account_id))
        call_id = queueing.queue_call(queueing.queue_of(account_id), order, desk().now())
    except Refusal as problem:
        return refused("queue.html", problem, sent)
    keep_presets(sent)
    note("queued a call", f"call {call_id}")
    return redirect(url_for("console.call", call_id=call_id))


def sent_form() -> dict[str, str]:
    """The fields of the form that was sent, as the classic API reads them: no database but SQLite keeps a NUL."""
    return {name: value.replace("\0", "\ufffd") for name, value in request.form.items() if name != "csrf_token"}


def refused(template: str, problem: Refusal, sent: dict[str, str], **more: object) -> ResponseReturnValue:
    """A form again, with what was typed and what is wrong."""
    page = render_template(template, values=sent, problem=problem, **more)
    return page, *problems.status_of(problem)


def keep_presets(sent: dict[str, str]) -> None:
    """Save what was typed for the next time, if that was asked for."""
    if sent.get(AS_PRESETS):
        presets.save(viewer().account_id, sent)
