"""Campaigns ("Outbound Configuration"): how far each has got, starting and stopping, canceling, queueing again."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.calls import audit, canceling, listing, requeueing
from app.calls import campaigns as switches
from app.calls import progress as progresses
from app.calls.listing import Wanted
from app.calls.progress import Progress, Summary
from app.calls.states import CampaignStatus
from app.console import console
from app.console.access import note, signed_in, viewer
from app.console.desk import desk, row_id

LIMIT = 50
LATEST = 20


@console.get("/campaigns")
@signed_in
def campaigns() -> str:
    """The page."""
    return render_template("campaigns.html", **_listed())


@console.get("/campaigns/table")
@signed_in
def campaigns_table() -> str:
    """The part of the page that is asked for again and again."""
    return render_template("campaigns_table.html", **_listed())


@console.get("/campaigns/<int:campaign_id>")
@signed_in
def campaign(campaign_id: int) -> str:
    """A campaign's page."""
    return render_template("campaign.html", **_standing(visible_campaign(campaign_id)))


@console.get("/campaigns/<int:campaign_id>/standing")
@signed_in
def campaign_standing(campaign_id: int) -> str:
    """The part of a campaign's page that is asked for again and again."""
    return render_template("campaign_standing.html", **_standing(visible_campaign(campaign_id)))


@console.post("/campaigns/<int:campaign_id>/start")
@signed_in
def start_campaign(campaign_id: int) -> ResponseReturnValue:
    """Let its calls be dialled."""
    found = visible_campaign(campaign_id)
    switches.start(found.id)
    return _done(found, "started", f"{found.name} is started.")


@console.post("/campaigns/<int:campaign_id>/stop")
@signed_in
def stop_campaign(campaign_id: int) -> ResponseReturnValue:
    """Dial none of its calls any more."""
    found = visible_campaign(campaign_id)
    switches.stop(found.id)
    return _done(found, "stopped", f"{found.name} is stopped: no dial starts any more; conversations go on.")


@console.post("/campaigns/<int:campaign_id>/cancel")
@signed_in
def cancel_campaign(campaign_id: int) -> ResponseReturnValue:
    """Cancel what is pending."""
    found = visible_campaign(campaign_id)
    canceled = canceling.cancel_campaign(found.id, desk().now(), desk().zone)
    told = f"{canceled:,} call{'' if canceled == 1 else 's'} canceled. What is being talked to goes on."
    return _done(found, f"canceled {canceled} calls of", told)


@console.post("/campaigns/<int:campaign_id>/again")
@signed_in
def queue_again(campaign_id: int) -> ResponseReturnValue:
    """Queue what failed once more, as a campaign of its own: stopped, unless it is to start at once."""
    found = visible_campaign(campaign_id)
    start = "start" in request.form
    new_id = requeueing.queue_failed(found.id, desk().now(), desk().quotas, start=start)
    new = visible_campaign(new_id)
    then = "It has started." if start else "It is stopped: look at it, then start it."
    return _done(new, f"queued again what failed of campaign {found.id} as", f"{new.name} is queued. {then}")


def visible_campaign(campaign_id: int) -> Summary:
    """The campaign, if the viewer may see it; else there is no such page."""
    found = progresses.campaign(campaign_id, viewer().scope)
    if found is None:
        abort(404)
    return found


def _done(found: Summary, action: str, told: str) -> ResponseReturnValue:
    note(action, f"campaign {found.id} {found.name}")
    flash(told)
    here = request.form.get("back") == "campaigns"
    return redirect(url_for("console.campaigns") if here else url_for("console.campaign", campaign_id=found.id))


def _listed() -> dict[str, object]:
    scope, below = viewer().scope, request.args.get("before", listing.ABOVE_ALL, type=row_id)
    found, now = progresses.campaigns(scope, below, LIMIT + 1), desk().now()
    shown = found[:LIMIT]
    key = ("campaigns", scope, below, audit.last())
    progress = desk().recent.get(key, lambda: progresses.progress([one.id for one in shown], now))
    standings = [(one, progress.get(one.id, Progress({}, 0.0))) for one in shown]
    return {
        "rows": [(one, got, _expected_end(one, got, now)) for one, got in standings],
        "next_before": shown[-1].id if len(found) > LIMIT else None,
        "before": request.args.get("before"),
    }


def _standing(found: Summary) -> dict[str, object]:
    """All that a campaign's page tells. What somebody does in the console is seen at once, whatever is kept."""
    now, then = desk().now(), audit.last()
    progress = desk().recent.get(("campaign", found.id, then), lambda: progresses.progress([found.id], now)[found.id])
    outcomes = desk().recent.get(("outcomes", found.id, then), lambda: progresses.outcomes(found.id))
    return {
        "campaign": found,
        "progress": progress,
        "ends_at": _expected_end(found, progress, now),
        "types": _counted((each.callee_type, each.count) for each in outcomes if each.is_final),
        "attempts": _counted((each.attempts, each.count) for each in outcomes if each.is_final),
        "latest": listing.page(Wanted(viewer().scope, campaign_id=found.id), limit=LATEST),
        "switch": switches.switch(),
    }


def _expected_end(found: Summary, progress: Progress, now: datetime) -> datetime | None:
    """When it will be through, or its window ends; None when that can't be told or nothing moves."""
    if found.status != CampaignStatus.STARTED:
        return None
    ends = [at for at in (progress.until(now), found.expires_at if progress.pending else None) if at is not None]
    return min(ends) if progress.until(now) and ends else None


K = TypeVar("K", int, str)


def _counted(pairs: Iterable[tuple[K, int]]) -> list[tuple[K, int]]:
    counts: Counter[K] = Counter()
    for key, count in pairs:
        counts[key] += count
    return sorted(counts.items())
