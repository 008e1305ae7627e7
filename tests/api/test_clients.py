"""Clients as they are in the field, unchanged, against the server as it runs: PHP, curl, requests, .NET."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import pytest
import requests
from customer import Customer, Reply
from live import Live, running
from needs import needs

CLIENTS = Path(__file__).parent.parent / "clients"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("clients")) as server:
        yield server


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _fields(customer: Customer) -> dict[str, str]:
    return {
        "login": "demo",
        "pin": "1234",
        "phone_number": "6175550100",
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
    }


@needs("php", "php-xml")
def test_php_with_a_stream_context(live: Live, customer: Customer) -> None:
    """A Windows-1252 reference goes in and comes back as UTF-8, in the answer and in both callbacks."""
    call_id = _run("php", CLIENTS / "stream_context.php", live.url, customer.url).strip()
    (result,) = customer.wait_for("/result", 1)
    assert result.form["call_id"] == call_id
    assert result.form["message_reference"] == "café"
    assert customer.posts("/start")[0].form["message_reference"] == "café"


@needs("php", "php-curl", "php-xml")
def test_php_with_curl_and_a_file(live: Live, customer: Customer, tmp_path: Path) -> None:
    """Every line of the file becomes a call of its own, in file order."""
    file = tmp_path / "numbers.csv"
    file.write_text("6175550100,one\r\n6175550103,two\r\n6175550101,three,a,b\r\n")
    call_ids = _run("php", CLIENTS / "curl_upload.php", live.url, customer.url, file).split()
    results = {post.form["call_id"]: post.form for post in customer.wait_for("/result", 3)}
    assert [results[call_id]["message_reference"] for call_id in call_ids] == ["one", "two", "three"]
    assert [results[call_id]["callee_type"] for call_id in call_ids] == ["voice", "busy", "answeringmachine"]
    starts = {post.form["call_id"]: post.form for post in customer.posts("/start")}
    assert starts[call_ids[2]]["call_parameters"] == "a,b"


@needs("curl")
@pytest.mark.parametrize(
    "how",
    [
        pytest.param([], id="HTTP/1.1"),
        pytest.param(["--http1.0"], id="HTTP/1.0"),
        pytest.param(["-H", "Expect: 100-continue"], id="Expect: 100-continue"),
        pytest.param(["-H", "Transfer-Encoding: chunked"], id="chunked"),
    ],
)
@pytest.mark.parametrize("encoding", ["--data-urlencode", "-F"])
def test_curl(live: Live, customer: Customer, how: list[str], encoding: str) -> None:
    """The curl command, urlencoded and multipart, over each kind of HTTP."""
    fields = [word for name, value in _fields(customer).items() for word in (encoding, f"{name}={value}")]
    answer = _run("curl", "-sS", "--max-time", "20", *how, *fields, f"{live.url}/webservice/queuecall.php")
    assert '<queuecall status="queued" call_id="' in answer
    customer.wait_for("/result", 1)


@needs("curl")
def test_curl_uploads_a_list(live: Live, customer: Customer, tmp_path: Path) -> None:
    """``-F phone_list=@file``."""
    file = tmp_path / "numbers.txt"
    file.write_text("6175550100\n6175550100,ref\n")
    fields = [word for name, value in _fields(customer).items() for word in ("-F", f"{name}={value}")]
    answer = _run("curl", "-sS", *fields, "-F", f"phone_list=@{file}", f"{live.url}/queuecalls.php")
    assert 'queued="2" rejected="0"' in answer
    customer.wait_for("/result", 2)


@pytest.mark.parametrize("prefix", ["/webservice", "/outbound/webservice", ""])
def test_requests(live: Live, customer: Customer, prefix: str) -> None:
    """Python requests, on each of the three prefixes."""
    answer = requests.post(f"{live.url}{prefix}/queuecall.php", data=_fields(customer), timeout=20)
    assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert 'status="queued"' in answer.text
    listed = requests.post(
        f"{live.url}{prefix}/queuecalls.php",
        data=_fields(customer),
        files={"phone_list": ("l.csv", b"6175550100,x\n")},
        timeout=20,
    )
    assert 'status="queued" campaign_id="' in listed.text


def test_a_dotnet_client_that_never_says_the_word(tmp_path: Path, customer: Customer) -> None:
    """Six fields, urlencoded by hand, Expect: 100-continue; its result page answers a sentence of its own.

    It parses attempts, duration and call_id as integers. Its calls end and it is not posted to more than 3 times.
    """
    customer.answers["/result"] = lambda _: Reply(body=b"Result stored. Thank you.")
    fields = _fields(customer) | {"call_parameters": "AccountId=17&Culture=en-US"}
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
    with running(tmp_path, clock="virtual") as live:
        parts = urlsplit(live.url)
        assert parts.hostname is not None
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as connection:
            connection.sendall(
                b"POST /webservice/queuecall.php HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + f"Host: {parts.netloc}\r\nContent-Length: {len(body)}\r\n".encode()
                + b"Expect: 100-continue\r\nConnection: Close\r\n\r\n"
            )
            assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue")
            connection.sendall(body)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert b'status="queued"' in answer
        moved = requests.post(f"{live.url}/testing/clock", json={"advance": 86_400}, timeout=60)
        assert moved.json()["done"] is True
        assert live.rows("SELECT state FROM result") == [("unacknowledged",)]
    posts = customer.posts("/result")
    assert len(posts) == 3
    for post in posts:
        assert int(post.form["attempts"]) == 1
        assert int(post.form["duration"]) >= 0
        assert int(post.form["call_id"]) <= 2_147_483_647
