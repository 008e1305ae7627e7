"""Fuse clients as they are in the field, unchanged, against the server as it runs: PHP, curl, requests."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from customer import Customer
from live import Live, running
from needs import needs

CLIENTS = Path(__file__).parent.parent / "clients"
DEMO = ("demo@example.com", "demo-key")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("clients")) as server:
        yield server


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs("php", "php-curl")
def test_php_with_curl_and_fields_as_an_array(live: Live, customer: Customer) -> None:
    """The metadata comes back in the status and in the result, which is JSON."""
    call_id, first_name = _run("php", CLIENTS / "fuse_queue.php", live.url, customer.url).splitlines()
    (result,) = customer.wait_for("/result", 1)
    assert result.headers["Content-Type"] == "application/json"
    details = json.loads(result.body)
    assert details["metadata"] == {"first_name": "José", "appointment": "Monday at 10am"}
    assert (details["status"], details["callee_type"], first_name) == ("completed", "voice", "José")
    status = requests.get(f"{live.url}/api/outbound/{call_id}", auth=DEMO, timeout=20)
    assert status.json() == {"call_details": details}


@needs("php", "php-curl", "php-xml")
def test_php_with_curl_and_a_file(live: Live, customer: Customer, tmp_path: Path) -> None:
    """Every good line of the file becomes a call; the others are told."""
    file = tmp_path / "numbers.csv"
    file.write_text('destination,name\r\n6175550100,"Doe, John"\r\n911,x\r\n6175550103,Jane\r\n')
    *call_ids, error = _run("php", CLIENTS / "fuse_bulk_queue.php", live.url, customer.url, file).splitlines()
    assert error == "line 3: destination: emergency and crisis numbers are never dialled"
    results = [json.loads(result.body) for result in customer.wait_for("/result", 2)]
    assert {(result["metadata"]["name"], result["status"]) for result in results} == {
        ("Doe, John", "completed"),
        ("Jane", "failed"),
    }
    assert len(call_ids) == 2


@needs("curl")
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(["--data-urlencode", "phone_number=+16175550100"], id="urlencoded"),
        pytest.param(["-F", "phone_number=+16175550100"], id="multipart"),
        pytest.param(["--http1.0", "-F", "phone_number=+16175550100"], id="HTTP/1.0"),
        pytest.param(["-H", "Expect: 100-continue", "-F", "phone_number=+16175550100"], id="Expect: 100-continue"),
        pytest.param(["-H", "Transfer-Encoding: chunked", "-F", "phone_number=+16175550100"], id="chunked"),
        pytest.param(["--json", '{"phone_number": "+16175550100"}'], id="--json"),
        pytest.param(
            ["-H", "Transfer-Encoding: chunked", "--json", '{"phone_number": "+16175550100"}'], id="--json, chunked"
        ),
    ],
)
def test_curl(live: Live, how: list[str]) -> None:
    """The answer has a Link to where the status is."""
    answer = _run("curl", "-sSi", "--max-time", "20", "-u", ":".join(DEMO), *how, f"{live.url}/api/apps/1/1/queue")
    head, _, body = answer.replace("\r\n", "\n").rpartition("\n\n")
    call_id = json.loads(body)["call_id"]
    assert f'Link: <{live.url}/api/outbound/{call_id}>; rel="status"' in head


@needs("curl")
def test_curl_uploads_a_file_and_cancels(live: Live, tmp_path: Path) -> None:
    """``-F csv=@file``, then ``-X DELETE``."""
    file = tmp_path / "numbers.csv"
    file.write_text("destination\n6175550100\n6175550101\n")
    curl = ("curl", "-sS", "--max-time", "20", "-u", ":".join(DEMO))
    fields = ("-F", "start_timestamp=9999999999", "-F", f"csv=@{file}")
    told = json.loads(_run(*curl, *fields, f"{live.url}/api/apps/1/1/bulk_queue"))
    assert (told["queued"], told["errors"]) == (2, [])
    canceled = _run(*curl, "-X", "DELETE", "-w", "%{http_code}", f"{live.url}/api/apps/1/1/cancel")
    assert canceled == "202"
    status = json.loads(_run(*curl, f"{live.url}/api/outbound/{told['call_ids'][1]}"))
    assert status["call_details"]["status"] == "canceled"


@pytest.mark.parametrize("how", ["data", "json"])
def test_requests(live: Live, customer: Customer, how: str) -> None:
    """Metadata as text in a form, and as an object in JSON, are the same."""
    metadata = {"name": "José", "visits": [1, 2]}
    fields = {"phone_number": "6175550100", "result_url": f"{customer.url}/result"}
    sent = {"json": fields | {"metadata": metadata}, "data": fields | {"metadata": json.dumps(metadata)}}
    answer = requests.post(f"{live.url}/api/apps/1/1/queue", auth=DEMO, timeout=20, **{how: sent[how]})
    assert answer.links["status"]["url"] == f"{live.url}/api/outbound/{answer.json()['call_id']}"
    (result,) = customer.wait_for("/result", 1)
    assert json.loads(result.body)["metadata"] == metadata


def test_requests_that_are_refused_before_their_body_is_read(live: Live) -> None:
    """A large upload with a wrong key is answered, and the next request on the same connection too."""
    with requests.Session() as session:
        for _ in range(2):
            answer = session.post(
                f"{live.url}/api/apps/1/1/bulk_queue",
                auth=("demo@example.com", "wrong"),
                files={"csv": ("list.csv", b"destination\n" + b"6175550100\n" * 100_000)},
                timeout=20,
            )
            assert answer.status_code == 401
            assert answer.json()["error"].startswith("e-mail address or developer key not accepted")
