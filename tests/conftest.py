"""What the tests share: a database of their own, a clock they move, a customer on loopback, the whole product."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import MovableClock, Office

from app import factory
from app.calls import db
from app.settings import Settings


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"RINGBACK_DATABASE": f"sqlite:///{tmp_path}/ringback.db"})


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
