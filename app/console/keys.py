"""Developer keys of the account that is signed in: made, listed, revoked.

A key is shown once, on the answer that made it. It stands in no URL, cookie or log, and nowhere in the database.
"""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.calls import accounts, keys
from app.calls.models import Account
from app.console import console
from app.console.access import note, signed_in, viewer
from app.console.desk import desk, typed
from app.errors import Refusal

_ID = "int(max=2147483647)"


@console.get("/keys")
@signed_in
def list_keys() -> ResponseReturnValue:
    """The list, with a form to make another."""
    return _listed()


def _listed(made: str = "", problem: Refusal | None = None) -> ResponseReturnValue:
    account = Account.get_by_id(viewer().account_id)
    page = render_template("keys.html", account=account, keys=keys.of(account.id), made=made, problem=problem)
    return page, 400 if problem else 200


@console.post("/keys")
@signed_in
def add_key() -> ResponseReturnValue:
    """Make a key and show it; an account without an e-mail address gets the one that was typed."""
    label, account = typed("label"), Account.get_by_id(viewer().account_id)
    try:
        if account.email is None:
            accounts.set_email(account.login, typed("email"))
            account = Account.get_by_id(account.id)
        made = keys.add(account, label, desk().now())
    except Refusal as problem:
        return _listed(problem=problem)
    note("made a developer key", label)
    return _listed(made)


@console.post(f"/keys/<{_ID}:key_id>/revoke")
@signed_in
def revoke_key(key_id: int) -> ResponseReturnValue:
    """Refuse a key from the next request on."""
    labels = {key.id: key.label for key in keys.of(viewer().account_id)}
    if key_id not in labels:
        abort(404, "You have no such key, or it is revoked already.")
    keys.revoke(key_id, desk().now())
    note("revoked a developer key", labels[key_id])
    flash(f"The key “{labels[key_id]}” is refused from now on.")
    return redirect(url_for("console.list_keys"))
