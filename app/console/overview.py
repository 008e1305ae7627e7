"""The overview: how the calls stand, and the switch that suspends all calling."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.calls import campaigns, reports
from app.console import console
from app.console.access import administrator, note, signed_in, viewer
from app.console.desk import desk


@console.get("/overview")
@signed_in
def overview() -> str:
    """The page."""
    return render_template("overview.html", counts=reports.counts(viewer().scope), switch=campaigns.switch())


@console.post("/suspend")
@administrator
def suspend() -> ResponseReturnValue:
    """Dial nobody any more."""
    because = request.form.get("because", "").strip()[:200]
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
