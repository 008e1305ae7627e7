"""What an account may have: queued calls, campaigns, deployments, lines; refused in the format of each API."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import MovableClock
from visitor import Visitor, words
from werkzeug.test import TestResponse

from app import factory
from app.calls import accounts, deployments, keys, quotas
from app.calls.db import execute, take_ids, writing
from app.calls.quotas import AS_SETTINGS, OwnLimits, Quotas
from app.errors import QuotaReached
from app.settings import Settings

CALLS = "your account has no more than 3 queued calls at a time; send it again when calls have been made"
CAMPAIGNS = "your account has no more than 4 campaigns at a time; send it again when old ones have been deleted"
LIMITS = {"RINGBACK_ACCOUNT_QUEUED": "3", "RINGBACK_ACCOUNT_CAMPAIGNS": "4", "RINGBACK_ACCOUNT_DEPLOYMENTS": "2"}
KNOWN = {"auth": (keys.DEMO_EMAIL, keys.DEMO_KEY)}
Send = Callable[[FlaskClient, str, int], TestResponse]


@pytest.fixture
def limited(settings: Settings, database: None) -> Settings:
    return Settings.read({"RINGBACK_DATABASE": settings.database} | LIMITS)


@pytest.fixture
def web(limited: Settings, clock: MovableClock) -> FlaskClient:
    """Three queued calls; four campaigns, of which two are there from the start; two deployments."""
    return factory.create_app(limited, clock).test_client()


def _another_worker(web: FlaskClient) -> FlaskClient:
    """One that has not counted within the last second."""
    return factory.create_app(web.application.extensions["console"].settings, MovableClock()).test_client()


def _list(count: int) -> bytes:
    return b"".join(b"617555%04d\n" % number for number in range(count))


def classic_call(web: FlaskClient, url: str, count: int) -> TestResponse:
    form = {"login": "demo", "pin": "1234", "phone_number": "6175550100", "start_url": url}
    answers = [web.post("/queuecall.php", data=form) for _ in range(count)]
    return answers[-1]


def classic_list(web: FlaskClient, url: str, count: int) -> TestResponse:
    form = {"login": "demo", "pin": "1234", "start_url": url, "phone_list": (io.BytesIO(_list(count)), "list.csv")}
    return web.post("/queuecalls.php", data=form, buffered=True)


def fuse_call(web: FlaskClient, url: str, count: int) -> TestResponse:
    sent = {"data": {"phone_number": "6175550100"}, "headers": {"Accept": "application/json"}}
    answers = [web.post("/api/apps/1/1/queue", **KNOWN, **sent) for _ in range(count)]
    return answers[-1]


def fuse_list(web: FlaskClient, url: str, count: int) -> TestResponse:
    form = {"csv": (io.BytesIO(b"destination\n" + _list(count)), "list.csv")}
    return web.post("/api/apps/1/1/bulk_queue", **KNOWN, data=form, headers={"Accept": "application/xml"})


def _rows(table: str) -> int:
    (count,) = execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def _refused(answer: TestResponse, sentence: str, media_type: str) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60"), answer.text
    assert answer.content_type.startswith(media_type)
    assert sentence in (words(answer.text) if media_type == "text/html" else answer.text)


@pytest.mark.parametrize(
    ("send", "media_type"),
    [
        (classic_call, "text/xml"),
        (classic_list, "text/xml"),
        (fuse_call, "application/json"),
        (fuse_list, "application/xml"),
    ],
)
def test_more_queued_calls_than_allowed_are_refused(
    web: FlaskClient, customer: Customer, send: Send, media_type: str
) -> None:
    """What is within the limit is queued, the rest leaves nothing; room that calls leave is used again."""
    url = f"{customer.url}/start"
    assert send(web, url, 2).status_code in (200, 201, 202)
    campaigns, probes = _rows("campaign"), len(customer.received)
    _refused(send(web, url, 2), CALLS, media_type)
    left = 3 if send in (classic_call, fuse_call) else 2
    assert (_rows("call"), _rows("campaign")) == (left, campaigns)
    if send is classic_call:
        assert len(customer.received) == probes + 1
    execute("UPDATE call SET status = 'succeeded'")
    assert send(_another_worker(web), url, 2).status_code in (200, 201, 202)
    other = accounts.add("other", "5678", MovableClock().now(), allow_weak_pin=True)
    web.application.extensions["classic"].quotas.admit_call(other.id)


def test_more_campaigns_than_allowed_are_refused(web: FlaskClient, customer: Customer) -> None:
    url = f"{customer.url}/start"
    assert [classic_list(web, url, 1).status_code for _ in range(2)] == [200, 200]
    _refused(classic_list(web, url, 1), CAMPAIGNS, "text/xml")
    assert _rows("campaign") == 4
    assert classic_call(web, url, 1).status_code == 200


def test_the_console_refuses_a_call(web: FlaskClient, customer: Customer) -> None:
    """On the page of its form, with 429 and Retry-After; what failed can't be queued again either."""
    url = f"{customer.url}/start"
    classic_list(web, url, 2)
    execute("UPDATE call SET status = 'failed'")
    web = _another_worker(web)
    visitor = Visitor(web).sign_in()
    (campaign_id,) = execute("SELECT max(id) FROM campaign").fetchone()
    fuse_call(web, url, 3)
    _refused(visitor.send("/queue", "/queue", phone_number="6175550100", start_url=url), CALLS, "text/html")
    again = f"/campaigns/{campaign_id}"
    _refused(visitor.send(again, f"{again}/again"), CALLS, "text/html")
    assert (_rows("call"), _rows("campaign")) == (5, 3)


def test_the_console_refuses_a_list(web: FlaskClient, customer: Customer) -> None:
    """On the page where it was looked at; it is kept there, to be queued later."""
    visitor = Visitor(web).sign_in()
    typed = {"start_url": f"{customer.url}/start", "phone_list": (io.BytesIO(_list(4)), "list.csv")}
    tried = visitor.send("/upload", "/upload", **typed).headers["Location"]
    _refused(visitor.send(tried, tried), CALLS, "text/html")
    assert (_rows("call"), _rows("campaign")) == (0, 2)
    quotas.set_own_limits(accounts.named("demo"), replace(AS_SETTINGS, queued=4))
    assert visitor.send(tried, tried).status_code == 302
    assert _rows("call") == 4


def test_the_console_refuses_a_deployment(web: FlaskClient) -> None:
    """Of an application, or with a new one; one that is removed makes room."""
    visitor = Visitor(web).sign_in()
    made = visitor.send("/applications/1", "/applications/1/deployments", name="test", start_url="")
    assert made.status_code == 302
    for page, path in (("/applications/1", "/applications/1/deployments"), ("/applications", "/applications")):
        answer = visitor.send(page, path, name="more", start_url="")
        _refused(answer, "no more than 2 deployments at a time; remove one first", "text/html")
    assert _rows("deployment") == 2
    deployments.remove_deployment(2)
    assert visitor.send("/applications", "/applications", name="more", start_url="").status_code == 302


def test_an_account_has_limits_of_its_own(web: FlaskClient, limited: Settings, customer: Customer) -> None:
    """Instead of those of the settings, higher, lower, or none."""
    demo, url = accounts.named("demo"), f"{customer.url}/start"
    quotas.set_own_limits(demo, OwnLimits(queued=1, campaigns=None, deployments=None, lines=None))
    assert classic_call(web, url, 1).status_code == 200
    assert "no more than 1 queued calls" in classic_call(web, url, 1).text
    quotas.set_own_limits(demo, OwnLimits(queued=0, campaigns=0, deployments=3, lines=2))
    assert classic_list(web, url, 2).status_code == 200
    assert "has more than 2 lines" in classic_list(web, url, 3).text
    Quotas(limited).admit_deployment(demo.id)
    quotas.set_own_limits(demo, AS_SETTINGS)
    with pytest.raises(QuotaReached, match="3 queued calls"):
        Quotas(limited).admit_call(demo.id)


def test_rows_are_counted_only_where_the_limit_is_near(database: None, limited: Settings) -> None:
    """What other accounts queue counts as this account's until there may be too many; then rows are counted."""
    within, counted = Quotas(limited), []
    count = within._count

    def counting(name: str, account_id: int) -> quotas._Counted:
        counted.append(name)
        return count(name, account_id)

    within._count = counting  # type: ignore[method-assign]
    within.admit_call(1)
    for _ in range(2):
        with writing():
            take_ids("call_id")
        within.admit_call(1)
    assert counted == ["call_id"]
    with writing():
        take_ids("call_id", 1_000)
    with pytest.raises(QuotaReached):
        within.admit_call(1)
    assert counted == ["call_id"] * 2
