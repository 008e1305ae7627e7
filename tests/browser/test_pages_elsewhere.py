"""Pages on other origins, in a real browser that is used on the machine of a default install.

They can do nothing with authority that the browser brings along, or with a PIN that everybody knows; a customer's own
form with credentials of its own queues calls from wherever it stands.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from browsing import Person
from customer import Customer, Reply
from doors import DEMO, Doors
from live import Live
from needs import needs
from playwright.sync_api import Browser, Response, expect

pytestmark = needs("chromium", "libatomic")

URLENCODED, MULTIPART, PLAIN = "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"
everywhere = pytest.mark.parametrize(
    "elsewhere",
    [pytest.param("localhost", id="another site"), pytest.param("127.0.0.1", id="another port")],
    indirect=True,
)
"""Where the page stands, as seen from a server at 127.0.0.1."""


@pytest.fixture(scope="module")
def shop(live: Live) -> dict[str, str]:
    """An account with a PIN of its own."""
    own = {"login": "shop", "pin": "Kq7-marble-21"}
    Doors(live).command("account", "add", own["login"], "--pin", own["pin"])
    return own


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, customer: Customer) -> str:
    """The origin of the page: another site, unless the test says otherwise."""
    return customer.url.replace("127.0.0.1", getattr(request, "param", "localhost"))


@pytest.fixture
def person(browser: Browser, live: Live) -> Iterator[Person]:
    somebody = Person(browser, live.url)
    yield somebody
    somebody.close()


def form(action: str, fields: dict[str, str], kind: str = URLENCODED) -> str:
    """A form that posts these fields when its button is pressed."""
    inputs = "".join(f"<textarea name='{name}'>{value}</textarea>" for name, value in fields.items())
    return f"<form method='post' action='{action}' enctype='{kind}'>{inputs}<button>Win a prize</button></form>"


def show(person: Person, customer: Customer, elsewhere: str, html: str) -> None:
    customer.answers["/page"] = lambda _: Reply(body=html.encode(), headers={"Content-Type": "text/html"})
    person.page.goto(f"{elsewhere}/page")


def press(person: Person) -> Response:
    """Press the button; what the server answers to the form."""
    with person.page.expect_response(lambda answer: answer.request.method == "POST") as arrived:
        person.press("Win a prize")
    return arrived.value


def calls(live: Live) -> object:
    return live.rows("SELECT count(*) FROM call")[0][0]


@everywhere
@pytest.mark.parametrize(
    ("page", "what", "kind"),
    [
        pytest.param("/webservice/queuecall.php", {"phone_number": "6175550100"}, URLENCODED, id="one call"),
        pytest.param("/queuecalls.php", {"phone_list": "6175550100"}, MULTIPART, id="a list"),
    ],
)
def test_the_demo_account_takes_nothing_from_it(
    person: Person,
    live: Live,
    customer: Customer,
    customer_of: dict[str, str],
    elsewhere: str,
    page: str,
    what: dict[str, str],
    kind: str,
) -> None:
    """Everybody knows its PIN: a form that any page can have is refused, and nothing is asked of anybody's URL."""
    before = calls(live)
    show(person, customer, elsewhere, form(f"{live.url}{page}", DEMO | what | customer_of, kind))
    answer = press(person)
    assert answer.status == 403
    assert answer.headers["content-type"].startswith("text/xml")
    assert "pages of other sites may not use the demo account" in answer.text()
    assert calls(live) == before
    assert [seen.path for seen in customer.received if seen.path in ("/start", "/result")] == []


@everywhere
def test_a_form_with_credentials_of_its_own_queues_calls(
    person: Person, live: Live, shop: dict[str, str], customer: Customer, customer_of: dict[str, str], elsewhere: str
) -> None:
    """Customers have pages on their own hosts that post lists to queuecalls.php."""
    fields = shop | {"phone_list": "6175550100\n6175550101"} | customer_of
    show(person, customer, elsewhere, form(f"{live.url}/webservice/queuecalls.php", fields, MULTIPART))
    answer = press(person)
    assert answer.status == 200
    assert 'queued="2" rejected="0"' in answer.text()
    customer.wait_for("/result", 2)


def test_a_script_is_refused_as_a_form_is(
    person: Person, live: Live, customer: Customer, customer_of: dict[str, str], elsewhere: str
) -> None:
    """It may send, though it may not look at the answer."""
    before = calls(live)
    show(person, customer, elsewhere, "<p>Hello</p>")
    fields = json.dumps(DEMO | {"phone_number": "6175550100"} | customer_of)
    send = (
        f"fetch('{live.url}/queuecall.php', {{method: 'POST', mode: 'no-cors', body: new URLSearchParams({fields})}})"
    )
    person.page.evaluate(f"{send}.catch(() => null)")  # which ends when the server has answered
    assert calls(live) == before


def test_the_known_key_is_refused_in_an_address(person: Person, live: Live, customer: Customer, elsewhere: str) -> None:
    """A form's address may have a user name and a password, which the browser sends as HTTP Basic."""
    before = calls(live)
    address = live.url.replace("://", f"://{quote('demo@example.com')}:demo-key@")
    show(person, customer, elsewhere, form(f"{address}/api/apps/1/1/queue", {"phone_number": "6175550100"}))
    with person.page.expect_response(lambda answer: answer.url.endswith("/queue") and answer.status != 401) as arrived:
        person.press("Win a prize")
    assert arrived.value.status == 403
    assert "pages of other sites may not use the demo account" in arrived.value.text()
    assert calls(live) == before


def test_the_testing_api_takes_nothing_from_it(person: Person, live: Live, customer: Customer, elsewhere: str) -> None:
    """Which it would without a token, from this machine: a text can be JSON."""
    before = calls(live)
    show(person, customer, elsewhere, form(f"{live.url}/testing/reset", {"{": "}"}, PLAIN))
    answer = press(person)
    assert (answer.status, answer.json()) == (403, {"error": "pages of other sites may not use the testing API"})
    assert calls(live) == before


def test_the_console_takes_nothing_from_it(person: Person, live: Live, customer: Customer, elsewhere: str) -> None:
    """Not with the session of somebody who is signed in, not even with the token of a form of theirs."""
    person.sign_in()
    token = person.page.locator("input[name=csrf_token]").first.get_attribute("value") or ""
    show(person, customer, elsewhere, form(f"{live.url}/suspend", {"csrf_token": token}))
    answer = press(person)
    assert answer.status == 403
    expect(person.page.get_by_text("This was sent by a page of another site")).to_be_visible()
    assert live.rows("SELECT suspended FROM switch") == [(0,)]


def test_links_may_be_followed_from_it(person: Person, live: Live, customer: Customer, elsewhere: str) -> None:
    """To every page that can be looked at."""
    for path in ("/login", "/webservice/queuecall.php", "/testing/clock", "/metrics", "/"):
        show(person, customer, elsewhere, f"<a href='{live.url}{path}'>Look</a>")
        with person.page.expect_response(live.url + path) as arrived:
            person.follow("Look")
        assert arrived.value.status == 200, path
