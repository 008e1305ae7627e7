"""Lists as they really are, over HTTP: the hostile files, the large ones, the clients that go away."""

import http.client
import json
import socket
import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import multipart
import pytest
from customer import Customer
from flask.testing import FlaskClient
from live import Live, running, until

from app import factory
from app.calls import db
from app.calls.db import execute
from app.settings import Settings

FILES = sorted((Path(__file__).parent.parent / "data" / "phonelists").glob("*.csv"))
XML_CHANGES = {ord("\r"): "\r"} | {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}


def _post(web: FlaskClient, customer: Customer, numbers: bytes, **more: str) -> ElementTree.Element:
    form = {"login": "demo", "pin": "1234", "start_url": f"{customer.url}/start"} | more
    body = multipart.encode(form, numbers)
    with web.post("/webservice/queuecalls.php", data=body, content_type=multipart.CONTENT_TYPE) as answer:
        assert answer.status_code == 200
        return ElementTree.fromstring(answer.data)


def _counts() -> tuple[int, int, int]:
    (counts,) = execute(
        """SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM terms),
            (SELECT count(*) FROM campaign WHERE NOT is_default)"""
    ).fetchall()
    return tuple(counts)


@pytest.mark.one_engine
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hostile_list_over_http(web: FlaskClient, customer: Customer, file: Path) -> None:
    """The outcome beside the file: the same lines queued, the same reasons; a refused list leaves nothing."""
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    answer = _post(web, customer, file.read_bytes())
    if "refused" in expected:
        assert answer.get("status") == "failed"
        assert answer.findtext("error") == expected["refused"].translate(XML_CHANGES)
        assert _counts() == (0, 0, 0)
        return
    queued = [call for call in answer.iter("call") if call.get("status") == "queued"]
    assert [(int(call.get("line", 0)), call.findtext("phone_number")) for call in queued] == [
        (line, sent.translate(XML_CHANGES)) for line, sent, *_ in expected["queued"]
    ]
    rejected = [call for call in answer.iter("call") if call.get("status") == "rejected"]
    assert [(int(call.get("line", 0)), call.findtext("error")) for call in rejected] == [
        (line, error.translate(XML_CHANGES)) for line, _, error in expected["rejected"]
    ]
    rows = execute(
        "SELECT id, phone_number, number, message_reference, call_parameters FROM call ORDER BY id"
    ).fetchall()
    assert [list(row) for row in rows] == [
        [int(call.get("call_id", 0)), *line[1:]] for call, line in zip(queued, expected["queued"], strict=True)
    ]
    assert int(answer.get("duplicates", 0)) == expected["duplicates"]
    assert (int(answer.get("queued", 0)), int(answer.get("rejected", 0))) == (len(queued), len(rejected))


def test_only_the_first_thousand_rejected_lines_are_listed(web: FlaskClient, customer: Customer) -> None:
    """The rest is counted; the good lines are all there."""
    answer = _post(web, customer, b"911\n6175550100\n" * 1_500)
    assert answer.attrib == {
        "status": "queued",
        "campaign_id": "3",
        "queued": "1500",
        "rejected": "1500",
        "duplicates": "1499",
        "rejected_not_listed": "500",
    }
    statuses = [call.get("status") for call in answer.iter("call")]
    assert (statuses.count("queued"), statuses.count("rejected")) == (1_500, 1_000)
    lines = [int(call.get("line", 0)) for call in answer.iter("call")]
    assert lines == sorted(lines)


def test_a_list_one_line_too_long_leaves_nothing(settings: Settings, database: None, customer: Customer) -> None:
    """20,001 lines: refused by name of the limit, after all the others were loaded; no campaign, no call."""
    limited = replace(settings, max_lines_per_list=20_000)
    answer = _post(factory.create_app(limited).test_client(), customer, b"6175550100\n" * 20_001)
    assert answer.get("status") == "failed"
    assert answer.findtext("error") == "phone_list: has more than 20000 lines; send it in several parts"
    assert _counts() == (0, 0, 0)


def test_a_body_over_the_limit_is_413_in_xml(web: FlaskClient, customer: Customer) -> None:
    """More than RINGBACK_MAX_UPLOAD: the same XML, with its own status."""
    body = b"login=demo&pin=1234&phone_list=" + b"6" * (65 << 20)
    answer = web.post("/queuecalls.php", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert ElementTree.fromstring(answer.data).get("status") == "failed"


@pytest.mark.one_engine
@pytest.mark.parametrize(
    ("method", "path", "status", "root"),
    [
        pytest.param("PUT", "/webservice/queuecall.php", 405, "queuecall", id="405"),
        pytest.param("DELETE", "/queuecalls.php", 405, "queuecalls", id="405 for lists"),
        pytest.param("POST", "/webservice/queuecal.php", 404, "queuecall", id="404"),
        pytest.param("POST", "/outbound/webservice/queuecall", 404, "queuecall", id="404 without .php"),
    ],
)
def test_other_errors_are_xml_too(web: FlaskClient, method: str, path: str, status: int, root: str) -> None:
    """404 and 405 on .php paths."""
    answer = web.open(path, method=method)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
    parsed = ElementTree.fromstring(answer.data)
    assert (parsed.tag, parsed.get("status")) == (root, "failed")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("lists")) as server:
        yield server


@pytest.mark.parametrize("promised", [10_000, 10_000_000], ids=["a wrong Content-Length", "a body that never ends"])
def test_a_client_that_goes_away_leaves_nothing(live: Live, customer: Customer, promised: int) -> None:
    """Less is sent than was promised, then the connection is closed: nothing is queued and the server goes on."""
    counts = "SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM campaign WHERE NOT is_default)"
    before = live.rows(counts)
    head = (
        "POST /queuecalls.php HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {promised}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="login"\r\n\r\ndemo\r\n'
        '--b\r\nContent-Disposition: form-data; name="pin"\r\n\r\n1234\r\n'
        f'--b\r\nContent-Disposition: form-data; name="start_url"\r\n\r\n{customer.url}/start\r\n'
        '--b\r\nContent-Disposition: form-data; name="phone_list"; filename="l"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(head.encode() + b"6175550100\r\n" * 500)
        _, port = connection.getsockname()
    until(lambda: not live.is_connected(port), 20, "the server has done with it")
    assert live.rows(counts) == before
    assert 'status="failed"' in live.post("/queuecalls.php", login="demo", pin="1234")
    assert "Traceback" not in live.log.read_text()


@pytest.mark.parametrize("endpoint", ["queuecall", "queuecalls"])
def test_a_urlencoded_body_that_ends_early_is_not_taken_for_a_whole_one(
    live: Live, customer: Customer, endpoint: str
) -> None:
    """The client dies in the middle of a number: a shorter number would be somebody else's."""
    before = live.rows("SELECT count(*) FROM call")
    number = "phone_list=6175550100%0A%2B4412345678" if endpoint == "queuecalls" else "phone_number=%2B4412345678"
    body = f"login=demo&pin=1234&start_url={customer.url}/start&{number}".encode()
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(
            f"POST /{endpoint}.php HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body) + 2}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
            + body
        )
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"<error>the form can't be read: it ended before its Content-Length</error>" in answer
    assert live.rows("SELECT count(*) FROM call") == before


def test_a_chunked_body_over_the_limit_is_413(tmp_path: Path, customer: Customer) -> None:
    """No Content-Length tells how long it is: it is not cut at the limit and taken for a whole one."""
    numbers = "%0A".join(f"617{2_000_000 + n}" for n in range(3_000))
    body = f"login=demo&pin=1234&start_url={customer.url}/start&phone_list={numbers}".encode()
    with running(tmp_path, max_upload="20 KiB") as small:
        connection = http.client.HTTPConnection("127.0.0.1", small.port, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/queuecalls.php", iter([body[:9_000], body[9_000:]]), headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert b'status="failed"' in answer.read()
        connection.close()
        assert small.rows("SELECT count(*) FROM call") == [(0,)]


@pytest.mark.one_engine
@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        pytest.param(
            b"&".join(b"f%d=1" % n for n in range(1_001)),
            "application/x-www-form-urlencoded",
            "it has more than 1000 fields",
            id="too many fields",
        ),
        pytest.param(
            b"--y\r\nfoo",
            "multipart/form-data; boundary=x",
            "its multipart/form-data is malformed",
            id="wrong boundary",
        ),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\nde',
            "multipart/form-data; boundary=x",
            "its multipart/form-data is malformed",
            id="cut multipart",
        ),
    ],
)
def test_a_form_that_cannot_be_read_says_so(web: FlaskClient, body: bytes, content_type: str, why: str) -> None:
    """200 with our own sentence, not a word about logins."""
    answer = web.post("/queuecall.php", data=body, content_type=content_type)
    assert answer.status_code == 200
    assert (ElementTree.fromstring(answer.data).findtext("error") or "").startswith(f"the form can't be read: {why}")


@pytest.mark.soak
def test_nobody_waits_long_for_a_long_list(live: Live, customer: Customer) -> None:
    """While 400,000 lines are loaded, another process gets its turn to write in between, nearly always soon.

    Some 40 ms on a machine with nothing else to do; if all lines were one transaction it would be seconds.
    """
    numbers = "\n".join(f"1617{2_000_000 + n},reference-{n}" for n in range(400_000))
    form = {"login": "demo", "pin": "1234", "start_url": f"{customer.url}/start", "phone_list": numbers}
    answers: list[str] = []
    form["scheduled_time"] = "+1 year"
    loader = threading.Thread(target=lambda: answers.append(live.post("/queuecalls.php", **form)))
    db.open_database(f"sqlite:///{live.database}")
    try:
        loader.start()
        until(lambda: live.rows("SELECT 1 FROM campaign WHERE status = 'loading'"), 20, "loading is under way")
        waits = []
        while loader.is_alive():
            began = time.monotonic()
            with db.writing():
                waits.append(time.monotonic() - began)
            time.sleep(0.005)
    finally:
        loader.join()
        db.close_database()
    assert 'queued="400000"' in answers[0][:300]
    assert len(waits) > 20
    assert statistics.quantiles(waits, n=20)[-1] < 1, sorted(waits)[-10:]
