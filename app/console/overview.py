"""The overview: how the calls stand, and the switch that suspends all calling."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.calls import campaigns, capacity, figures, login_failures, schedulers, tallies, untrusted_proxies
from app.calls.figures import Figures
from app.console import charts, console
from app.console.access import administrator, note, signed_in, viewer
from app.console.charts import Chart
from app.console.desk import desk, typed
from app.telephony.outcomes import CalleeType

LAG_MINUTES = 15
OUTCOMES = [str(each) for each in CalleeType if each is not CalleeType.NOATTEMPT]
MOST_BECAUSE = 200


@dataclass(frozen=True, slots=True)
class Lag:
    """How late calls were dialled lately: half and 95 % of ``dials``, in words."""

    dials: int
    half: str
    most: str


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the overview tells of one scope."""

    now: datetime
    figures: Figures
    lag: Lag | None
    charts: tuple[Chart, Chart]


@console.get("/overview")
@signed_in
def overview() -> str:
    """The page."""
    return render_template("overview.html", standing=_standing(), lines=desk().lines, **_alarms(viewer().scope))


@console.get("/overview/figures")
@signed_in
def overview_figures() -> str:
    """The part of the page that is asked for again and again."""
    return render_template("overview_figures.html", standing=_standing(), lines=desk().lines)


@console.get("/overview/alarms")
@signed_in
def overview_alarms() -> str:
    """What keeps calls from being dialled, for all pages that show it."""
    scope = viewer().scope
    return render_template("overview_alarms.html", **desk().recent.get(("alarms", scope), lambda: _alarms(scope)))


@console.post("/suspend")
@administrator
def suspend() -> ResponseReturnValue:
    """Dial nobody any more."""
    because = typed("because")[:MOST_BECAUSE]
    by = f"{viewer().login}: {because}" if because else viewer().login
    campaigns.suspend(desk().now(), by)
    note("suspended all calling", because)
    flash("All calling is suspended: no dial starts any more; conversations go on.")
    return redirect(url_for("console.overview"))


@console.post("/resume")
@administrator
def resume() -> ResponseReturnValue:
    """Dial again."""
    campaigns.resume(desk().now(), viewer().login)
    note("resumed all calling", "")
    flash("Calling is resumed.")
    return redirect(url_for("console.overview"))


def _alarms(scope: int | None) -> dict[str, object]:
    return {
        "switch": campaigns.switch(),
        "schedulers": schedulers.beating(),
        "troubles": schedulers.troubles(),
        "short": capacity.warnings(desk().now(), desk().lines) if scope is None else [],
        "closed_logins": login_failures.closed(clock.machine(), scope),
        "untrusted_proxies": untrusted_proxies.recent() if scope is None else [],
    }


def _standing() -> Standing:
    scope = viewer().scope
    return desk().recent.get(("overview", scope), lambda: _work_out(scope))


def _work_out(scope: int | None) -> Standing:
    now = desk().now()
    return Standing(
        now,
        figures.read(now, scope),
        _lag(now, tallies.EVERYBODY if scope is None else scope),
        (
            _attempts("Attempts by outcome, each minute of the last hour", now, scope, 60, 1),
            _attempts("Attempts by outcome, each quarter of an hour of the last day", now, scope, 96, 15),
        ),
    )


def _attempts(name: str, now: datetime, scope: int | None, columns: int, minutes: int) -> Chart:
    account_id = tallies.EVERYBODY if scope is None else scope
    since = charts.since(now, columns, minutes)
    counted = tallies.by_minute(tallies.ATTEMPTS, account_id, since, now, minutes)
    return charts.over_time(name, counted, OUTCOMES, now, columns, minutes)


def _lag(now: datetime, account_id: int) -> Lag | None:
    """None when nothing was dialled lately."""
    since = now - timedelta(minutes=LAG_MINUTES)
    counted = tallies.by_minute(tallies.DUE_TO_DIAL, account_id, since, now, 1)
    buckets: Counter[str] = sum(counted.values(), Counter())
    dials = buckets.total()
    return Lag(dials, _within(buckets, dials * 0.5), _within(buckets, dials * 0.95)) if dials else None


def _within(buckets: Counter[str], wanted: float) -> str:
    """What the first bucket is that, with those below it, holds so many: ``≤ 0.5 s``."""
    seen = 0
    for bound, name in zip(tallies.BOUNDS, tallies.BUCKETS, strict=False):
        seen += buckets[name]
        if seen >= wanted:
            return f"≤ {bound:g} s"
    return f"> {tallies.BOUNDS[-1]:g} s"
