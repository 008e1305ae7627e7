"""Requests a second of an account: 429 and Retry-After in the format of each API, and nobody else is slowed."""

import pytest
from flask.testing import FlaskClient
from office import MovableClock

from app import factory
from app.calls import accounts, keys
from app.calls.db import execute
from app.calls.request_rates import RequestRates
from app.errors import TooManyRequests
from app.settings import Settings

pytestmark = pytest.mark.one_engine
SENTENCE = "your account sends more requests than it may; try again"
CREDENTIALS = {"login": "demo", "pin": "1234"}


@pytest.fixture
def web(settings: Settings, database: None, clock: MovableClock) -> FlaskClient:
    """One request in 32 seconds."""
    limits = {"RINGBACK_ACCOUNT_RATE": "1", "RINGBACK_WORKERS": "32"}
    limited = Settings.read({"RINGBACK_DATABASE": settings.database} | limits)
    return factory.create_app(limited, clock).test_client()


def test_a_bucket_fills_again_and_never_over() -> None:
    now = [100.0]
    rates = RequestRates(2, lambda: now[0])
    for _ in range(2):
        for _ in range(2):
            rates.take(1)
        with pytest.raises(TooManyRequests) as refused:
            rates.take(1)
        assert refused.value.retry_after == 1
        rates.take(2)
        now[0] += 60
    RequestRates(0, lambda: now[0]).take(1)


@pytest.mark.parametrize("page", ["queuecall", "queuecalls"])
def test_the_classic_api_answers_in_xml(web: FlaskClient, page: str) -> None:
    """The first is refused for what it lacks, the next for coming too soon; an unknown login learns nothing of it."""
    answers = [web.post(f"/{page}.php", data=CREDENTIALS) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert f"<error>{SENTENCE}</error>" in answers[1].text
    assert 30 <= int(answers[1].headers["Retry-After"]) <= 32
    accounts.add("other", "5678", MovableClock().now(), allow_weak_pin=True)
    other = web.post(f"/{page}.php", data={"login": "other", "pin": "5678"})
    assert (other.status_code, SENTENCE in other.text) == (200, False)
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_fuse_answers_in_json_or_xml(web: FlaskClient, accept: str) -> None:
    known = {"auth": (keys.DEMO_EMAIL, keys.DEMO_KEY), "headers": {"Accept": accept}}
    answers = [web.post("/api/apps/1/1/queue", **known) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 429]
    assert answers[1].content_type.startswith(accept)
    assert SENTENCE in answers[1].text
    assert 30 <= int(answers[1].headers["Retry-After"]) <= 32
