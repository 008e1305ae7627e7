"""Who may use the testing API, and how its errors look."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from app import factory
from app.settings import Settings
from app.testing import access

pytestmark = pytest.mark.one_engine

TOKEN = "s3cret-tökén"
BEARER = f"Bearer {TOKEN}".encode().decode("latin-1")


def _ask(settings: Settings, headers: dict[str, str], path: str = "/testing/clock") -> TestResponse:
    return factory.create_app(settings).test_client().get(path, headers={"Host": "localhost:8080"} | headers)


def _status(headers: dict[str, str], *, private: bool = True, token: str = "", method: str = "POST") -> int:
    """What becomes of a request with these headers, as an HTTP status."""
    try:
        access.refuse_strangers(method, headers, private=private, token=token)
    except HTTPException as refused:
        return refused.code or 0
    return 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="localhost"),
        pytest.param({"Host": "LOCALHOST"}, 200, id="in capitals, without a port"),
        pytest.param({"Host": "127.0.0.1:8080"}, 200, id="127.0.0.1"),
        pytest.param({"Host": "[::1]:8080"}, 200, id="::1"),
        pytest.param({"Host": "rebound.example.com:8080"}, 403, id="another name"),
        pytest.param({"Host": "localhost.example.com"}, 403, id="a name that begins like ours"),
        pytest.param({"Host": "127.0.0.1.example.com"}, 403, id="another that does"),
        pytest.param({"X-Forwarded-For": "1.2.3.4"}, 403, id="X-Forwarded-For"),
        pytest.param({"x-forwarded-host": "localhost"}, 403, id="any X-Forwarded header"),
        pytest.param({"Forwarded": "for=1.2.3.4"}, 403, id="Forwarded"),
        pytest.param({"Via": "1.1 proxy"}, 403, id="Via"),
        pytest.param({"Authorization": "Bearer guess", "Via": "1.1 proxy"}, 403, id="no token is configured"),
        pytest.param({"Authorization": "Bearer ", "Via": "1.1 proxy"}, 403, id="an empty one is none"),
        pytest.param({"Origin": "http://localhost:8080"}, 200, id="a page of ours"),
        pytest.param({"Origin": "http://localhost:3000"}, 403, id="a page on another port"),
        pytest.param({"Origin": "https://example.com"}, 403, id="a page of another site"),
        pytest.param({"Origin": "null"}, 403, id="a page without an origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="a page that a browser says is another site's"),
    ],
)
def test_it_is_open_to_this_machine(headers: dict[str, str], status: int) -> None:
    """Without a token only a request that can't have come from elsewhere gets in."""
    assert _status({"Host": "localhost:8080"} | headers) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Authorization": BEARER}, 200, id="the token"),
        pytest.param({"Authorization": f"bearer {BEARER[7:]}"}, 200, id="the scheme has no case"),
        pytest.param({"Authorization": BEARER, "Via": "1.1 proxy"}, 200, id="the token through a proxy"),
        pytest.param({}, 401, id="no token"),
        pytest.param({"Authorization": BEARER[:-1]}, 401, id="a part of it"),
        pytest.param({"Authorization": f"Basic {BEARER[7:]}"}, 401, id="another scheme"),
        pytest.param({"Authorization": BEARER, "Origin": "https://example.com"}, 403, id="from another site's page"),
    ],
)
def test_elsewhere_the_token_opens_it(headers: dict[str, str], status: int) -> None:
    """On a bind that others reach, whoever has RINGBACK_TESTING_TOKEN gets in, and nobody else."""
    assert _status({"Host": "ringback.example.com"} | headers, private=False, token=TOKEN) == status


def test_a_link_may_be_followed() -> None:
    """From a page of another site, to what is only looked at."""
    link = {"Host": "localhost:8080", "Sec-Fetch-Site": "cross-site"}
    assert _status(link, method="GET") == 200
    assert _status(link | {"Origin": "https://example.com"}, method="GET") == 403


def test_a_token_over_http(settings: Settings, database: None) -> None:
    """A wrong one is answered with 401 and how to do it; the right one opens."""
    public = replace(settings, bind=("192.0.2.1", 8080), testing_token=TOKEN, secret_key="a key of some length")
    refused = _ask(public, {"Authorization": "Bearer guess"})
    assert (refused.status_code, refused.headers["WWW-Authenticate"].lower()) == (401, "bearer")
    assert refused.json == {"error": "send RINGBACK_TESTING_TOKEN as Authorization: Bearer"}
    assert _ask(public, {"Authorization": BEARER}).status_code == 200


def test_strangers_over_http(settings: Settings, database: None) -> None:
    """403 and the reason, whatever the path; a page of another site is told another one."""
    for path in ("/testing/clock", "/testing/none"):
        answer = _ask(settings, {"Via": "1.1 proxy"}, path)
        assert answer.status_code == 403
        assert "set RINGBACK_TESTING_TOKEN" in answer.json["error"]
    answer = _ask(settings, {"Origin": "https://example.com"})
    assert (answer.status_code, answer.json["error"]) == (403, "pages of other sites may not use the testing API")


def test_a_public_bind_is_closed_to_localhost_too() -> None:
    """Host can be made up by anybody who reaches the port."""
    assert _status({"Host": "localhost:8080"}, private=False) == 403


def test_with_another_carrier_there_is_nothing(settings: Settings, database: None) -> None:
    """Real phones are no plaything: 404 whatever the path."""
    web = factory.create_app(replace(settings, carrier="sip")).test_client()
    for path in ("/testing", "/testing/clock", "/testing/calls/1", "/testing/none"):
        answer = web.get(path)
        assert (answer.status_code, list(answer.json)) == (404, ["error"])


def test_errors_are_json(web: FlaskClient) -> None:
    """One sentence under ``error``, with the status that fits."""
    no_page = "there is no such page in the testing API"
    expected = {
        ("GET", "/testing"): (404, no_page),
        ("GET", "/testing/calls/99999999999"): (404, no_page),
        ("GET", "/testing/calls/7"): (404, "call_id: there is no call 7"),
        ("GET", "/testing/callees/6175550100"): (404, "number: +16175550100 has no script"),
        ("DELETE", "/testing/clock"): (405, "the method is not one that this page takes"),
        ("POST", "/testing/reset?x=1"): (400, "in the query: x is not known, only nothing"),
        ("GET", "/testing/wait?timeout=601"): (400, "timeout: must be a number of seconds from 0 to 600"),
    }
    for (method, path), (status, sentence) in expected.items():
        answer = web.open(path, method=method)
        assert (answer.status_code, answer.json) == (status, {"error": sentence})
    assert "GET" in web.delete("/testing/clock").headers["Allow"]


def test_a_large_body_is_413(web: FlaskClient) -> None:
    """The testing API takes a megabyte."""
    answer = web.put("/testing/callees/6175550100", data=b" " * 1_048_577)
    assert (answer.status_code, list(answer.json)) == (413, ["error"])


def test_errors_elsewhere_stay_as_they_are(web: FlaskClient) -> None:
    """A path that only begins alike is none of ours."""
    assert web.get("/testingly").content_type.startswith("text/html")
