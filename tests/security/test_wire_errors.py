"""What goes wrong at the endpoints is XML with the status that fits, over HTTP, from the real server."""

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from live import Live, running

from app import factory
from app.settings import Settings


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("wire")
    with running(folder, workers="1", max_upload="1 MiB") as one:
        yield one


def _ask(
    live: Live, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=15)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BAD_MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        pytest.param("POST", "/webservice/nowhere.php", FORM, b"a=b", 404, id="404"),
        pytest.param("GET", "/outbound/webservice/", {}, None, 404, id="404 in a folder of ours"),
        pytest.param("GET", "/a%00b.php", {}, None, 404, id="404 NUL"),
        pytest.param("GET", "/%ff%fe.php", {}, None, 404, id="404 no UTF-8"),
        pytest.param("PUT", "/queuecall.php", FORM, b"a=b", 405, id="405 PUT"),
        pytest.param("DELETE", "/webservice/queuecalls.php", {}, None, 405, id="405 DELETE"),
        pytest.param("TRACE", "/queuecall.php", {}, None, 405, id="405 TRACE"),
        pytest.param("FOO", "/queuecall.php", {}, None, 405, id="405 unknown"),
        pytest.param("POST", "/queuecall.php", FORM, b"a" * 1_048_577, 413, id="413"),
        pytest.param("POST", "/queuecalls.php", BAD_MULTIPART, b"a" * 1_048_577, 413, id="413 multipart"),
        pytest.param("POST", "/queuecall.php", FORM | {"Host": "other.example"}, b"a=b", 421, id="421"),
        pytest.param("POST", "/queuecall.php", FORM | {"Via": "1.1 p"}, b"a=b", 403, id="403"),
        pytest.param("POST", "/queuecalls.php", BAD_MULTIPART, b"--b\r\nx", 200, id="malformed multipart"),
        pytest.param("POST", "/queuecall.php", {"Content-Type": "\xff;;="}, b"a", 200, id="malformed type"),
        pytest.param("POST", "/queuecall.php", {}, b"", 200, id="nothing at all"),
        pytest.param("POST", "/queuecall.php?" + "a" * 3000, FORM, b"a=b", 200, id="a long query"),
    ],
)
def test_errors_are_xml(
    live: Live, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    """Its root has status failed and one error; 405 says what is allowed; no server version anywhere."""
    answer, content = _ask(live, method, path, headers, body)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
    root = ElementTree.fromstring(content)
    assert root.get("status") == "failed"
    assert root.findtext("error")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(char.isdigit() for char in answer.headers.get("Server", ""))
    if status == 405:
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_client_that_sends_all_before_it_reads_learns_why_it_is_refused(live: Live, version: str) -> None:
    """Though nobody wants what it sends, and the connection ends after the answer."""
    body = b"a" * 8_388_608
    head = (
        f"POST /queuecall.php {version}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] == b"413"
    assert answer.endswith(b"</queuecall>\n")


def test_a_fault_of_ours_is_xml(settings: Settings, database: None) -> None:
    """500, and nothing about the fault."""
    web = factory.create_app(settings)
    web.extensions["classic"] = None
    answer = web.test_client().post("/queuecall.php", data={"login": "x"})
    assert answer.status_code == 500
    assert ElementTree.fromstring(answer.data).findtext("error") == "a fault of ours; nothing was queued"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        pytest.param(
            b"GET /queuecall.php?" + b"a" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, id="long line"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431, id="long field"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 70 + b"\r\n", 431, id="many fields"),
        pytest.param(b"rubbish\r\n\r\n", 400, id="rubbish"),
    ],
)
def test_what_is_no_http_is_refused_by_the_server(live: Live, request_line: bytes, status: int) -> None:
    """Before ringback sees it, in plain words."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=15) as connection:
        connection.sendall(request_line)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"Traceback" not in answer
    assert int(answer.split()[1]) in (status, 400)


def test_head_and_options(live: Live) -> None:
    """HEAD is GET without a body; OPTIONS says what is allowed."""
    answer, content = _ask(live, "HEAD", "/queuecall.php")
    assert (answer.status, content) == (200, b"")
    answer, content = _ask(live, "OPTIONS", "/webservice/queuecalls.php")
    assert answer.status == 200
    assert {"GET", "HEAD", "OPTIONS", "POST"} == set(answer.headers["Allow"].split(", "))
