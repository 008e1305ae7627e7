"""The Fuse API over HTTP: what an accepted request becomes, which of two formats an answer has, methods and hosts."""

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from office import RECEIVED, MovableClock

from app import factory
from app.calls import accounts, deployments, keys
from app.calls.db import execute
from app.settings import Settings

pytestmark = pytest.mark.one_engine

DEMO = ("demo@example.com", "demo-key")
QUEUE = "/api/apps/1/1/queue"
NOW = int(RECEIVED.timestamp())


def _queue(web: FlaskClient, **fields: object) -> dict[str, Any]:
    """The call_details of a call that is queued with these fields."""
    answer = web.post(QUEUE, data={"phone_number": "6175550100"} | fields, auth=DEMO)
    assert answer.status_code == 200, answer.text
    status = web.get(answer.headers["Link"].partition(">")[0].removeprefix("<"), auth=DEMO)
    details: dict[str, Any] = status.get_json()["call_details"]
    return details


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param(
            {},
            {"max_attempts": "1", "reattempt_wait": "300", "start_timestamp": f"{NOW}", "end_timestamp": ""},
            id="defaults",
        ),
        pytest.param(
            {"phone_number": " +1 (617) 555-0100 "}, {"phone_number": "+1 (617) 555-0100"}, id="number as sent"
        ),
        pytest.param({"start_timestamp": NOW - 60}, {"start_timestamp": f"{NOW}"}, id="a start in the past is now"),
        pytest.param({"start_timestamp": NOW + 60}, {"start_timestamp": f"{NOW + 60}"}, id="start"),
        pytest.param({"end_timestamp": NOW + 60}, {"end_timestamp": f"{NOW + 60}"}, id="end"),
        pytest.param(
            {"max_attempts": 10, "reattempt_wait": 86_400},
            {"max_attempts": "10", "reattempt_wait": "86400"},
            id="attempts",
        ),
        pytest.param({"metadata": '{"a": [1, {"b": null}]}'}, {"metadata": {"a": [1, {"b": None}]}}, id="metadata"),
        pytest.param({"metadata": '{"a": "é"}'.encode("cp1252")}, {"metadata": {"a": "é"}}, id="Windows-1252"),
    ],
)
def test_a_field_is_what_the_status_tells(web: FlaskClient, fields: dict[str, object], told: dict[str, object]) -> None:
    details = _queue(web, **fields)
    assert {name: details[name] for name in told} == told


def test_all_of_an_order_is_kept(web: FlaskClient) -> None:
    """Of the deployment: its start_url and its queue; of Fuse: results as JSON, canceled when it was never dialled."""
    _queue(web, result_url="http://127.0.0.1:9/r", is_pci="1", max_attempts="3", reattempt_wait="60")
    terms = execute(
        "SELECT start_url, result_url, max_retries, retry_interval, result_format, undialled, is_pci FROM terms"
    )
    assert [(*row[:6], bool(row[6])) for row in terms.fetchall()] == [
        ("", "http://127.0.0.1:9/r", 2, 60, "json", "canceled", True)
    ]
    (deployment_id,) = execute("SELECT deployment_id FROM call JOIN campaign ON campaign.id = campaign_id").fetchone()
    assert deployment_id == 1


def test_nobody_is_asked_for_a_result_url(web: FlaskClient) -> None:
    """A port that nobody listens on will do: there is no pre-flight."""
    assert _queue(web, result_url="http://127.0.0.1:9/nobody")["status"] == "queued"


@pytest.mark.parametrize(
    ("url", "network"),
    [
        *(
            (url, "public")
            for url in ("http://127.0.0.1/", "http://localhost/", "http://a.localhost./", "http://10.0.0.1/")
        ),
        *((url, "public") for url in ("http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://192.168.1.1/")),
        *(
            (url, "open")
            for url in ("http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://017.0.0.1/")
        ),
        *(
            (url, "open")
            for url in ("http://2130706433/", "http://a b/", "http://a\\b/", "http://[::1/", "http://a:0/")
        ),
    ],
)
def test_a_result_url_that_is_not_called_from_here(settings: Settings, database: None, url: str, network: str) -> None:
    """One sentence for every reason why not, so that it tells nothing of our network."""
    web = factory.create_app(replace(settings, network=network)).test_client()
    answer = web.post(QUEUE, data={"phone_number": "6175550100", "result_url": url}, auth=DEMO)
    assert answer.status_code == 400
    sentence = answer.get_json()["error"]
    assert sentence.startswith("result_url: ")
    assert "must be" in sentence or sentence == f"result_url: {url} is not a URL that is called from here"
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param(None, "application/json", id="none"),
        pytest.param("", "application/json", id="empty"),
        pytest.param("*/*", "application/json", id="anything"),
        pytest.param("application/json", "application/json", id="JSON"),
        pytest.param("application/xml", "application/xml; charset=UTF-8", id="XML"),
        pytest.param("text/xml", "application/xml; charset=UTF-8", id="text/xml"),
        pytest.param("application/json, application/xml", "application/json", id="both alike"),
        pytest.param(
            "application/xml;q=0.9, application/json;q=0.8", "application/xml; charset=UTF-8", id="XML rather"
        ),
        pytest.param("application/xml;q=0.5, application/json", "application/json", id="JSON rather"),
        pytest.param("application/json;q=0, */*", "application/xml; charset=UTF-8", id="anything but JSON"),
        pytest.param("text/html,application/xml;q=0.9,*/*;q=0.8", "application/xml; charset=UTF-8", id="a browser"),
        pytest.param("text/html", "application/json", id="neither"),
        pytest.param("application/x-www-form-urlencoded, application/json", "application/json", id="the vendor's page"),
        pytest.param("nonsense;;q=,", "application/json", id="nonsense"),
    ],
)
@pytest.mark.parametrize("path", [QUEUE, "/api/nowhere"])
def test_accept_decides_between_json_and_xml(
    web: FlaskClient, path: str, accept: str | None, content_type: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = web.post(path, data={"phone_number": "6175550100"}, auth=DEMO, headers=headers)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Vary"] == "Accept"
    if content_type == "application/json":
        json.loads(answer.data)
    else:
        assert ElementTree.fromstring(answer.data).tag == "result"


def test_xml_tells_every_kind_of_metadata(web: FlaskClient) -> None:
    """Members are elements, those whose names XML does not allow are items with a name; lists are items."""
    metadata = {
        "name": "a < b & \x07\r\n",
        "a$b": {"first name": "x", 'q"<\n': True},
        "xmlish": [1.5, None, [], {}, ["y"]],
        "été": "",
    }
    answer = web.post(QUEUE, json={"phone_number": "6175550100", "metadata": metadata}, auth=DEMO)
    call_id = answer.get_json()["call_id"]
    status = web.get(f"/api/outbound/{call_id}", auth=DEMO, headers={"Accept": "application/xml"})
    found = ElementTree.fromstring(status.data).find("call_details/metadata")
    assert found is not None
    assert {(child.tag, child.get("name")) for child in found} == {
        ("name", None),
        ("item", "a$b"),
        ("item", "xmlish"),
        ("item", "été"),
    }
    assert found.findtext("name") == "a < b & \ufffd\r\n"
    assert found.findtext("item[@name='a$b']/item[@name='first name']") == "x"
    assert [child.get("name") for child in found.findall("item[@name='a$b']/item")] == ["first name", 'q"<\n']
    assert [child.text for child in found.findall("item[@name='xmlish']/item")] == ["1.5", None, None, None, None]
    assert found.findtext("item[@name='xmlish']/item/item") == "y"


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:9000", "[::1]:8080"])
def test_the_link_is_to_the_host_that_was_asked(web: FlaskClient, host: str) -> None:
    answer = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers={"Host": host})
    call_id = answer.get_json()["call_id"]
    assert answer.headers["Link"] == f'<http://{host}/api/outbound/{call_id}>; rel="status"'


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        pytest.param("OPTIONS", QUEUE, 200, {"OPTIONS", "POST"}, id="OPTIONS queue"),
        pytest.param("OPTIONS", "/api/apps/1/1/cancel", 200, {"OPTIONS", "DELETE"}, id="OPTIONS cancel"),
        pytest.param("OPTIONS", "/api/outbound/1", 200, {"OPTIONS", "GET", "HEAD"}, id="OPTIONS status"),
        pytest.param("HEAD", QUEUE, 405, {"OPTIONS", "POST"}, id="HEAD queue"),
        pytest.param("PUT", "/api/apps/1/1/bulk_queue", 405, {"OPTIONS", "POST"}, id="PUT bulk_queue"),
        pytest.param("POST", "/api/apps/1/1/cancel", 405, {"OPTIONS", "DELETE"}, id="POST cancel"),
        pytest.param("DELETE", "/api/outbound/1", 405, {"OPTIONS", "GET", "HEAD"}, id="DELETE status"),
        pytest.param("HEAD", "/api/outbound/1", 404, set(), id="HEAD of no call"),
    ],
)
def test_methods(web: FlaskClient, method: str, path: str, status: int, allow: set[str]) -> None:
    answer = web.open(path, method=method, auth=DEMO)
    assert answer.status_code == status
    assert set(answer.headers.get("Allow", "").split(", ")) - {""} == allow


def test_head_is_get_without_a_body(web: FlaskClient) -> None:
    call_id = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO).get_json()["call_id"]
    get, head = (web.open(f"/api/outbound/{call_id}", method=method, auth=DEMO) for method in ("GET", "HEAD"))
    assert (head.status_code, head.headers["Content-Length"]) == (200, get.headers["Content-Length"])
    assert head.data == b""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "elsewhere.example"}, 421, id="a host that is not ours"),
        pytest.param({"X-Forwarded-For": "192.0.2.1"}, 403, id="through a proxy that nobody announced"),
    ],
)
def test_the_door_answers_in_the_words_of_the_api(web: FlaskClient, headers: dict[str, str], status: int) -> None:
    answer = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers=headers)
    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_an_email_address_in_capitals_and_a_key_with_colons(web: FlaskClient, clock: MovableClock) -> None:
    """The address is read in any case; a key ends where the credentials do (RFC 7617 section 2)."""
    keys.add(accounts.named("demo"), "odd", clock.now(), "a:b:é")
    for who in (("DEMO@Example.com", "demo-key"), ("demo@example.com", "a:b:é")):
        assert web.post(QUEUE, data={"phone_number": "6175550100"}, auth=who).status_code == 200


def test_a_deployment_without_and_with_a_start_url(web: FlaskClient) -> None:
    """The one that it has when a call is queued is the call's."""
    _queue(web)
    deployments.point(1, "http://127.0.0.1:9/start")
    _queue(web)
    assert [url for (url,) in execute("SELECT start_url FROM terms ORDER BY id").fetchall()] == [
        "",
        "http://127.0.0.1:9/start",
    ]


@pytest.mark.parametrize("depth", [2_000, 100_000])
@pytest.mark.parametrize("field", ["metadata", "phone_number", "anything"])
def test_json_that_is_nested_deeply_is_refused_in_words(web: FlaskClient, field: str, depth: int) -> None:
    body = f'{{"{field}": {"[" * depth}{"]" * depth}, "phone_number": "6175550100"}}'
    answer = web.post(QUEUE, data=body, content_type="application/json", auth=DEMO)
    assert answer.status_code == 400
    assert answer.get_json()["error"]
