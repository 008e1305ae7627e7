"""What the tests share: a database of their own, a clock they move, a customer on loopback, the whole product.

Whatever opens a database in this process runs twice: on SQLite and on a real PostgreSQL server. Each test makes a web
application of its own, but what werkzeug and Jinja compile for one serves all of them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from argon2 import PasswordHasher
from customer import Customer
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from office import MovableClock, Office
from postgres import postgres_server, postgres_url, prepare
from werkzeug.routing import Map, RuleFactory

from app import factory
from app.calls import db, pin_hashing
from app.settings import Settings

__all__ = ["postgres_server", "postgres_url"]


# How long one example takes says how busy the machine is.
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(needs)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that nothing long is left for the end: proofs that wait, then the browser.

    The proofs run side by side in the one process that gets them, and so that no other gets some they stand together.
    """
    first = ("programs/test_crash.py", "browser/", "programs/", "carriers/test_trunk.py")
    for item in items:
        if item.get_closest_marker("one_engine") and _engine(item) == "postgres":
            item.add_marker("soak")
    items.sort(key=lambda item: [not item.nodeid.startswith(f"tests/{name}") for name in first])


def _engine(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("database_url") if callspec else None


class OneMap(Map):
    """The routes of all web applications, which are the same: compiling them is most of what making one takes."""

    def __init__(self) -> None:
        super().__init__()
        self._known: set[tuple[str, str]] = set()

    def add(self, rulefactory: RuleFactory) -> None:
        """Add the routes that are not there yet."""
        for rule in rulefactory.get_rules(self):
            if (rule.rule, rule.endpoint) not in self._known:
                self._known.add((rule.rule, rule.endpoint))
                super().add(rule)


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Routes and templates are compiled once in this process."""
    templates = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    routes = OneMap()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "url_map_class", staticmethod(lambda host_matching: routes))
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": templates})
        yield


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo account in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ringback.db"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs.needs("postgres"))])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database with the demo account in it: on SQLite, then on PostgreSQL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "ringback.db")
    return f"sqlite:///{tmp_path}/ringback.db"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings.read({"RINGBACK_DATABASE": database_url})


@pytest.fixture
def database(settings: Settings) -> Iterator[None]:
    """An open database with the demo account in it."""
    factory.prepare_database(settings)
    yield
    db.close_database()


@pytest.fixture
def customer() -> Iterator[Customer]:
    with Customer().open() as open_customer:
        yield open_customer


@pytest.fixture
def web(settings: Settings, database: None, clock: MovableClock) -> FlaskClient:
    """The web application at the time of ``clock``."""
    return factory.create_app(settings, clock).test_client()


@pytest.fixture
def cheap_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that make many accounts: argon2id as always, with the least memory and time that it takes."""
    monkeypatch.setattr(pin_hashing, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(pin_hashing, "unmatchable_hash", lambda: pin_hashing.hash_pin("nobody"))


@pytest.fixture
def office(settings: Settings, web: FlaskClient, clock: MovableClock, customer: Customer) -> Iterator[Office]:
    """Web application, scheduler and customer; the test runs the scheduler's jobs by hand."""
    service = factory.create_scheduler(settings, clock)
    yield Office(web, service, clock, customer)
    service.dispatcher.close(1)
    service.sender.close(5)
