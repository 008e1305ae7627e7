"""For administrators: the accounts, the settings in force and the health of what runs; for everybody: who did what."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.calls import accounts, audit, caller_ids, db, demo_account, schedulers
from app.calls.accounts import AccountStatus
from app.calls.idempotency import MAX_REPEAT_SECONDS
from app.calls.models import Account
from app.console import console, in_force
from app.console.access import administrator, note, signed_in, viewer
from app.console.desk import desk, row_id, typed
from app.errors import BadField, Refusal
from app.intake import fields

PAGE = 100
"""Entries of the audit log on a page."""


@console.get("/accounts", endpoint="accounts")
@administrator
def accounts_page() -> str:
    """All accounts, and a form for another one."""
    return _accounts_page("", "")


def _accounts_page(login: str, email: str, problem: Refusal | None = None) -> str:
    return render_template(
        "accounts.html", accounts=accounts.every(), login=login, email=email, problem=problem, exempt=_exempt_login()
    )


@console.post("/accounts")
@administrator
def add_account() -> ResponseReturnValue:
    """Make an account."""
    login, email = typed("login"), typed("email")
    try:
        account = accounts.add(
            login, request.form.get("pin", ""), desk().now(), email or None, allow_weak_pin=_weak_allowed()
        )
    except Refusal as problem:
        return _accounts_page(login, email, problem), 400
    note("made an account", login)
    flash(f"The account {login} is made; it can queue calls and sign in with its PIN.")
    return redirect(url_for("console.account", account_id=account.id))


@console.get("/accounts/<int:account_id>")
@administrator
def account(account_id: int) -> str:
    """An account, and what can be changed about it."""
    return _account_page(_account(account_id))


def _account_page(found: Account, problem: Refusal | None = None) -> str:
    return render_template(
        "account.html",
        account=found,
        statuses=_STATUSES,
        caller_ids=caller_ids.of(found.id),
        simulated=desk().simulated,
        problem=problem,
        exempt=_exempt_login(),
        max_repeat_seconds=MAX_REPEAT_SECONDS,
    )


@console.post("/accounts/<int:account_id>")
@administrator
def change_account(account_id: int) -> ResponseReturnValue:
    """Change all about an account but its PIN."""
    found = _account(account_id)
    email, status = typed("email") or None, typed("status")
    detection, is_admin = bool(typed("detection")), bool(typed("is_admin"))
    if found.id == viewer().account_id and not (is_admin and status == AccountStatus.ACTIVE):
        raise Refusal("You can't shut yourself out: another administrator has to do that.")
    if status not in _STATUSES:
        raise BadField("status", f"must be {' or '.join(_STATUSES)}")
    try:
        if status == AccountStatus.ACTIVE and not desk().admits_demo:
            demo_account.refuse_to_activate(found.login)
        repeat_seconds = fields.whole_number(
            "repeat window", typed("repeat_seconds") or "0", 0, MAX_REPEAT_SECONDS, unit=" of seconds"
        )
        accounts.set_email(found.login, email)
    except Refusal as problem:
        return _account_page(found, problem), 400
    accounts.set_repeat_seconds(found.login, repeat_seconds)
    accounts.set_detection(found.login, detection=detection)
    accounts.set_status(found.login, AccountStatus(status))
    accounts.set_admin(found.login, is_admin=is_admin)
    for name, before, now in (
        ("e-mail", found.email, email),
        ("repeat window", str(found.repeat_seconds), str(repeat_seconds)),
        ("call detection", found.detection, detection),
        ("status", found.status, status),
        ("administrator", found.is_admin, is_admin),
    ):
        if before != now:
            note(f"changed an account's {name}", f"{found.login}: {_word(before)} → {_word(now)}")
    flash(f"The account {found.login} is changed.")
    return redirect(url_for("console.account", account_id=account_id))


@console.post("/accounts/<int:account_id>/pin")
@administrator
def change_pin(account_id: int) -> ResponseReturnValue:
    """Give an account another PIN; whoever is signed in with the old one no longer is."""
    found = _account(account_id)
    try:
        accounts.change_pin(found.login, request.form.get("pin", ""), allow_weak_pin=_weak_allowed())
    except Refusal as problem:
        return _account_page(found, problem), 400
    note("changed an account's PIN", found.login)
    flash(f"The account {found.login} has a new PIN: its programs and people need it from now on.")
    return redirect(url_for("console.account", account_id=account_id))


@console.post("/accounts/<int:account_id>/caller_ids")
@administrator
def change_caller_ids(account_id: int) -> ResponseReturnValue:
    """Let an account's calls show another number, or one of theirs no longer."""
    found = _account(account_id)
    try:
        if typed("remove"):
            ani = caller_ids.remove(found.id, typed("remove"))
            done, told = "took back a caller ID", f"{found.login} may no longer show {ani}."
        else:
            ani = caller_ids.add(found.id, typed("ani"), desk().now())
            done, told = "allowed a caller ID", f"{found.login} may show {ani}."
    except Refusal as problem:
        return _account_page(found, problem), 400
    note(done, f"{found.login}: {ani}")
    flash(f"Calls of {told}")
    return redirect(url_for("console.account", account_id=account_id))


def _exempt_login() -> str:
    """The account whose weak PIN is no danger: this machine's own demo."""
    return "" if desk().settings.public else accounts.DEMO_LOGIN


def _weak_allowed() -> bool:
    return bool(typed("allow_weak_pin"))


_STATUSES = [str(each) for each in AccountStatus]


def _account(account_id: int) -> Account:
    found: Account | None = Account.get_or_none(Account.id == account_id)
    return found or abort(404)


def _word(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value or "none"


@console.get("/settings")
@administrator
def settings() -> str:
    """How what runs is set up, and whether it is well."""
    return render_template(
        "settings.html",
        settings=in_force.read(desk().settings),
        reasons=desk().readiness.reasons(),
        schedulers=schedulers.every(),
        schema=db.read_schema(),
    )


@console.get("/audit")
@signed_in
def audit_log() -> str:
    """Who did what: an account's own entries, or all."""
    before = request.args.get("before", type=row_id)
    entries = audit.latest(PAGE + 1, before, viewer().scope)
    return render_template("audit.html", entries=entries[:PAGE], more=len(entries) > PAGE)
