"""The testing lab in a real browser, with JavaScript and without: time goes on when somebody says so."""

from collections.abc import Iterator

import pytest
from browsing import Person
from customer import Customer
from doors import Doors
from live import Live, running
from needs import needs
from playwright.sync_api import Browser, expect

pytestmark = needs("chromium", "libatomic")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server on virtual time."""
    with running(tmp_path_factory.mktemp("still"), clock="virtual") as live:
        yield live


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def tester(request: pytest.FixtureRequest, browser: Browser, still: Live) -> Iterator[Person]:
    somebody = Person(browser, still.url, scripts=request.param).sign_in()
    yield somebody
    somebody.close()
    assert somebody.mistakes == []


def test_a_day_goes_by(tester: Person, still: Live, customer: Customer, customer_of: dict[str, str]) -> None:
    """A number gets a script, its call of tomorrow is dialled tomorrow, and meets what the script says."""
    tester.follow("Testing lab")
    script = tester.page.locator("form#script")
    script.get_by_label("Number").fill("617 555 0133")
    script.get_by_label("Meets").first.select_option("busy")
    script.get_by_label("Meets").nth(1).select_option("voice")
    tester.press("Set the script", script)
    expect(tester.page.get_by_role("row", name="+16175550133")).to_contain_text("busy")
    terms = {"scheduled_time": "+20 hours", "max_retries": 1, "retry_interval": 3600}
    Doors(still).queue(phone_number="6175550133", **terms, **customer_of)
    assert customer.posts("/start") == []
    tester.press("To the next event")
    expect(tester.page.get_by_role("status")).to_contain_text("all that was due until then is done")
    tester.see(tester.page.get_by_role("row", name="busy"))
    assert customer.posts("/start") == []
    tester.press("+1 day")
    expect(tester.page.get_by_role("status")).to_contain_text("all that was due until then is done")
    assert customer.wait_for("/result", 1)[0].form["callee_type"] == "voice"
    tester.see(tester.page.get_by_role("row", name="completed"))
    tester.press("Forget all calls", tester.open("Begin anew"))
    expect(tester.page.get_by_text("No number has a script")).to_be_visible()
