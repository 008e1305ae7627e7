"""Looking at calls, waiting for them, and beginning anew."""

import threading
from collections.abc import Callable
from typing import Any

from customer import Received, Reply
from flask import request_started
from flask.testing import FlaskClient
from office import Office

from app.calls import accounts, campaigns
from app.calls.db import execute

RECEIVED = "2016-09-28T20:51:32+00:00"


def test_a_call_is_told_whole(office: Office) -> None:
    """All that was asked for, each attempt, each HTTP exchange in order, and how the result was delivered."""
    call_id = office.queue(
        "6175550109", message_reference="m", call_parameters="c", max_retries=2, retry_interval=60,
        expiration_timestamp=1475099999,
    )  # fmt: skip
    for _ in range(3):
        office.work()
        office.clock.advance(seconds=60)
    call = office.web.get(f"/testing/calls/{call_id}").json
    given = {
        "call_id": call_id,
        "login": "demo",
        "campaign_name": "default",
        "phone_number": "6175550109",
        "number": "+16175550109",
        "message_reference": "m",
        "call_parameters": "c",
        "campaign_parameters": "",
        "max_retries": 2,
        "retry_interval": 60,
        "queued_at": RECEIVED,
        "scheduled_at": RECEIVED,
        "scheduled_timestamp": 1475095892,
        "expires_at": "2016-09-28T21:59:59+00:00",
        "expiration_timestamp": 1475099999,
        "start_url": f"{office.customer.url}/start",
        "result_url": f"{office.customer.url}/result",
    }
    outcome = {
        "status": "completed",
        "callee_type": "voice",
        "attempts": 3,
        "due_at": None,
        "finished_at": "2016-09-28T20:53:32+00:00",
        "last_attempt_at": "2016-09-28T20:53:32+00:00",
    }
    assert call.items() >= (given | outcome).items()
    assert [attempt["callee_type"] for attempt in call["history"]] == ["busy", "busy", "voice"]
    assert all(isinstance(attempt["transcript"], list) for attempt in call["history"])
    exchanged = [
        (one["purpose"], one["attempt"], one["method"], one["url"], one["status"], one["error"])
        for one in call["exchanges"]
    ]
    assert exchanged == [
        ("start_url", 3, "POST", call["start_url"], 200, ""),
        ("result_url", None, "POST", call["result_url"], 200, ""),
    ]
    assert "message_reference=m" in call["exchanges"][0]["request"]
    assert call["exchanges"][1]["answer"] == "completed"
    assert call["result"].items() >= {"state": "acknowledged", "tries": 1, "due_at": None}.items()
    assert call == office.call(call_id) | {"why": "it is completed"}


FOUND = {
    "": "abc",
    "login=&status=&message_reference=&phone_number=": "abc",
    "login=demo": "abc",
    "login=nobody": "",
    "status=completed": "a",
    "status=queued": "b",
    "status=canceled": "",
    "message_reference=two": "bc",
    "message_reference=two&status=failed": "c",
    "phone_number=(617) 555-0103": "b",
    "phone_number=%2B16175550103": "b",
    "phone_number=+16175550103": "b",
    "phone_number=nonsense": "",
}


def test_calls_are_found(office: Office) -> None:
    """Every filter, alone and together; the calls come by call_id."""
    call_ids = {
        "a": office.queue("6175550100", message_reference="one"),
        "b": office.queue("(617) 555-0103", message_reference="two", max_retries=1),
        "c": office.queue("6175550106", message_reference="two"),
    }
    office.work()
    for query, found in FOUND.items():
        calls = office.web.get(f"/testing/calls?{query}").json["calls"]
        assert [call["call_id"] for call in calls] == [call_ids[name] for name in found], query


def test_a_call_in_short(office: Office) -> None:
    """With its attempts and how often its result was posted."""
    office.customer.answers["/result"] = lambda _: Reply(500, b"no")
    call_id = office.queue("6175550103", message_reference="m")
    office.work()
    (call,) = office.web.get("/testing/calls").json["calls"]
    assert call == {
        "call_id": call_id,
        "login": "demo",
        "campaign_id": 1,
        "campaign_name": "default",
        "phone_number": "6175550103",
        "number": "+16175550103",
        "message_reference": "m",
        "status": "failed",
        "callee_type": "busy",
        "attempts": 1,
        "duration": 0,
        "queued_at": RECEIVED,
        "due_at": None,
        "finished_at": RECEIVED,
        "history": [
            {
                "attempt": 1,
                "started_at": RECEIVED,
                "answered_at": None,
                "ended_at": RECEIVED,
                "callee_type": "busy",
                "duration": 0,
            }
        ],
        "result": {"state": "pending", "tries": 1, "last_answer": "HTTP 500"},
    }


def test_a_long_list_comes_in_pages(office: Office) -> None:
    """``next`` is the ``after`` of the next page; null on the last one."""
    call_ids = [office.queue(f"617555{line:04}", result_url="") for line in range(200, 205)]
    pages, after = [], 0
    while after is not None:
        page = office.web.get(f"/testing/calls?limit=2&after={after}").json
        pages.append([call["call_id"] for call in page["calls"]])
        after = page["next"]
    assert pages == [call_ids[:2], call_ids[2:4], call_ids[4:]]


def test_waiting_ends_when_enough_calls_match(office: Office) -> None:
    """The answer comes soon after the second call is completed, with both."""
    call_ids = [office.queue("6175550100"), office.queue("6175550101")]
    app, asked = office.web.application, threading.Event()
    with request_started.connected_to(lambda *_, **__: asked.set(), app):
        asking = Asking(lambda: app.test_client().get("/testing/wait?status=completed&count=2").json)
        assert asked.wait(5)
    office.work()
    assert [call["call_id"] for call in asking.answer()["calls"]] == call_ids


def test_waiting_ends_with_408_after_the_timeout(office: Office) -> None:
    """Whoever waited is told how many calls matched, and which."""
    call_id = office.queue("6175550100", result_url="")
    answer = office.web.get("/testing/wait?status=queued&count=2&timeout=0.1")
    assert answer.status_code == 408
    assert answer.json["error"] == "1 calls matched within 0.1 s, not 2"
    assert [call["call_id"] for call in answer.json["calls"]] == [call_id]


def test_waiting_for_nothing_more_ends_at_once(web: FlaskClient) -> None:
    """A timeout of 0 looks once."""
    assert web.get("/testing/wait?timeout=0").json == {"error": "0 calls matched within 0 s, not 1", "calls": []}


def test_a_reset_forgets_all_but_accounts_and_numbers(office: Office) -> None:
    """Calls, campaigns, scripts and the suspension are gone; accounts stay, ids go on, calling goes on."""
    _queue_list(office)
    last = office.queue("6175550102")
    office.work()
    office.web.put("/testing/callees/6175550100", json={"outcomes": ["busy"]})
    default = execute("SELECT id FROM campaign WHERE is_default AND deployment_id IS NULL").fetchone()[0]
    campaigns.stop(default)
    campaigns.suspend(office.clock.now(), "a test")
    assert office.web.post("/testing/reset").json == {"forgotten": {"calls": 3, "campaigns": 1, "scripts": 1}}
    for table in ("call", "attempt", "event", "exchange", "result", "terms", "script"):
        assert execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert not campaigns.is_suspended()
    assert [account.login for account in accounts.every()] == ["demo"]
    call_id = office.queue("6175550100")
    office.work()
    assert call_id == last + 1
    assert office.call(call_id)["status"] == "completed"
    _queue_list(office)


def _queue_list(office: Office) -> None:
    """A campaign of its own, under a name that is free."""
    lines = {"phone_list": "6175550100\n6175550103\n", "campaign_name": "mine"}
    form = {"login": "demo", "pin": "1234", "start_url": f"{office.customer.url}/start"} | lines
    with office.web.post("/webservice/queuecalls.php", data=form) as answer:
        assert 'queued="2"' in answer.text


def test_a_reset_in_mid_call_breaks_nothing(office: Office) -> None:
    """The conversation ends later, finds no row, and the next call to the same number is dialled."""
    held = Holding()
    office.customer.answers["/start"] = held
    office.queue("6175550100")
    office.service.work()
    assert held.reached.wait(5)
    assert office.web.post("/testing/reset").json["forgotten"]["calls"] == 1
    held.go_on.set()
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["status"] == "completed"
    assert execute("SELECT count(*) FROM attempt").fetchone() == (1,)


class Holding:
    """Keeps a request waiting until ``go_on`` is set."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _: Received) -> Reply:
        self.reached.set()
        self.go_on.wait(10)
        return Reply(body=b"completed")


class Asking:
    """Asks in a thread."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self.answers: list[Any] = []
        self._thread = threading.Thread(target=lambda: self.answers.append(ask()))
        self._thread.start()

    def answer(self) -> Any:
        self._thread.join(10)
        return self.answers[0]


def test_a_reset_while_a_result_is_posted_breaks_nothing(office: Office) -> None:
    """The answer to the post finds no row; the results of later calls are posted all the same."""
    held = Holding()
    office.customer.answers["/result"] = held
    office.queue("6175550103")
    while not held.reached.is_set():
        office.service.work()
    assert office.web.post("/testing/reset").json["forgotten"]["calls"] == 1
    held.go_on.set()
    call_id = office.queue("6175550103")
    office.work()
    assert office.call(call_id)["result"]["state"] == "acknowledged"
