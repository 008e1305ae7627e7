"""What the tests share: a database of their own, a clock they move, a customer on loopback, the whole product.

Whatever opens a database in this process runs twice: on SQLite and on a real PostgreSQL server.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import MovableClock, Office
from postgres import needed, postgres_server, postgres_url, prepare

from app import factory
from app.calls import db
from app.settings import Settings

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo account in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ringback.db"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needed)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database with the demo account in it: on SQLite, then on PostgreSQL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "ringback.db")
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
def office(settings: Settings, web: FlaskClient, clock: MovableClock, customer: Customer) -> Iterator[Office]:
    """Web application, scheduler and customer; the test runs the scheduler's jobs by hand."""
    service = factory.create_scheduler(settings, clock)
    yield Office(web, service, clock, customer)
    service.dispatcher.close(1)
    service.sender.close(5)
