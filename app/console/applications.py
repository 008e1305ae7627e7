"""Fuse applications: the list of them, and a page for each with its deployments and who else may work with it.

Whoever may queue for an application or see its calls finds it here; only its account and administrators change it.
"""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from app.calls import accounts, applications, deployments
from app.calls.applications import Shown
from app.calls.deployments import Right
from app.calls.models import Account
from app.console import console, problems
from app.console.access import note, signed_in, viewer
from app.console.desk import desk, typed
from app.errors import Refusal

_ID = "int(max=2147483647)"
GRANTED = (Right.QUEUE, Right.READ)


@console.get("/applications", endpoint="applications")
@signed_in
def list_applications() -> ResponseReturnValue:
    """The list, with a form to make another."""
    return _listed()


def _listed(problem: Refusal | None = None) -> ResponseReturnValue:
    scope = viewer().scope
    shown = applications.every(scope)
    found = [deployed.id for one in shown for deployed in one.deployments]
    counts = desk().recent.get(("applications", scope), lambda: applications.counts(found))
    values = {"name": typed("name"), "start_url": typed("start_url")} if problem else {}
    page = render_template("applications.html", shown=shown, counts=counts, values=values, problem=problem)
    return page, *problems.status_of(problem)


@console.post("/applications")
@signed_in
def add_application() -> ResponseReturnValue:
    """Make an application of the viewer's."""
    account = Account.get_by_id(viewer().account_id)
    try:
        desk().quotas.admit_deployment(account.id)
        made, _ = deployments.add_application(account, typed("name"), typed("start_url"), desk().now())
    except Refusal as problem:
        return _listed(problem)
    note("made an application", f"application {made.id}")
    flash(f"Application {made.id} is made, with a deployment.")
    return redirect(url_for("console.application", application_id=made.id))


@console.get(f"/applications/<{_ID}:application_id>")
@signed_in
def application(application_id: int) -> ResponseReturnValue:
    """The page of one."""
    return _page(applications.application(application_id, viewer().scope))


def _page(shown: Shown, problem: Refusal | None = None) -> ResponseReturnValue:
    page = render_template(
        "application.html",
        application=shown,
        counts=applications.counts([deployed.id for deployed in shown.deployments]),
        permissions=applications.permissions(shown.id) if shown.may_change else [],
        granted=GRANTED,
        problem=problem,
    )
    return page, *problems.status_of(problem)


def changeable(shown: Shown) -> Shown:
    """The application, if the viewer may change it. Raises werkzeug's 403."""
    if not shown.may_change:
        raise Forbidden("Only the account whose application it is may do this, or an administrator.")
    return shown


def _mine(application_id: int) -> Shown:
    return changeable(applications.application(application_id, viewer().scope))


@console.post(f"/applications/<{_ID}:application_id>/rename")
@signed_in
def rename_application(application_id: int) -> ResponseReturnValue:
    """Give it another name."""
    shown = _mine(application_id)
    try:
        deployments.rename_application(shown.id, typed("name"))
    except Refusal as problem:
        return _page(shown, problem)
    note("renamed an application", f"application {shown.id}")
    return redirect(url_for("console.application", application_id=shown.id))


@console.post(f"/applications/<{_ID}:application_id>/remove")
@signed_in
def remove_application(application_id: int) -> ResponseReturnValue:
    """Delete it with its deployments; what is queued is still called."""
    shown = _mine(application_id)
    deployments.remove_application(shown.id)
    note("removed an application", f"application {shown.id}")
    flash(f"Application {shown.id} is removed.")
    return redirect(url_for("console.applications"))


@console.post(f"/applications/<{_ID}:application_id>/deployments")
@signed_in
def add_deployment(application_id: int) -> ResponseReturnValue:
    """Make another deployment of it."""
    shown = _mine(application_id)
    try:
        desk().quotas.admit_deployment(accounts.named(shown.login).id)
        made = deployments.add_deployment(shown.id, typed("name"), typed("start_url"), desk().now())
    except Refusal as problem:
        return _page(shown, problem)
    note("made a deployment", f"deployment {made.id}")
    return redirect(url_for("console.deployment", deployment_id=made.id))


@console.post(f"/applications/<{_ID}:application_id>/allow")
@signed_in
def allow(application_id: int) -> ResponseReturnValue:
    """Let another account work with it."""
    shown, login, right = _mine(application_id), typed("login"), typed("right")
    if right not in GRANTED:
        return _page(shown, Refusal(f"right: must be {' or '.join(GRANTED)}"))
    try:
        if viewer().is_admin:  # others are not told which logins there are
            accounts.named(login)
        deployments.allow(shown.id, login, Right(right))
    except Refusal as problem:
        return _page(shown, problem)
    note("allowed", f"{login} to {right} with application {shown.id}")
    return redirect(url_for("console.application", application_id=shown.id))


@console.post(f"/applications/<{_ID}:application_id>/forbid")
@signed_in
def forbid(application_id: int) -> ResponseReturnValue:
    """Take that back."""
    shown, login = _mine(application_id), typed("login")
    deployments.forbid(shown.id, login)
    note("forbade", f"{login} application {shown.id}")
    return redirect(url_for("console.application", application_id=shown.id))
