"""Queue a list: the vendor's form in two steps. The list is tried first, and queued when that was looked at."""

import io
from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.calls import caller_ids, drafts, presets, queueing
from app.calls.drafts import Draft, NoSuchDraft
from app.calls.forecast import USUAL_SECONDS, forecast, line_seconds
from app.classic import form
from app.console import console, problems
from app.console.access import note, signed_in, viewer
from app.console.deployments import DEPLOYMENT, PASTED, queue_draft
from app.console.desk import desk
from app.console.queueing import keep_presets, refused, sent_form
from app.errors import BadList, Refusal
from app.intake.lists import Batch
from app.intake.orders import CampaignOrder
from app.intake.phonelist import PhoneList
from app.intake.trial import report, try_list

LIST, DRAFT = "phone_list", "draft"


@console.get("/upload")
@signed_in
def queue_list() -> ResponseReturnValue:
    """The form; with ``draft`` as it was filled in, its list still there."""
    account_id, draft_id = viewer().account_id, request.args.get(DRAFT, "")
    if draft_id:
        draft = _draft(draft_id)
        return render_template("upload.html", values=draft.fields, draft=draft)
    return render_template("upload.html", values=presets.of(account_id))


@console.post("/upload")
@signed_in
def try_upload() -> ResponseReturnValue:
    """Keep the list, try it, and show what would be queued; or the form again, with what is wrong beside its field."""
    sent, draft = sent_form(), None
    try:
        draft = _list_of(sent)
        _try(draft, _order(sent), sent)
    except BadList as problem:
        return refused("upload.html", problem, sent)
    except Refusal as problem:
        return refused("upload.html", problem, sent, draft=None if sent.get(PASTED) else draft)
    keep_presets(sent)
    return redirect(url_for("console.dry_run", draft_id=draft.id))


def _list_of(sent: dict[str, str]) -> Draft:
    """The list that was sent as a file, pasted, or sent before. Raises Refusal."""
    file, pasted, account_id = request.files.get(LIST), sent.get(PASTED, ""), viewer().account_id
    if file is not None and file.filename:
        return drafts.keep(account_id, file.filename, cast(BinaryIO, file.stream))
    if pasted.strip():
        return drafts.keep(account_id, "The pasted list", io.BytesIO(pasted.encode()))
    if sent.get(DRAFT):
        return drafts.find(sent[DRAFT], account_id)
    raise BadList(LIST, "is required: choose a file, or paste the list, with one call per line")


def _try(draft: Draft, order: CampaignOrder, sent: dict[str, str]) -> None:
    """Write down what queueing the list would do. Raises Refusal."""
    trial = try_list(_numbers(draft))
    terms = queueing.probed(order, desk().outside, desk().shares.place(draft.account_id)).terms
    fields = {name: value for name, value in sent.items() if name in form.CAMPAIGN_FIELDS}
    drafts.describe(draft, fields, report(trial, terms))


@console.get("/upload/<draft_id>")
@signed_in
def dry_run(draft_id: str) -> ResponseReturnValue:
    """What would be queued."""
    return _dry_run(_draft(draft_id))


def _dry_run(draft: Draft, problem: Refusal | None = None) -> ResponseReturnValue:
    found, measured = draft.report, line_seconds()
    if not found:  # something else was wrong with its form
        return redirect(url_for("console.queue_list", draft=draft.id))
    each = USUAL_SECONDS if measured is None else measured
    expected = forecast(
        found["accepted"],
        lines=desk().lines,
        each=each,
        window=found["window"],
        max_retries=found["max_retries"],
        retry_interval=found["retry_interval"],
    )
    page = render_template(
        "dry_run.html",
        draft=draft,
        found=found,
        expected=expected,
        each=each,
        measured=measured is not None,
        lines=desk().lines,
        problem=problem,
    )
    return page, *problems.status_of(problem)


@console.post("/upload/<draft_id>")
@signed_in
def confirm_upload(draft_id: str) -> ResponseReturnValue:
    """Queue the list that was tried. It is read and probed anew: times such as ``+1 day`` count from now."""
    draft = _draft(draft_id)
    drafts.take(draft)
    try:
        campaign_id, count = queue_draft(draft) if DEPLOYMENT in draft.fields else _queue(draft)
    except NoSuchDraft as gone:
        raise NotFound(str(gone)) from gone
    except Refusal as problem:
        drafts.give_back(draft)
        return _dry_run(draft, problem)
    except BaseException:
        drafts.give_back(draft)
        raise
    drafts.discard(draft)
    note("queued a list", f"campaign {campaign_id}, {count} calls")
    flash(f"{count:,} calls are queued.")
    if DEPLOYMENT in draft.fields:
        return redirect(url_for("console.deployment", deployment_id=draft.fields[DEPLOYMENT]))
    return redirect(url_for("console.campaign", campaign_id=campaign_id))


def _queue(draft: Draft) -> tuple[int, int]:
    """Queue a list for the viewer's account; its campaign, and how many calls. Raises Refusal."""
    queue, numbers = queueing.queue_of(draft.account_id), _numbers(draft)
    place = desk().shares.place(draft.account_id)
    inserted = desk().quotas.admit_list(draft.account_id)

    def each(batch: Batch, _: int) -> None:
        inserted(len(batch.good))

    campaign_id = queueing.queue_list(queue, _order(draft.fields), numbers, desk().outside, desk().clock, each, place)
    return campaign_id, numbers.good_count


@console.post("/upload/<draft_id>/discard")
@signed_in
def discard_upload(draft_id: str) -> ResponseReturnValue:
    """Throw the list away."""
    drafts.discard(_draft(draft_id))
    flash("The list is thrown away; nothing was queued.")
    return redirect(url_for("console.queue_list"))


def _draft(draft_id: str) -> Draft:
    """The viewer's list. Raises werkzeug's 404."""
    try:
        return drafts.find(draft_id, viewer().account_id)
    except NoSuchDraft as gone:
        raise NotFound(str(gone)) from gone


def _order(sent: dict[str, str]) -> CampaignOrder:
    account_id = viewer().account_id
    return form.read_campaign(
        sent, desk().now(), desk().rules, lambda name: queueing.campaign_name_is_taken(account_id, name)
    )


def _numbers(draft: Draft) -> PhoneList:
    rules = caller_ids.rules_of(draft.account_id, desk().rules.numbers)
    return PhoneList(draft.opened(), rules, max_lines=desk().quotas.lines(draft.account_id))
