"""The life of a deployment's call as call_details tells it, what its application is given, and its result in JSON."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from customer import PAGE, Reply
from deployed import Deployed, told
from office import RECEIVED, Office

from app.calls import claims, db, details, schedulers
from app.calls.db import execute

BEGAN = int(RECEIVED.timestamp())
PERSON, BUSY, NOBODY, TONE, DEAD_LINE, BUSY_TWICE = (f"617555010{digit}" for digit in (0, 3, 4, 5, 6, 9))
SECRET = "4111 1111 1111 1111"
NAMES = b"""<vxml version="2.1"><form><block>
 <prompt><value expr="name"/>, <value expr="session.metadata.name"/>, <value expr="session.metadata.due.day"/></prompt>
</block></form></vxml>"""
CARD = b"""<vxml version="2.1"><form>
 <field name="card"><grammar type="application/x-jsgf">4111 1111 1111 1111</grammar><prompt>Your card?</prompt></field>
 <block><submit next="charge" method="%s" namelist="card"/></block></form></vxml>"""
BREAKS = b"""<vxml version="2.1"><form><block>
 <throw event="error.card" messageexpr="session.metadata.card"/></block></form></vxml>"""


@pytest.fixture
def deployed(office: Office) -> Deployed:
    return Deployed(office.clock, f"{office.customer.url}/start", f"{office.customer.url}/result")


def _results(office: Office) -> list[dict[str, Any]]:
    return [json.loads(posted.body) for posted in office.customer.posts("/result")]


def test_a_call_that_is_answered_is_dialing_connected_and_completed(office: Office, deployed: Deployed) -> None:
    """Each state while it lasts; the types of the sample at the end; the result is the same object."""
    over = threading.Event()
    office.customer.answers["/start"] = lambda _: Reply(body=PAGE if over.wait(20) else b"")
    call_id = deployed.call(PERSON, metadata={"name": "Ann"})
    assert told(call_id) == ("queued", [("queued", 0)])
    office.clock.advance(seconds=1)
    office.service.heart.beat()
    assert office.service.dispatcher.run() == 1
    assert told(call_id) == ("dialing", [("queued", 0), ("dialing", 1)])
    office.customer.wait_for("/start", 1)
    office.service.dispatcher.write_down()
    assert told(call_id) == ("connected", [("queued", 0), ("dialing", 1), ("connected", 1)])
    during = details.call_details(call_id)
    assert (during["start_timestamp"], during["end_timestamp"]) == (str(BEGAN + 1), "")
    office.clock.advance(seconds=3)
    over.set()
    office.work()
    found = details.call_details(call_id)
    assert found == {
        "max_attempts": "1",
        "attempts": "1",
        "events": [
            {"event": "queued", "timestamp": BEGAN},
            {"event": "dialing", "timestamp": BEGAN + 1},
            {"event": "connected", "timestamp": BEGAN + 1},
            {"event": "disconnected", "timestamp": BEGAN + 4},
        ],
        "phone_number": PERSON,
        "status": "completed",
        "queued_timestamp": str(BEGAN),
        "start_timestamp": str(BEGAN + 1),
        "end_timestamp": str(BEGAN + 4),
        "reattempt_wait": "300",
        "duration": found["duration"],
        "metadata": {"name": "Ann"},
        "callee_type": "voice",
    }
    assert type(found["duration"]) is int
    assert found["duration"] > 0
    (posted,) = office.customer.posts("/result")
    assert json.loads(posted.body) == found
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["Webhook-Id"] == str(call_id)


def test_a_call_that_is_busy_twice_and_has_two_attempts_fails(office: Office, deployed: Deployed) -> None:
    """Between its attempts it shows busy; one result, at the end."""
    call_id = deployed.call(BUSY_TWICE, attempts=2, wait=60)
    office.work()
    assert told(call_id) == ("busy", [("queued", 0), ("dialing", 0), ("busy", 0)])
    assert details.call_details(call_id)["attempts"] == "1"
    assert not office.customer.posts("/result")
    office.pass_time(60)
    once = [("dialing", 0), ("busy", 0)]
    assert told(call_id) == ("failed", [("queued", 0), *once, ("dialing", 60), ("busy", 60)])
    assert _results(office) == [details.call_details(call_id)]


@pytest.mark.parametrize(
    ("number", "between", "event"),
    [
        pytest.param(BUSY, "busy", "busy", id="busy"),
        pytest.param(NOBODY, "noanswer", "noanswer", id="noanswer"),
        pytest.param(TONE, "informationtone", "informationtone", id="informationtone"),
        pytest.param(DEAD_LINE, "queued", "linefailure", id="linefailure is an event, not a state"),
    ],
)
def test_how_an_attempt_failed_is_shown_until_the_next(
    office: Office, deployed: Deployed, number: str, between: str, event: str
) -> None:
    call_id = deployed.call(number, attempts=2, wait=60)
    office.work()
    assert told(call_id) == (between, [("queued", 0), ("dialing", 0), (event, 0)])
    assert details.call_details(call_id)["callee_type"] == event
    office.clock.advance(seconds=60)
    office.work()
    assert told(call_id)[0] == "failed"


def test_a_lost_attempt_shows_linefailure_and_is_made_again(office: Office, deployed: Deployed) -> None:
    """Its scheduler died in mid-call: there is no documented word for that."""
    call_id = deployed.call(PERSON, attempts=2, wait=60)
    schedulers.join("a scheduler that dies")
    assert claims.claim([call_id], "a scheduler that dies", 50, office.clock)
    machine, beats = 0.0, 0
    office.service.watch = schedulers.Watch(lambda: beats, lambda: machine)
    office.service.recover()
    machine, beats = 2 * schedulers.LEASE_SECONDS, 2 * schedulers.LEASE_BEATS
    office.service.recover()
    lost = [("queued", 0), ("dialing", 0), ("linefailure", 0)]
    assert told(call_id) == ("queued", lost)
    assert details.call_details(call_id)["callee_type"] == "unknown"
    office.clock.advance(seconds=60)
    office.work()
    assert told(call_id) == ("completed", [*lost, ("dialing", 60), ("connected", 60), ("disconnected", 60)])


def test_a_window_that_ends_cancels_what_was_never_dialled(office: Office, deployed: Deployed) -> None:
    """Nobody had a line for it; before it connects the timestamps are its window."""
    execute("UPDATE campaign SET status = 'stopped'")
    call_id = deployed.call(PERSON, start_in=60, end_in=3600)
    found = details.call_details(call_id)
    assert (found["start_timestamp"], found["end_timestamp"]) == (str(BEGAN + 60), str(BEGAN + 3600))
    office.clock.advance(seconds=3599)
    office.work()
    assert told(call_id)[0] == "queued"
    office.clock.advance(seconds=1)
    office.work()
    assert told(call_id) == ("canceled", [("queued", 0), ("canceled", 3600)])
    assert details.call_details(call_id)["callee_type"] == "noattempt"
    assert _results(office) == [details.call_details(call_id)]


def test_a_window_that_ends_fails_what_was_dialled(office: Office, deployed: Deployed) -> None:
    call_id = deployed.call(BUSY, attempts=3, wait=7200, end_in=3600)
    office.work()
    office.clock.advance(hours=1)
    office.work()
    assert told(call_id) == ("failed", [("queued", 0), ("dialing", 0), ("busy", 0)])
    assert _results(office) == [details.call_details(call_id)]


def test_cancel_takes_what_waits_dialled_before_or_not(office: Office, deployed: Deployed) -> None:
    """Results go out for both; nobody is dialled afterwards; an account's own calls are not touched."""
    busy = deployed.call(BUSY, attempts=2, wait=60)
    office.work()
    never, classic = deployed.call(PERSON, start_in=30), office.queue("2125550103", max_retries=1)
    office.clock.advance(seconds=10)
    assert deployed.cancel() == 2
    assert told(never) == ("canceled", [("queued", 0), ("canceled", 10)])
    assert told(busy) == ("canceled", [("queued", 0), ("dialing", 0), ("busy", 0), ("canceled", 10)])
    assert details.call_details(busy)["callee_type"] == "busy"
    office.clock.advance(hours=1)
    office.work()
    assert not office.customer.posts("/start")
    assert office.call(classic)["status"] == "queued"
    told_of = [json.loads(posted.body) for posted in office.customer.posts("/result")]
    assert sorted(each["phone_number"] for each in told_of) == sorted([PERSON, BUSY])
    assert {each["status"] for each in told_of} == {"canceled"}
    assert deployed.cancel() == 0


def test_cancel_lets_a_conversation_end(office: Office, deployed: Deployed) -> None:
    over = threading.Event()
    office.customer.answers["/start"] = lambda _: Reply(body=PAGE if over.wait(20) else b"")
    call_id = deployed.call(PERSON, attempts=5, wait=60)
    office.service.heart.beat()
    office.service.dispatcher.run()
    office.customer.wait_for("/start", 1)
    assert deployed.cancel() == 0
    over.set()
    office.work()
    assert told(call_id)[0] == "completed"


def test_cancel_while_it_rings_means_no_further_attempt(office: Office, deployed: Deployed) -> None:
    """The dial goes on; busy is then its end, though four attempts are left."""
    call_id = deployed.call(BUSY, attempts=5, wait=60)
    office.service.heart.beat()
    assert office.service.dispatcher.run() == 1
    assert deployed.cancel() == 0
    for _ in range(5):
        office.work()
        office.clock.advance(seconds=60)
    assert told(call_id) == ("failed", [("queued", 0), ("dialing", 0), ("busy", 0)])
    assert len(office.customer.posts("/result")) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_acknowledges(office: Office, deployed: Deployed, status: int) -> None:
    """No word is asked for."""
    office.customer.answers["/result"] = lambda _: Reply(status)
    call_id = deployed.call(PERSON)
    office.work()
    office.clock.advance(days=3)
    office.work()
    assert office.call(call_id)["result"]["state"] == "acknowledged"
    assert len(office.customer.posts("/result")) == 1


def test_a_result_that_is_not_taken_is_posted_again_with_the_same_body(office: Office, deployed: Deployed) -> None:
    left = [500, 404, 303]
    office.customer.answers["/result"] = lambda _: Reply(left.pop(0) if left else 204)
    call_id = deployed.call(PERSON)
    for _ in range(6):
        office.work()
        office.clock.advance(hours=1)
    posts = office.customer.posts("/result")
    assert len(posts) == 4
    assert len({post.body for post in posts}) == 1
    assert office.call(call_id)["result"]["state"] == "acknowledged"


def test_410_stops_the_posts(office: Office, deployed: Deployed) -> None:
    office.customer.answers["/result"] = lambda _: Reply(410)
    call_id = deployed.call(PERSON)
    for _ in range(3):
        office.work()
        office.clock.advance(days=1)
    assert office.call(call_id)["result"]["state"] == "gone"
    assert len(office.customer.posts("/result")) == 1


def test_metadata_reaches_the_application(office: Office, deployed: Deployed) -> None:
    """As variables of the session, plain and below metadata, and as fields of the POST to start_url."""
    office.customer.answers["/start"] = lambda _: Reply(body=NAMES)
    call_id = deployed.call(PERSON, metadata={"name": "Zoë", "due": {"day": "Monday"}, "visits": 3})
    office.work()
    (entry,) = [each for each in office.call(call_id)["history"][0]["transcript"] if each["event"] == "prompt"]
    assert entry["text"] == "Zoë, Zoë, Monday"
    (start,) = office.customer.posts("/start")
    assert start.form == {
        "phone_number": PERSON,
        "call_id": str(call_id),
        "message_reference": "",
        "campaign_parameters": "",
        "call_parameters": "",
        "name": "Zoë",
        "due": '{"day": "Monday"}',
        "visits": "3",
    }


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        pytest.param({"name": "Ann"}, "Hello, Ann.", id="name"),
        pytest.param({"first_name": "Ann"}, "Hello.", id="no name"),
        pytest.param(None, "Hello.", id="no metadata"),
    ],
)
def test_a_deployment_without_start_url_greets(office: Office, metadata: dict[str, Any] | None, said: str) -> None:
    """The built-in greeting speaks the name and asks nobody for a page."""
    call_id = Deployed(office.clock, "", f"{office.customer.url}/result").call(PERSON, metadata=metadata)
    office.work()
    call = office.call(call_id)
    spoken = [each["text"] for each in call["history"][0]["transcript"] if each["event"] == "prompt"]
    assert spoken[0] == said
    assert call["status"] == "completed"
    assert not call["events"]
    assert [each["purpose"] for each in call["exchanges"]] == ["result_url"]


def _kept() -> str:
    """Everything that stands in any table."""
    names = db.database.get_tables()
    return "\n".join(repr(row) for name in names for row in execute(f'SELECT * FROM "{name}"').fetchall())


PCI = [
    pytest.param(CARD % b"post", SECRET, id="submitted by POST"),
    pytest.param(CARD % b"get", SECRET, id="submitted by GET"),
    pytest.param(BREAKS, "nothing", id="in the words of an error"),
]


@pytest.mark.parametrize(("page", "says"), PCI)
@pytest.mark.parametrize("is_pci", [True, False], ids=["is_pci", "not is_pci"])
def test_what_is_kept_of_a_secret(office: Office, deployed: Deployed, page: bytes, says: str, is_pci: bool) -> None:
    """In the metadata and from the caller's mouth: nowhere after the call with is_pci, and else in several places."""
    answers = {"/start": page, "/charge": f"<vxml version='2.1'><form><block>{SECRET}</block></form></vxml>".encode()}
    for path, body in answers.items():
        office.customer.answers[path] = lambda _, body=body: Reply(body=body)
    script = {"outcomes": ["busy", {"callee": "voice", "says": [says]}]}
    assert office.web.put("/testing/callees/6172223333", json=script).status_code == 200
    call_id = deployed.call("6172223333", attempts=2, wait=60, metadata={"card": SECRET}, is_pci=is_pci)
    office.work()
    assert SECRET in _kept(), "the second attempt will need it"
    office.clock.advance(seconds=60)
    office.work()
    assert execute("DELETE FROM script").rowcount == 1
    asked = [f"{one.path} {one.body.decode()}" for one in office.customer.received]
    assert any("4111+1111" in one or "4111%20" in one for one in asked), "the application had it"
    kept = _kept().replace("+", " ").replace("%20", " ")
    assert (SECRET in kept) is not is_pci
    assert details.call_details(call_id)["metadata"] == ({} if is_pci else {"card": SECRET})
    assert details.call_details(call_id)["status"] == "completed"


@pytest.mark.parametrize("end", ["window", "cancel"])
def test_the_metadata_of_is_pci_goes_however_the_call_ends(office: Office, deployed: Deployed, end: str) -> None:
    call_id = deployed.call(PERSON, start_in=60, end_in=61, metadata={"card": SECRET}, is_pci=True)
    if end == "cancel":
        deployed.cancel()
    office.clock.advance(hours=1)
    office.work()
    assert told(call_id)[0] == "canceled"
    assert SECRET not in _kept()
    assert SECRET not in office.customer.posts("/result")[0].body.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_byte_of_is_pci_metadata_stays_in_the_files_of_sqlite(
    office: Office, deployed: Deployed, tmp_path: Path
) -> None:
    """Once the calls have ended, database, WAL and its index have nothing of 400 values, short and of many pages."""
    length = (1, 40, 900, 9_000)
    for number in range(400):
        metadata = {"card": f"secret-{number:03}-" * length[number % 4]}
        deployed.call(f"617555{number:04}", start_in=60, end_in=90, metadata=metadata, is_pci=True)
    assert b"secret-" in _bytes(tmp_path), "the calls will need it"
    office.clock.advance(hours=1)
    office.work()
    assert execute("SELECT count(*) FROM call WHERE status = 'canceled'").fetchone() == (400,)
    assert db.erase()
    assert b"secret-" not in _bytes(tmp_path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_erasure_that_somebody_reads_against_is_tried_again(
    office: Office, deployed: Deployed, tmp_path: Path
) -> None:
    """A reader that began before keeps the old pages; it does not fail, and they go when it has ended."""
    deployed.call(PERSON, start_in=60, end_in=61, metadata={"card": SECRET}, is_pci=True)
    reader = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
    reader.execute("BEGIN")
    (kept,) = reader.execute("SELECT metadata FROM call").fetchone()
    office.clock.advance(hours=1)
    office.work()
    assert SECRET.encode() in _bytes(tmp_path), "the WAL still has it"
    assert not db.erase()
    assert reader.execute("SELECT metadata FROM call").fetchone() == (kept,)
    reader.close()
    assert db.erase()
    assert SECRET.encode() not in _bytes(tmp_path)


def _bytes(folder: Path) -> bytes:
    """All that stands in the files of the database."""
    return b"".join(path.read_bytes() for path in folder.glob("ringback.db*"))
