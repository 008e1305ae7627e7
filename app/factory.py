"""Puts the parts together for each program: settings in, a web application or a scheduler out."""

import logging
import secrets
from datetime import datetime
from pathlib import Path

from flask import Flask, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from app import door, pages
from app.calls import accounts, db, demo_account, deployments, keys, virtual_time
from app.calls.credentials import Credentials
from app.calls.quotas import Quotas
from app.calls.readiness import Readiness
from app.calls.request_rates import RequestRates
from app.carriers import make_carrier
from app.classic import routes as classic_routes
from app.classic.form import Rules
from app.classic.routes import Desk, classic
from app.clock import Clock, SteppedClock
from app.console import access, problems, showing
from app.console import desk as console_desk
from app.console.routes import console
from app.errors import SettingError
from app.fuse import form as fuse_form
from app.fuse import replies as fuse_replies
from app.fuse import routes as fuse_routes
from app.fuse.routes import fuse
from app.health import Ward, health
from app.intake.phone import COUNTRIES, DialRules, NumberRules
from app.metrics import Metrics
from app.outside.fetch import Outside
from app.outside.opening import open_outside
from app.outside.shares import Shares
from app.settings import Settings
from app.testing import replies as testing_replies
from app.testing import routes as testing_routes
from app.testing.routes import testing
from app.voicexml.limits import Durations
from scheduler.attempt import Equipment
from scheduler.service import Service

log = logging.getLogger(__name__)

# In a checkout the templates stand beside the package; an installed package carries them inside.
_HERE = Path(__file__).parent
_TEMPLATES = next(path for path in (_HERE / "templates", _HERE.parent / "templates") if path.is_dir())


def prepare_database(settings: Settings) -> str:
    """Open and upgrade the database for a server; a sentence to print when this made the demo account, else "".

    An empty database on a loopback bind gets the account ``demo`` with PIN ``1234``, and for Fuse a key, application 1
    and deployment 1. A server that others reach refuses to start while that account has that PIN or that key: raises
    SettingError. Where calls cost money it is not made, and one that is there is disabled.
    """
    db.open_database(settings.database)
    if costs(settings):
        if demo_account.disable():
            log.warning("account %s disabled: everybody knows its PIN or key, and calls are real", accounts.DEMO_LOGIN)
        return ""
    if not settings.public:
        if accounts.every():
            return ""
        if not _make_demo(make_clock(settings).now()):
            return ""
        return (
            f"The database was empty: account {accounts.DEMO_LOGIN} made, pin {accounts.DEMO_PIN} "
            f"(Fuse: {keys.DEMO_EMAIL}, key {keys.DEMO_KEY}, application 1, deployment 1)."
        )
    if accounts.demo_is_open():
        raise SettingError(
            f"{door.why_public(settings)}, and the account demo still has the PIN that everybody knows: "
            "change it with `ringback account pin demo`"
        )
    if keys.demo_is_open():
        raise SettingError(
            f"{door.why_public(settings)}, and the account demo still has the key that everybody knows: "
            "find it with `ringback key list`, then `ringback key revoke`"
        )
    return ""


def costs(settings: Settings) -> bool:
    """Whether calls ring real phones, for money."""
    return settings.carrier != "simulated"


def admits_demo(settings: Settings) -> bool:
    """Whether an account whose PIN everybody knows may be there: for this machine alone, and calls are simulated."""
    return not settings.public and not costs(settings)


def _make_demo(now: datetime) -> bool:
    """Make the account to try things with; False when another program, started at the same moment, has made it."""
    with db.writing():
        db.exclusive("demo")
        if accounts.every():
            return False
        demo = accounts.add(accounts.DEMO_LOGIN, accounts.DEMO_PIN, now, keys.DEMO_EMAIL, allow_weak_pin=True)
        accounts.set_admin(demo.login, is_admin=True)
        keys.add(demo, "demo", now, keys.DEMO_KEY)
        deployments.add_application(demo, "demo", "", now)
    return True


def make_clock(settings: Settings) -> Clock:
    """The clock in force: the machine's, or the row that holds virtual time."""
    if settings.clock == "real":
        return Clock()
    virtual_time.begin(Clock().now())
    return Clock(virtual_time.read)


def make_outside(settings: Settings) -> Outside:
    """The door to the network under the policy in force."""
    return open_outside(settings)


def make_rules(settings: Settings) -> Rules:
    """How forms are read."""
    return Rules(settings.timezone, settings.times == "php", _number_rules(settings))


def _dial_rules(settings: Settings) -> DialRules:
    return DialRules(_number_rules(settings), costs=costs(settings), premium=settings.premium)


def _number_rules(settings: Settings) -> NumberRules:
    unknown = sorted(set(settings.countries) - COUNTRIES)
    if unknown:
        raise SettingError(f"RINGBACK_COUNTRIES: {', '.join(unknown)} is not a country code such as US")
    # Calls that name no caller ID show the trunk's own, so any may name it.
    callers = frozenset({settings.sip_caller_id.removeprefix("+1")}) if costs(settings) else None
    return NumberRules(settings.numbers == "valid", frozenset(settings.countries), callers)


def create_app(settings: Settings, business: Clock | None = None) -> Flask:
    """The web application, on the clock that the settings name unless it is given one. The database must be open.

    Raises SettingError.
    """
    door.refuse_unsafe(settings)
    web = Flask("app", template_folder=str(_TEMPLATES))
    door.install(web, settings)
    web.secret_key = settings.secret_key or secrets.token_bytes(32)
    web.config["MAX_CONTENT_LENGTH"] = settings.max_upload
    business = business or make_clock(settings)
    credentials = Credentials(web.secret_key if isinstance(web.secret_key, bytes) else web.secret_key.encode())
    rates = RequestRates(settings.account_rate / settings.workers)
    quotas = Quotas(settings)
    waiting = Shares(max(settings.threads // 8, 1), patience=0)  # to wait for an equal request takes a thread
    web.extensions["classic"] = Desk(
        credentials=credentials,
        outside=make_outside(settings),
        shares=Shares(max(settings.threads // 4, 1)),
        waiting=waiting,
        clock=business,
        rules=make_rules(settings),
        echo_pin=settings.echo_pin,
        quotas=quotas,
        rates=rates,
        private=not settings.public,
        trusted_proxies=settings.trusted_proxies,
    )
    readiness = Readiness(business, settings.lines)
    web.extensions["health"] = Ward(
        _registry(settings, business), not settings.public, settings.metrics_token, readiness
    )
    web.register_blueprint(health)
    web.extensions["testing"] = testing_routes.Desk(
        clock=business,
        clock_is_virtual=settings.clock == "virtual",
        carrier_is_simulated=not costs(settings),
        lines=settings.lines,
        private=not settings.public,
        token=settings.testing_token,
    )
    web.register_blueprint(testing)
    web.register_blueprint(classic)
    web.extensions["fuse"] = fuse_routes.Desk(
        clock=business,
        rules=fuse_form.Rules(_number_rules(settings), make_outside(settings).may_call),
        zone=settings.timezone,
        quotas=quotas,
        rates=rates,
        waiting=waiting,
    )
    web.register_blueprint(fuse)
    web.extensions["console"] = _console_desk(settings, business, credentials, readiness, quotas)
    access.install(web)
    showing.install(web)
    web.register_blueprint(console)
    web.register_blueprint(pages.pages)
    web.register_error_handler(HTTPException, _answer_error)
    web.register_error_handler(db.Unusable, _database_not_usable)
    web.teardown_appcontext(lambda _: db.release())
    return web


def _console_desk(
    settings: Settings, business: Clock, credentials: Credentials, readiness: Readiness, quotas: Quotas
) -> console_desk.Desk:
    return console_desk.Desk(
        credentials=credentials,
        outside=make_outside(settings),
        shares=Shares(max(settings.threads // 4, 1)),
        clock=business,
        rules=make_rules(settings),
        zone=settings.timezone,
        lines=settings.lines,
        quotas=quotas,
        max_upload=settings.max_upload,
        simulated=not costs(settings),
        admits_demo=admits_demo(settings),
        clock_is_virtual=settings.clock == "virtual",
        settings=settings,
        readiness=readiness,
    )


def _registry(settings: Settings, business: Clock) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Metrics(business, settings.lines))
    return registry


def _answer_error(error: HTTPException) -> ResponseReturnValue:
    """An HTTP error in the words and the format of the API whose path it is on, elsewhere as a page."""
    if testing_routes.is_ours(request.path):
        return testing_replies.answer_error(error)
    if fuse_routes.is_ours(request.path):
        return fuse_replies.answer_error(error)
    if classic_routes.is_ours(request.path):
        return classic_routes.answer_error(error)
    return problems.answer(error)


def _database_not_usable(error: Exception) -> ResponseReturnValue:
    if fuse_routes.is_ours(request.path):
        return fuse_replies.answer_error(InternalServerError("database error: try again in a moment"))
    return _answer_error(ServiceUnavailable("the database can't be used at the moment; nothing was queued, try again"))


def create_scheduler(settings: Settings, business: Clock | None = None) -> Service:
    """A scheduler, on the clock that the settings name unless it is given one. The database must be open.

    Raises SettingError.
    """
    business = business or _scheduler_clock(settings)
    equipment = Equipment(
        make_carrier(settings, business),
        make_outside(settings),
        business,
        settings.timezone,
        _dial_rules(settings),
        settings.words_per_minute,
        Durations(settings.fetch_seconds, settings.transfer_minutes * 60.0),
    )
    return Service(
        equipment,
        lines=settings.lines,
        most_of_queue=settings.queue_lines_in_force,
        seed=settings.seed,
        keep_days=settings.keep_days,
    )


def _scheduler_clock(settings: Settings) -> Clock:
    """The clock in force as a scheduler has it: virtual time is a clock that it steps."""
    shown = make_clock(settings)
    return shown if settings.clock == "real" else SteppedClock(shown.now())
