"""A deployment's outbound page: how its calls stand; queue one, try a list, cancel what is pending; its settings."""

import io
from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from app.calls import applications, caller_ids, canceling, deployments, drafts, queueing
from app.calls.applications import Deployed, Shown
from app.calls.drafts import Draft
from app.console import console
from app.console.access import note, signed_in, viewer
from app.console.applications import changeable
from app.console.desk import desk, typed
from app.console.queueing import refused, sent_form
from app.errors import BadList, Refusal
from app.fuse import form
from app.intake import fields
from app.intake.metadatalist import MetadataList
from app.intake.trial import report, try_list

_DEPLOYMENT = "/deployments/<int(max=2147483647):deployment_id>"
DEPLOYMENT, PASTED = "deployment", "pasted"
"""Fields of a list that is kept: which deployment it is for; the form's field for one that is typed."""
_TIMES = ("start_timestamp", "end_timestamp")


@console.get(_DEPLOYMENT)
@signed_in
def deployment(deployment_id: int) -> ResponseReturnValue:
    """The page."""
    shown, deployed = _known(deployment_id)
    return render_template("deployment.html", values={}, **_told(shown, deployed))


@console.get(f"{_DEPLOYMENT}/standing")
@signed_in
def deployment_standing(deployment_id: int) -> ResponseReturnValue:
    """The part of the page that is asked for again and again: worked out once a second for all who look on."""
    shown, deployed = _known(deployment_id)
    told = desk().recent.get(("deployment", deployed.id), lambda: _told(shown, deployed))
    return render_template("deployment_standing.html", **told)


def _told(shown: Shown, deployed: Deployed) -> dict[str, object]:
    counts = applications.counts([deployed.id])[deployed.id]
    return {"application": shown, "deployment": deployed, "counts": counts}


def _known(deployment_id: int) -> tuple[Shown, Deployed]:
    return applications.deployment(deployment_id, viewer().scope)


def _usable(deployment_id: int) -> tuple[Shown, Deployed]:
    shown, deployed = _known(deployment_id)
    if not shown.may_queue:
        raise Forbidden("You may see this application's calls, but neither queue nor cancel any.")
    return shown, deployed


@console.post(f"{_DEPLOYMENT}/queue")
@signed_in
def queue_for_deployment(deployment_id: int) -> ResponseReturnValue:
    """Queue one call, without a probe, as the Fuse API does."""
    shown, deployed = _usable(deployment_id)
    sent = sent_form()
    try:
        order = form.read_call(_as_sent(sent), deployed.start_url, desk().now(), _rules(deployed))
        desk().quotas.admit_call(deployed.queue.account_id)
        call_id = queueing.queue_call(deployed.queue, order, desk().now())
    except Refusal as problem:
        return refused("deployment.html", problem, sent, **_told(shown, deployed))
    note("queued a call", f"call {call_id}, deployment {deployed.id}")
    flash(f"Call {call_id} is queued.")
    return redirect(url_for("console.deployment", deployment_id=deployed.id))


@console.post(f"{_DEPLOYMENT}/upload")
@signed_in
def try_for_deployment(deployment_id: int) -> ResponseReturnValue:
    """Keep a list, try it, and show what would be queued."""
    shown, deployed = _usable(deployment_id)
    sent = sent_form()
    try:
        draft = _list_of(sent)
        order = form.read_list(_as_sent(sent), deployed.start_url, desk().now(), _rules(deployed))
        trial = try_list(_numbers(draft, deployed, order.metadata))
    except Refusal as problem:
        return refused("deployment.html", problem, sent, **_told(shown, deployed))
    kept = {name: value for name, value in sent.items() if name != PASTED}
    drafts.describe(draft, kept | {DEPLOYMENT: str(deployed.id)}, report(trial, order.terms))
    return redirect(url_for("console.dry_run", draft_id=draft.id))


def queue_draft(draft: Draft) -> tuple[int, int]:
    """Queue a list that was tried for a deployment; its campaign, and how many calls. Raises Refusal."""
    _, deployed = _usable(int(draft.fields[DEPLOYMENT]))
    order = form.read_list(_as_sent(draft.fields), deployed.start_url, desk().now(), _rules(deployed))
    numbers = _numbers(draft, deployed, order.metadata)
    inserted = desk().quotas.admit_list(deployed.queue.account_id)
    campaign_id = queueing.load_list(
        deployed.queue, order, numbers, desk().clock, lambda batch, first: inserted(len(batch.good))
    )
    return campaign_id, numbers.good_count


def _list_of(sent: dict[str, str]) -> Draft:
    file = request.files.get(form.LIST)
    if file is not None and file.filename:
        return drafts.keep(viewer().account_id, file.filename, cast(BinaryIO, file.stream))
    if sent.get(PASTED, "").strip():
        return drafts.keep(viewer().account_id, "The pasted list", io.BytesIO(sent[PASTED].encode()))
    raise BadList(form.LIST, "is required: choose a file, or paste the list, with destination as its first column")


def _numbers(draft: Draft, deployed: Deployed, metadata: str) -> MetadataList:
    max_lines = desk().quotas.lines(deployed.queue.account_id)
    return MetadataList(draft.opened(), _rules(deployed).numbers, metadata, max_lines=max_lines)


def _rules(deployed: Deployed) -> form.Rules:
    numbers = caller_ids.rules_of(deployed.queue.account_id, desk().rules.numbers)
    return form.Rules(numbers, desk().outside.may_call)


def _as_sent(sent: dict[str, str]) -> dict[str, str]:
    """The fields as the Fuse API has them: people write the ends of the call range in words too. Raises BadField."""
    rules, changed = desk().rules, dict(sent)
    for name in _TIMES:
        text = sent.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit()):
            reading = fields.time(name, text, desk().now(), rules.zone, php_only=rules.php_only)
            changed[name] = str(int(reading.instant.timestamp()))
    return changed


@console.post(f"{_DEPLOYMENT}/cancel")
@signed_in
def cancel_deployment(deployment_id: int) -> ResponseReturnValue:
    """Cancel all that is pending."""
    _, deployed = _usable(deployment_id)
    canceled = canceling.cancel_queue(deployed.queue.id, desk().now(), desk().zone)
    note("canceled what was pending", f"deployment {deployed.id}, {canceled} calls")
    flash(f"{canceled:,} calls are canceled.")
    return redirect(url_for("console.deployment", deployment_id=deployed.id))


@console.post(f"{_DEPLOYMENT}/settings")
@signed_in
def change_deployment(deployment_id: int) -> ResponseReturnValue:
    """Give it another name and start_url, for calls that are queued from now on."""
    shown, deployed = _known(deployment_id)
    changeable(shown)
    try:
        deployments.change_deployment(deployed.id, typed("name"), typed("start_url"))
    except Refusal as problem:
        return refused("deployment.html", problem, sent_form(), **_told(shown, deployed))
    note("changed a deployment", f"deployment {deployed.id}")
    flash("Saved, for calls that are queued from now on.")
    return redirect(url_for("console.deployment", deployment_id=deployed.id))


@console.post(f"{_DEPLOYMENT}/remove")
@signed_in
def remove_deployment(deployment_id: int) -> ResponseReturnValue:
    """Delete it; what is queued is still called."""
    shown, deployed = _known(deployment_id)
    changeable(shown)
    deployments.remove_deployment(deployed.id)
    note("removed a deployment", f"deployment {deployed.id}")
    flash(f"Deployment {deployed.id} is removed.")
    return redirect(url_for("console.application", application_id=shown.id))
