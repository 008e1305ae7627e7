"""A browser, servers to look at with it, and somebody who is signed in."""

from collections.abc import Iterator

import pytest
from browsing import Person, chromium
from customer import Customer
from live import Live, running
from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server and a scheduler on the machine's time, with the demo account, an administrator's."""
    with running(tmp_path_factory.mktemp("live")) as started:
        yield started


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def person(request: pytest.FixtureRequest, browser: Browser, live: Live) -> Iterator[Person]:
    """Signed in as demo, with JavaScript and without. The pages that were seen made no mistake."""
    somebody = Person(browser, live.url, scripts=request.param).sign_in()
    yield somebody
    somebody.close()
    assert somebody.mistakes == []


@pytest.fixture
def customer_of(customer: Customer) -> dict[str, str]:
    """The URLs of a customer on loopback, as the fields of a form."""
    return {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}
