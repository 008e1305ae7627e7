"""The pre-flight as a client sees it: whatever is wrong with a URL, one sentence, in time, and nothing is queued."""

import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import faults
import pytest
from customer import Customer, Reply
from flask.testing import FlaskClient
from office import MovableClock

from app import factory
from app.calls.db import execute
from app.settings import Settings

pytestmark = pytest.mark.one_engine

# These wait for ten seconds, and write nothing.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
A_BYTE_A_SECOND = faults.drip(faults.head(length=1000), every=1.0)


@contextmanager
def _listener(behave: faults.Behaviour) -> Iterator[str]:
    """A server that misbehaves; its address."""
    with closing(faults.Server(behave)) as server:
        yield f"{server.url}/"


def _form(start_url: str, result_url: str = "") -> dict[str, str]:
    return {
        "login": "demo",
        "pin": "1234",
        "phone_number": "6175550100",
        "start_url": start_url,
        "result_url": result_url,
    }


def _refused_port() -> str:
    with _listener(faults.silence) as url:
        return url


@on_one_database
@pytest.mark.parametrize("field", ["start_url", "result_url"])
@pytest.mark.parametrize(
    "fault", ["404", "301 to 404", "refused", "unknown host", "never answers", "a byte a second", "500", "204"]
)
def test_a_url_that_does_not_answer_200(web: FlaskClient, customer: Customer, fault: str, field: str) -> None:
    """The documented answer within 11 s; no row is left."""
    customer.answers |= {
        "/moved": lambda _: Reply(301, headers={"Location": "/nowhere"}),
        "/500": lambda _: Reply(500),
        "/204": lambda _: Reply(204),
    }
    with _listener(faults.silence) as never, _listener(A_BYTE_A_SECOND) as drip:
        url, why = {
            "404": (f"{customer.url}/nowhere", "it answered 404"),
            "301 to 404": (f"{customer.url}/moved", "it answered 404"),
            "refused": (_refused_port(), "connection refused or unreachable"),
            "unknown host": ("http://no-such-host.invalid/", "no such host"),
            "never answers": (never, "no whole answer in time"),
            "a byte a second": (drip, "no whole answer in time"),
            "500": (f"{customer.url}/500", "it answered 500"),
            "204": (f"{customer.url}/204", "it answered 204"),
        }[fault]
        urls = {"start_url": f"{customer.url}/start", field: url}
        began = time.monotonic()
        answer = web.post("/queuecall.php", data=_form(**urls))
        assert time.monotonic() - began < 11
    assert f"<error>{field}: {url} did not answer 200 OK: {why}</error>" in answer.text
    assert execute("SELECT count(*) FROM terms").fetchone() == (0,)


def test_both_urls_are_probed_side_by_side(web: FlaskClient, customer: Customer) -> None:
    """Two URLs that never answer cost the time of one."""
    with _listener(faults.silence) as first, _listener(faults.silence) as second:
        began = time.monotonic()
        answer = web.post("/queuecall.php", data=_form(first, second))
        assert time.monotonic() - began < 11
    assert f"<error>start_url: {first} did not answer 200 OK: no whole answer in time</error>" in answer.text


def test_a_redirect_to_200_is_fine(web: FlaskClient, customer: Customer) -> None:
    """301 to a page that answers."""
    customer.answers["/moved"] = lambda _: Reply(301, headers={"Location": "/start"})
    assert 'status="queued"' in web.post("/queuecall.php", data=_form(f"{customer.url}/moved")).text


def test_a_body_of_200_mib_is_not_read(web: FlaskClient, customer: Customer) -> None:
    """It answered 200, so the call is queued; no more than the first 64 kB are looked at."""
    with _listener(faults.flood) as endless:
        tracemalloc.start()
        answer = web.post("/queuecall.php", data=_form(endless))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert 'status="queued"' in answer.text
    assert peak < 20 << 20


def test_the_probe_is_a_bare_get_once_per_distinct_url(web: FlaskClient, customer: Customer) -> None:
    """No HEAD, no form fields, and one request when both fields name the same address."""
    web.post("/queuecall.php", data=_form(f"{customer.url}/start", f"{customer.url}/start"))
    web.post("/queuecall.php", data=_form(f"{customer.url}/start", f"{customer.url}/result"))
    assert sorted((one.method, one.path, one.body) for one in customer.received) == [
        ("GET", "/result", b""),
        ("GET", "/start", b""),
        ("GET", "/start", b""),
    ]


def test_nothing_goes_out_before_the_credentials_pass(web: FlaskClient, customer: Customer) -> None:
    """A stranger can't make ringback fetch anything."""
    web.post("/queuecall.php", data=_form(f"{customer.url}/start") | {"pin": "0000"})
    web.post("/queuecall.php", data=_form(f"{customer.url}/start") | {"phone_number": "911"})
    assert customer.received == []


def test_a_start_url_that_is_not_voicexml_is_queued_with_a_note(web: FlaskClient, customer: Customer) -> None:
    """A page that only answers a POST with VoiceXML is fine."""
    customer.answers["/plain"] = lambda _: Reply(body=b"hello")
    assert 'status="queued"' in web.post("/queuecall.php", data=_form(f"{customer.url}/plain")).text
    ((notes,),) = execute("SELECT notes FROM terms").fetchall()
    assert notes.startswith("start_url answered its probe, but the page is not well-formed XML")


@on_one_database
def test_many_hanging_urls_at_once(settings: Settings, database: None, clock: MovableClock) -> None:
    """Of sixteen clients whose start_url never answers a quarter of the threads wait; the others may try again."""
    app = factory.create_app(settings, clock)
    with _listener(faults.silence) as never, ThreadPoolExecutor(16) as clients:
        began = time.monotonic()
        posts = [clients.submit(app.test_client().post, "/queuecall.php", data=_form(never)) for _ in range(16)]
        answers = [post.result() for post in posts]
        assert time.monotonic() - began < 11.5
    refused = [answer for answer in answers if answer.status_code == 429]
    sentence = "too many of your requests are waiting for your servers to answer their probes; try again"
    assert all(f"<error>{sentence}</error>" in answer.text for answer in refused)
    assert {answer.headers["Retry-After"] for answer in refused} == {"5"}
    assert sum("did not answer 200 OK" in answer.text for answer in answers) == settings.threads // 4
    assert len(refused) == 16 - settings.threads // 4
