"""bulk_queue over HTTP: the rows that a list becomes, its answer at any size, the lists that leave nothing."""

import http.client
import io
import json
import tracemalloc
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import multipart
import pytest
from flask.testing import FlaskClient
from live import Live

from app import factory
from app.calls.db import execute
from app.settings import Settings

DEMO = ("demo@example.com", "demo-key")
BULK = "/api/apps/1/1/bulk_queue"
XML = {"Accept": "application/xml"}
FILES = sorted((Path(__file__).parent.parent / "data" / "phonelists").glob("*.csv"))


def _post(web: FlaskClient, csv: bytes, headers: dict[str, str] | None = None, **fields: str) -> Any:
    """The answer; a stream of it is read to its end."""
    body = multipart.encode(fields, csv, "csv")
    return web.post(BULK, data=body, content_type=multipart.CONTENT_TYPE, auth=DEMO, headers=headers or {})


def test_a_line_is_a_call_with_its_metadata(web: FlaskClient) -> None:
    """In file order, with the ids that are told; all of them under the terms of the request."""
    answer = _post(
        web,
        b'destination,name,note\r\n6175550100;ani=8009957586,John,"a, b"\r\n911,x,y\r\n(617) 555-0101,,\r\n',
        metadata='{"name": "friend", "visits": 3}',
        max_attempts="3",
        reattempt_wait="60",
    ).get_json()
    assert answer == {
        "success": True,
        "queued": 2,
        "call_ids": answer["call_ids"],
        "errors": [{"line": 3, "error": "destination: emergency and crisis numbers are never dialled"}],
    }
    rows = execute(
        "SELECT id, phone_number, number, message_reference, call_parameters, metadata FROM call ORDER BY id"
    )
    assert [(*row[:5], json.loads(row[5])) for row in rows.fetchall()] == [
        (
            answer["call_ids"][0],
            "6175550100;ani=8009957586",
            "+16175550100",
            "",
            "",
            {"visits": 3, "name": "John", "note": "a, b"},
        ),
        (answer["call_ids"][1], "(617) 555-0101", "+16175550101", "", "", {"visits": 3, "name": "friend", "note": ""}),
    ]
    assert execute("SELECT max_retries, retry_interval, result_format, undialled FROM terms").fetchall() == [
        (2, 60, "json", "canceled")
    ]


def test_its_calls_can_be_looked_at_and_canceled(web: FlaskClient) -> None:
    """Like single ones: they belong to the deployment."""
    call_ids = _post(web, b"destination,name\n6175550100,John\n6175550101,Jane\n").get_json()["call_ids"]
    told = [web.get(f"/api/outbound/{call_id}", auth=DEMO).get_json()["call_details"] for call_id in call_ids]
    assert [details["metadata"] for details in told] == [{"name": "John"}, {"name": "Jane"}]
    assert web.delete("/api/apps/1/1/cancel", auth=DEMO).status_code == 202
    told = [web.get(f"/api/outbound/{call_id}", auth=DEMO).get_json()["call_details"] for call_id in call_ids]
    assert [details["status"] for details in told] == ["canceled", "canceled"]


@pytest.mark.one_engine
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hostile_file_below_a_header(web: FlaskClient, file: Path) -> None:
    """Each line is a call with all columns or an error; what is no text is refused in words and leaves nothing."""
    answer = _post(web, b"destination,a,b,c,d,e,f\n" + file.read_bytes())
    told = answer.get_json()
    rows = execute("SELECT id, metadata FROM call ORDER BY id").fetchall()
    if answer.status_code == 400:
        assert told["error"].startswith("csv: ")
        assert rows == []
        assert execute("SELECT count(*) FROM terms").fetchone() == (0,)
        return
    assert answer.status_code == 200
    assert rows or told["errors"]
    assert told["queued"] == len(rows)
    assert told["call_ids"] == [call_id for call_id, _ in rows]
    assert all(set(json.loads(metadata)) == set("abcdef") for _, metadata in rows)
    assert all(error["line"] > 1 and error["error"] for error in told["errors"])


@pytest.mark.parametrize("refused", ["911", "6175550100,x"], ids=["a bad number", "a value too many"])
def test_only_the_first_thousand_errors_are_listed(web: FlaskClient, refused: str) -> None:
    """The rest is counted; the good lines are all there."""
    csv = b"destination\n" + f"{refused}\n6175550100\n".encode() * 1_500
    told = _post(web, csv).get_json()
    assert (told["queued"], len(told["call_ids"])) == (1_500, 1_500)
    assert [error["line"] for error in told["errors"]] == list(range(2, 2_002, 2))
    assert told["errors_not_listed"] == 500
    root = ElementTree.fromstring(_post(web, csv, XML).data)
    assert (len(root.findall("call_ids/item")), len(root.findall("errors/item"))) == (1_500, 1_000)
    assert root.findtext("errors_not_listed") == "500"


def test_a_list_one_line_too_long_leaves_nothing(settings: Settings, database: None) -> None:
    """20,001 lines: refused by name of the limit, after all the others were loaded; no call, no campaign."""
    web = factory.create_app(replace(settings, max_lines_per_list=20_000)).test_client()
    answer = _post(web, b"destination\n" + b"6175550100\n" * 20_001)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "csv: has more than 20000 lines; send it in several parts"
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)
    assert execute("SELECT count(*) FROM campaign WHERE NOT is_default").fetchone() == (0,)


def test_the_last_of_two_files_counts(web: FlaskClient) -> None:
    data = {"csv": [(io.BytesIO(b"destination\n911\n"), "a"), (io.BytesIO(b"destination\n6175550100\n"), "b")]}
    assert web.post(BULK, data=data, auth=DEMO).get_json()["queued"] == 1


def test_a_list_in_windows_1252(web: FlaskClient) -> None:
    _post(web, "destination,name\n6175550100,José\n".encode("cp1252"))
    assert execute("SELECT metadata FROM call").fetchone() == ('{"name":"José"}',)


@pytest.mark.one_engine
@pytest.mark.parametrize("headers", [{}, XML], ids=["JSON", "XML"])
def test_an_answer_of_any_length_takes_no_memory(web: FlaskClient, headers: dict[str, str]) -> None:
    """120,000 ids are told in pieces: none of them is long, and making them takes less than the answer's length."""
    answer = _post(web, b"destination\n" + b"6175550100\n" * 120_000, headers)
    total = longest = 0
    tracemalloc.start()
    for piece in answer.iter_encoded():
        total += len(piece)
        longest = max(longest, len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 120_000 * 11
    assert longest < 300_000
    assert peak < total


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_million_lines_take_no_more_memory_than_a_hundred_thousand(tmp_path: Path) -> None:
    """What the web server needs at most grows by a few bytes a line."""
    credentials = b64encode(":".join(DEMO).encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": multipart.CONTENT_TYPE}
    peaks = []
    with Live(tmp_path, lines="1") as live:
        for count in (100_000, 1_000_000):
            lines = b"".join(b"617%07d,John %d\n" % (2_000_000 + n, n) for n in range(count))
            connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=300)
            connection.request(
                "POST",
                BULK,
                multipart.encode({"start_timestamp": "9999999999"}, b"destination,name\n" + lines, "csv"),
                headers,
            )
            answer = connection.getresponse()
            told = json.load(answer)
            assert (told["queued"], len(set(told["call_ids"]))) == (count, count)
            connection.close()
            peaks.append(_peak_memory(live.children()["web"]))
    assert peaks[1] - peaks[0] < 120 * 2**20


def _peak_memory(process_id: int) -> int:
    """The most that a process and its workers ever had at once, in bytes."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return sum(_high_water(int(each)) for each in (process_id, *children))


def _high_water(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
