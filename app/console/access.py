"""Signing in and out, and who may see and do what: an account its own things, an administrator everything."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import Flask, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import BadRequest, Forbidden

from app import clock, cross_site, loopback, posted
from app.calls import accounts, audit, sessions
from app.calls.accounts import AccountStatus
from app.calls.models import Account
from app.client import client_address
from app.console import console
from app.console.desk import desk
from app.errors import BadCredentials, TooManyChecks, TryLater

TAKE_LISTS = ("console.try_upload", "console.try_for_deployment")
LONGEST_OF_STRANGERS, LONGEST_FORM = 16_384, 262_144
"""Bytes of a form before anybody has signed in, and after."""
LONGEST_PASTE, MOST_PARTS = 4 * 1024 * 1024, 50
"""Bytes of a list that is typed or pasted, which unlike a file is held in memory; fields of a form with a list."""
_SESSION = "session"

P = ParamSpec("P")

csrf = CSRFProtect()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in. ``scope`` is the account whose things are shown: None for all, an administrator's view."""

    account_id: int
    login: str
    is_admin: bool

    @property
    def scope(self) -> int | None:
        return None if self.is_admin else self.account_id


def install(web: Flask) -> None:
    """Put sign-in and the protection of forms in front of the console's pages, and of no API's."""
    web.config["WTF_CSRF_CHECK_DEFAULT"] = False
    web.config["WTF_CSRF_TIME_LIMIT"] = sessions.SESSION_SECONDS
    csrf.init_app(web)


@console.before_request
def protect() -> None:
    """Nothing is taken from pages of other sites, and every write carries a token of the session it was made for.

    Raises werkzeug's 403 and 400.
    """
    if cross_site.is_cross_site(request.method, dict(request.headers)):
        raise Forbidden(
            "This was sent by a page of another site, and such pages may do nothing here: open the page on this server "
            "and send it again. If it was sent from here, the proxy in front must pass on the header Host."
        )
    _bound_form()
    if None in request.form:  # a part of a multipart form without a name: the check of tokens trips over it
        raise BadRequest("A field of the form has no name.")
    try:
        csrf.protect()
    except CSRFError as wrong:
        raise BadRequest(
            "This form is too old, or was not made for you: go back, reload the page and send it again."
        ) from wrong


def _bound_form() -> None:
    """Say how much of a form is read: before it is known who sends it, what the one to sign in has.

    Raises BadForm.
    """
    posted.boundary(request)
    if known_viewer() is None:
        request.max_content_length = LONGEST_OF_STRANGERS
    elif request.endpoint in TAKE_LISTS and request.mimetype == "multipart/form-data":  # a file does not go to memory
        request.max_form_memory_size, request.max_form_parts = LONGEST_PASTE, MOST_PARTS
    else:
        request.max_content_length = LONGEST_FORM


def known_viewer() -> Viewer | None:
    """Whoever is signed in with the cookie's session, unless it has ended: signed out, too old, another PIN."""
    if "viewer" not in g:
        g.viewer = _signed_in_as()
    found: Viewer | None = g.viewer
    return found


def _signed_in_as() -> Viewer | None:
    if _SESSION not in session:
        return None
    account_id = sessions.account_of(session[_SESSION], clock.machine())
    account = Account.get_or_none(Account.id == account_id, Account.status == AccountStatus.ACTIVE)
    if account is None:
        return None
    return Viewer(account.id, account.login, account.is_admin)


def viewer() -> Viewer:
    """Who looks at the page of this request; for pages that need a sign-in."""
    found = known_viewer()
    if found is None:
        raise Forbidden("sign in first")
    return found


def signed_in(page: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A page for whoever is signed in; others are sent to sign in and come back."""

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if known_viewer() is None:
            if "HX-Request" in request.headers:  # part of a page: the page itself is to ask for a sign-in
                return "", 200, {"HX-Refresh": "true"}
            here = request.full_path if request.method == "GET" else None
            return redirect(url_for("console.sign_in", next=here))
        return page(*args, **kwargs)

    return guarded


def administrator(page: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """A page for administrators."""

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not viewer().is_admin:
            raise Forbidden("only an administrator may do this")
        return page(*args, **kwargs)

    return signed_in(guarded)


def note(action: str, subject: str) -> None:
    """Write down what the viewer did."""
    audit.note(viewer().account_id, viewer().login, _address(), action, subject, desk().now())


@console.get("/login")
def sign_in() -> ResponseReturnValue:
    """The form."""
    if known_viewer():
        return redirect(url_for("console.overview"))
    return render_template("login.html", login="")


@console.post("/login")
def do_sign_in() -> ResponseReturnValue:
    """Sign in with login and PIN, as the vendor's console did."""
    login = request.form.get("login", "").strip()
    typed = login if len(login) <= accounts.LOGIN_LENGTH else ""
    try:
        account_id = desk().credentials.check(
            login, request.form.get("pin", ""), _address(), own_machine=_is_on_this_machine()
        )
    except TryLater as refused:
        answer = render_template("login.html", login=typed, problem=str(refused))
        status = 503 if isinstance(refused, TooManyChecks) else 429
        return answer, status, {"Retry-After": str(refused.retry_after)}
    except BadCredentials as refused:
        return render_template("login.html", login=typed, problem=str(refused)), 403
    account = Account.get_by_id(account_id)
    _end_session()
    session[_SESSION] = sessions.begin(account.id, clock.machine())
    g.viewer = Viewer(account.id, account.login, account.is_admin)
    note("signed in", account.login)
    return redirect(_back())


@console.post("/logout")
@signed_in
def sign_out() -> ResponseReturnValue:
    """End the session, in copies of its cookie too."""
    note("signed out", viewer().login)
    _end_session()
    flash("You are signed out.")
    return redirect(url_for("console.sign_in"))


def _end_session() -> None:
    if _SESSION in session:
        sessions.end(session[_SESSION])
    session.clear()


def _back() -> str:
    """The page that wanted a sign-in, if it is one of ours."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if ours else url_for("console.overview")


def _address() -> str:
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    return client_address(request.remote_addr, forwarded_for, desk().settings.trusted_proxies)


def _is_on_this_machine() -> bool:
    return loopback.holds(not desk().settings.public, dict(request.headers))
