"""Developer keys of the account that is signed in: made, listed, revoked; and the secret that signs its results.

Either is shown once, on the answer that made it. It stands in no URL, cookie or log; a key nowhere in the database.
"""

from collections.abc import Callable
from datetime import datetime

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.calls import accounts, keys, result_signing
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


def _listed(
    made: str = "", problem: Refusal | None = None, secret: str | None = None, secret_problem: Refusal | None = None
) -> ResponseReturnValue:
    account = Account.get_by_id(viewer().account_id)
    page = render_template(
        "keys.html",
        account=account,
        keys=keys.of(account.id),
        made=made,
        problem=problem,
        secret=secret,
        secret_problem=secret_problem,
        secrets=result_signing.of(account.id, desk().now()),
    )
    problem = problem or secret_problem
    return page, 400 if problem else 200


@console.post("/keys")
@signed_in
def add_key() -> ResponseReturnValue:
    """Make a key and show it; an administrator without an e-mail address gets the one that was typed.

    Nobody else may choose an address: it may be another person's, and the answer would tell whether it is taken.
    """
    label, account = typed("label"), Account.get_by_id(viewer().account_id)
    try:
        if account.email is None and viewer().is_admin:
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


@console.post("/keys/secret")
@signed_in
def add_secret() -> ResponseReturnValue:
    """Make the secret that signs the account's results, and show it."""
    return _new_secret(result_signing.add, "made a secret for results")


@console.post("/keys/secret/rotate")
@signed_in
def rotate_secret() -> ResponseReturnValue:
    """Make another secret and show it; for a day both sign."""
    return _new_secret(result_signing.rotate, "rotated the secret for results")


def _new_secret(make: Callable[[int, datetime], str], done: str) -> ResponseReturnValue:
    try:
        secret = make(viewer().account_id, desk().now())
    except Refusal as problem:
        return _listed(secret_problem=problem)
    note(done, "")
    return _listed(secret=secret)


@console.post("/keys/secret/remove")
@signed_in
def remove_secret() -> ResponseReturnValue:
    """Sign the account's results no longer."""
    try:
        result_signing.remove(viewer().account_id)
    except Refusal as problem:
        return _listed(secret_problem=problem)
    note("removed the secret for results", "")
    flash("Results are no longer signed.")
    return redirect(url_for("console.list_keys"))
