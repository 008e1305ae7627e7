"""Reading and moving the clock over HTTP, without a scheduler and with the real programs."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from customer import Customer, Reply
from flask.testing import FlaskClient
from live import Live, running

from app.calls import schedulers
from app.calls.db import execute

STARTED = 1475095892


def _begin(now: float) -> None:
    execute("UPDATE virtual_time SET now = ?, target = ?", now, now)


def test_the_real_clock_is_told_and_not_moved(web: FlaskClient) -> None:
    """409: what is real goes on by itself."""
    assert web.get("/testing/clock").json == {"now": STARTED, "mode": "real", "next": None}
    answer = web.post("/testing/clock", json={"advance": 60})
    assert answer.status_code == 409
    assert answer.json == {"error": "the clock is real and can't be moved: start with RINGBACK_CLOCK=virtual"}


def test_without_a_scheduler_nothing_moves(virtual: FlaskClient) -> None:
    """503 at once, and nothing was asked for."""
    answer = virtual.post("/testing/clock", json={"advance": 60})
    assert answer.status_code == 503
    assert answer.json == {"error": "no scheduler runs that could move the clock: start ringback scheduler"}
    assert execute("SELECT asked FROM virtual_time").fetchone() == (0,)


def test_a_move_that_is_refused_is_not_asked_for(virtual: FlaskClient) -> None:
    """400 and the sentence."""
    _begin(STARTED)
    answer = virtual.post("/testing/clock", json={"to": STARTED - 1})
    sentence = f"to: it is {STARTED} already, and time does not run backwards"
    assert (answer.status_code, answer.json) == (400, {"error": sentence})
    assert execute("SELECT asked FROM virtual_time").fetchone() == (0,)


def test_202_when_the_timeout_comes_first(virtual: FlaskClient) -> None:
    """The request stands; the answer says that it is not done, and where time is."""
    _begin(STARTED + 0.5)
    schedulers.join("one that is slow")
    answer = virtual.post("/testing/clock", json={"advance": 60, "timeout": 0.1})
    assert answer.status_code == 202
    assert answer.json == {"now": STARTED + 0.5, "done": False, "counts": {}, "happened": [], "next": None}
    assert execute("SELECT asked, target FROM virtual_time").fetchone() == (1, STARTED + 60.5)


def test_next_is_the_first_thing_due(virtual: FlaskClient, customer: Customer) -> None:
    """A call that waits for its schedule, before its expiration."""
    _begin(STARTED)
    form = {
        "login": "demo",
        "pin": "1234",
        "phone_number": "6175550100",
        "start_url": f"{customer.url}/start",
        "scheduled_timestamp": STARTED + 600,
        "expiration_timestamp": STARTED + 900,
    }
    assert 'status="queued"' in virtual.post("/webservice/queuecall.php", data=form).text
    assert virtual.get("/testing/clock").json == {"now": STARTED, "mode": "virtual", "next": STARTED + 600}


class Client:
    """Asks the testing API of running programs."""

    def __init__(self, live: Live, customer: Customer) -> None:
        self._live = live
        self._customer = customer

    def ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._live.url}/testing{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)

    def queue(self, number: str, **fields: object) -> int:
        form = {"start_url": f"{self._customer.url}/start", "result_url": f"{self._customer.url}/result"} | fields
        answer = self._live.post("/webservice/queuecall.php", login="demo", pin="1234", phone_number=number, **form)
        return int(re.findall(r'call_id="(\d+)"', answer)[0])


def _retries(client: Client) -> tuple[int, list[dict[str, Any]]]:
    """Busy twice, then a voice; its call_id, and what happened in the next hour, in seconds from the start."""
    client.ask("PUT", "/callees/6172223333", {"outcomes": ["busy", "busy", {"callee": "voice", "ring": 10}]})
    began = client.ask("GET", "/clock")["now"]
    call_id = client.queue("(617) 222-3333", max_retries=2, retry_interval=600)
    answer = client.ask("POST", "/clock", {"advance": 3600})
    assert answer["done"] is True
    assert answer["now"] == pytest.approx(began + 3600)
    assert answer["counts"] == {"completed": 1}
    return call_id, [one | {"at": round(one["at"] - began)} for one in answer["happened"]]


@pytest.mark.timeout(180)
def test_an_hour_of_retries_passes_at_once(tmp_path: Path, customer: Customer) -> None:
    """Every moment comes in its order, nothing is told twice, and after a reset the same happens again."""
    with running(tmp_path, clock="virtual") as live:
        client = Client(live, customer)
        call_id, happened = _retries(client)
        busy = [("dialing", 1, 0), ("busy", 1, 0), ("dialing", 2, 600), ("busy", 2, 600), ("dialing", 3, 1200)]
        expected = [{"at": at, "event": event, "attempt": attempt} for event, attempt, at in busy]
        expected.append({"at": 1210, "event": "connected", "attempt": 3})
        assert happened[:6] == [one | {"call_id": call_id} for one in expected]
        talk = happened[6]["at"] - 1210
        assert [(one["event"], one["at"], one["detail"]) for one in happened[6:]] == [
            ("disconnected", 1210 + talk, "voice"),
            ("completed", 1210 + talk, "voice"),
            ("result", 1210 + talk, "acknowledged"),
        ]
        assert client.ask("POST", "/clock", {"advance": 3600})["happened"] == []
        call = client.ask("GET", f"/calls/{call_id}")
        assert [attempt["callee_type"] for attempt in call["history"]] == ["busy", "busy", "voice"]
        assert [one["purpose"] for one in call["exchanges"]] == ["start_url", "result_url"]
        assert client.ask("POST", "/reset")["forgotten"]["calls"] == 1
        again, happened_again = _retries(client)
        assert again == call_id + 1
        assert happened_again == [one | {"call_id": again} for one in happened]


@pytest.mark.timeout(180)
def test_results_windows_and_lost_time(tmp_path: Path, customer: Customer) -> None:
    """A result is posted again at its times, a call that can't be reached expires, to is as good as advance."""
    customer.answers["/result"] = lambda _: Reply(500)
    with running(tmp_path, clock="virtual") as live:
        client = Client(live, customer)
        began = client.ask("GET", "/clock")["now"]
        soon, later = int(began) + 1000, int(began) + 5000
        failed = client.queue("6175550103")
        expired = client.queue("6175550103", max_retries=5, retry_interval=600, expiration_timestamp=soon)
        waiting = client.queue("6175550100", scheduled_timestamp=later)
        answer = client.ask("POST", "/clock", {"to": soon + 0.5})
        told = [(one["event"], one.get("detail", "")) for one in answer["happened"] if one["call_id"] == failed]
        assert told[:4] == [("dialing", ""), ("busy", ""), ("failed", "busy"), ("result", "HTTP 500")]
        assert set(told[4:]) == {("result", "HTTP 500")}
        ends = [one for one in answer["happened"] if one["call_id"] == expired and one["event"] != "result"]
        assert [one["event"] for one in ends][-3:] == ["busy", "expired", "failed"]
        assert ends[-1] == {"at": soon, "call_id": expired, "event": "failed", "detail": "busy"}
        assert answer["counts"] == {"failed": 2, "queued": 1}
        assert soon < answer["next"] <= later
        order = [(one["at"], one["call_id"]) for one in answer["happened"]]
        assert order == sorted(order)
        with pytest.raises(urllib.error.HTTPError) as refused:
            client.ask("POST", "/clock", {"to": soon})
        refused.value.close()
        assert refused.value.code == 400
        assert client.ask("POST", "/clock", {"to": later + 100})["counts"] == {"completed": 1, "failed": 2}
        assert client.ask("GET", "/wait?status=completed&timeout=5")["calls"][0]["call_id"] == waiting
