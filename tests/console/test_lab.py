"""The testing lab: the clock, scripted callees, what happened, beginning anew; for administrators in a simulation."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from customer import Customer
from flask.testing import FlaskClient
from live import running
from office import Office
from visitor import Browser, Visitor, words

from app import factory
from app.calls import accounts, db, scripts, virtual_time
from app.calls.db import execute
from app.console.callees import RESERVED
from app.settings import Settings
from app.telephony.callees import Callees
from app.telephony.outcomes import CalleeType

pytestmark = pytest.mark.one_engine


@pytest.fixture
def tester(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


@pytest.fixture
def virtual(tmp_path: Path) -> Iterator[FlaskClient]:
    """The web application on virtual time, without a scheduler."""
    settings = replace(Settings.read({"RINGBACK_DATABASE": f"sqlite:///{tmp_path}/virtual.db"}), clock="virtual")
    factory.prepare_database(settings)
    yield factory.create_app(settings).test_client()
    db.close_database()


def test_a_script_is_built_from_fields(office: Office, tester: Visitor) -> None:
    """An outcome an attempt; empty attempts are left out; the callee does what it says."""
    tester.send(
        "/lab",
        "/lab/callees",
        **{"number": "(617) 555-9999", "callee-1": "busy", "callee-3": "voice", "says-3": "yes; no thanks"},
        **{"dtmf-3": "1 22#", "hangs_up_after-3": "20"},
    )
    outcomes = [
        "busy",
        {"callee": "voice", "says": ["yes", "no thanks"], "dtmf": ["1", "22#"], "hangs_up_after": 20.0},
    ]
    assert [(number, json.loads(text)) for number, text in scripts.every()] == [("+16175559999", outcomes)]
    page = words(tester.page("/lab"))
    assert "1. busy" in page
    assert "2. voice, says “yes”, says “no thanks”, presses 1, presses 22#, hangs up after 20 s, and so on" in page
    office.queue("6175559999", max_retries=1)
    office.work()
    assert execute("SELECT callee_type FROM attempt").fetchone() == ("busy",)


def test_a_script_may_be_json_and_is_changed_and_removed(tester: Visitor) -> None:
    """What is there is in the form, to be changed."""
    text = '[{"callee":"voice","does":[{"say":"<yes>"}]}]'
    tester.send("/lab", "/lab/callees", number="6175559999", outcomes=text)
    form = tester.forms("/lab?number=%2B16175559999")["/lab/callees"].fields
    assert (form["number"], form["outcomes"]) == ("+16175559999", text)
    answer = tester.send("/lab", "/lab/callees/remove")
    assert "+16175559999 has no script any more" in tester.follow(answer)
    assert scripts.every() == []
    again = tester.web.post("/lab/callees/remove", data=form)
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"number": "x"}, "number: 'x' can't be part of a number", id="number"),
        pytest.param({}, "outcomes: must be a list of 1 to 100 outcomes", id="nothing filled in"),
        pytest.param({"outcomes": "[busy]"}, "outcomes: is not JSON", id="no JSON"),
        pytest.param({"outcomes": "[" * 50_000}, "outcomes: is not JSON", id="too deep"),
        pytest.param({"outcomes": '["bussy"]'}, "outcomes[0]: must be one of", id="unknown outcome"),
        pytest.param({"callee-1": "busy", "says-1": "hi"}, "outcomes[0].says: busy does not answer", id="says"),
        pytest.param({"callee-1": "voice", "hangs_up_after-1": "nan"}, "hangs_up_after: must be seconds", id="nan"),
        pytest.param({"callee-1": "voice", "hangs_up_after-1": "soon"}, "hangs_up_after: must be seconds", id="word"),
        pytest.param({"says-1": "hi"}, "outcomes[0].callee: must be one of", id="no callee"),
    ],
)
def test_a_script_that_is_refused_is_typed_still(tester: Visitor, fields: dict[str, str], sentence: str) -> None:
    """400, the sentence, nothing set."""
    typed = {"number": "6175559999"} | fields
    answer = tester.send("/lab", "/lab/callees", **typed)
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert f'name="number" value="{typed["number"]}"' in answer.text
    assert scripts.every() == []


def test_the_table_of_reserved_numbers_is_right() -> None:
    """Each line says what the simulation does."""
    met = Callees({"faxmachine": 1}, "seed")

    def callee(line: str, attempt: int = 1) -> CalleeType:
        return met.meet(f"+1617555{line}", 1, attempt).callee_type

    said = {
        "a person answers": "voice",
        "an answering machine": "answeringmachine",
        "a fax machine": "faxmachine",
        "busy": "busy",
        "nobody answers": "noanswer",
        "information tone": "informationtone",
        "line failure": "linefailure",
        "answered, and nobody can tell by what": "unknown",
        "busy twice, then a person": "busy",
        "nobody answers n times, then a person": "noanswer",
        "rings 44 seconds, then a person": "voice",
        "rings 46 seconds: nobody answers": "noanswer",
    }
    assert {line: str(callee(line.replace("n", "2"))) for line, _ in RESERVED} == {
        line: said[who] for line, who in RESERVED
    }
    assert [callee("0109", attempt) for attempt in (2, 3)] == [CalleeType.BUSY, CalleeType.VOICE]
    assert [callee("0112", attempt) for attempt in (2, 3)] == [CalleeType.NOANSWER, CalleeType.VOICE]


def test_the_feed_tells_what_happened_newest_first(office: Office, tester: Visitor) -> None:
    """With a link to each call; no more than twenty things."""
    call_id = office.queue("6175550100")
    office.work()
    feed = tester.page("/lab/feed")
    assert re.findall(r'badge is-(\w+)">(?!real)', feed) == [
        "result",
        "completed",
        "disconnected",
        "connected",
        "dialing",
    ]
    assert feed.count(f'href="/calls/{call_id}"') == 5
    assert "<html" not in feed
    assert 'data-hx-get="/lab/feed"' in tester.page("/lab")


def test_the_feed_has_the_last_things_of_many(office: Office, tester: Visitor) -> None:
    """Not the first."""
    for _ in range(8):
        last = office.queue("6175550100", result_url="")
    office.work()
    feed = tester.page("/lab/feed")
    assert feed.count("<tr>") == 1 + 20
    assert f'href="/calls/{last}"' in feed.partition("</tr>")[2].partition("</tr>")[0]


def test_the_real_clock_is_not_moved(tester: Visitor) -> None:
    """409 and how to have one that moves; the page says it beforehand."""
    token = tester.forms("/lab")["/lab/callees"].fields["csrf_token"]
    answer = tester.web.post("/lab/clock", data={"csrf_token": token, "move": "day"})
    assert answer.status_code == 409
    for page in (answer.text, tester.page("/lab")):
        assert (
            "The clock is real and goes on by itself. To move it, start ringback with RINGBACK_CLOCK=virtual"
            in words(page)
        )


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        pytest.param({"move": "next"}, 400, "Nothing is due", id="nothing due"),
        pytest.param({"to": "yesterday"}, 400, "time does not run backwards", id="backwards"),
        pytest.param({"to": "soonish"}, 400, '"soonish" is not a time', id="no time"),
        pytest.param({"to": ""}, 400, "to: is required", id="empty"),
        pytest.param({"to": "9999-01-01"}, 400, "9997 is the last one", id="too far"),
        pytest.param({"move": "day"}, 503, "No scheduler runs that could move the clock", id="no scheduler"),
    ],
)
def test_a_move_that_is_refused_is_not_asked_for(
    virtual: FlaskClient, fields: dict[str, str], status: int, sentence: str
) -> None:
    """The sentence says what to do."""
    answer = Visitor(virtual).sign_in().send("/lab", "/lab/clock", **fields)
    assert answer.status_code == status
    assert sentence in words(answer.text)
    assert virtual_time.unanswered()[1] == 0


def test_the_clock_moves_to_the_next_event_and_on(tmp_path: Path, customer: Customer) -> None:
    """In the real programs: a call at one in three hours is dialled when its time has come."""
    with running(tmp_path, clock="virtual") as live:
        browser = Browser(live.url)
        browser.send("/login", "/login", login="demo", pin="1234")
        urls = {"start_url": f"{customer.url}/start"}
        browser.send("/queue", "/queue", phone_number="6175550103", scheduled_time="+3 hours", **urls)
        assert "nothing is due" not in words(browser.page("/lab"))
        browser.send("/lab", "/lab/clock", move="hour")
        assert live.rows("SELECT count(*) FROM attempt") == [(0,)]
        page = browser.send("/lab", "/lab/clock", move="next")
        assert "all that was due until then is done" in words(page)
        assert live.rows("SELECT callee_type FROM attempt") == [("busy",)]
        ((before,),) = live.rows("SELECT now FROM virtual_time")
        browser.send("/lab", "/lab/clock", to="+1 day")
        assert live.rows("SELECT now FROM virtual_time") == [(float(str(before)) + 86_400,)]


def test_everything_is_forgotten_when_asked(office: Office, tester: Visitor) -> None:
    """Calls and scripts; the account stays, and the audit log says who did it."""
    office.queue("6175550100")
    tester.send("/lab", "/lab/callees", **{"number": "6175559999", "callee-1": "busy"})
    page = tester.follow(tester.send("/lab", "/lab/reset"))
    assert "Forgotten: 1 calls, 0 campaigns, 1 scripts." in words(page)
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)
    assert execute("SELECT login FROM audit WHERE action = 'forgot everything'").fetchone() == ("demo",)


WRITES = ("/lab/clock", "/lab/callees", "/lab/callees/remove", "/lab/reset")


def test_it_is_for_administrators(office: Office) -> None:
    """403 for an account; nothing is done."""
    accounts.add("other", "5678", office.clock.now(), allow_weak_pin=True)
    other = Visitor(office.web).sign_in("other", "5678")
    token = other.forms("/queue")["/queue"].fields["csrf_token"]
    office.queue("6175550100")
    for path in ("/lab", "/lab/feed"):
        other.page(path, 403)
    for path in WRITES:
        assert other.web.post(path, data={"csrf_token": token, "number": "6175559999"}).status_code == 403
    assert execute("SELECT count(*) FROM call").fetchone() == (1,)


def test_with_another_carrier_there_is_no_lab(office: Office, tester: Visitor) -> None:
    """404 for every page of it."""
    token = tester.forms("/lab")["/lab/callees"].fields["csrf_token"]
    office.web.application.extensions["console"] = replace(
        office.web.application.extensions["console"], simulated=False
    )
    for path in ("/lab", "/lab/feed"):
        tester.page(path, 404)
    for path in WRITES:
        assert tester.web.post(path, data={"csrf_token": token}).status_code == 404


def test_writes_without_a_token_are_refused(office: Office, tester: Visitor) -> None:
    """400, and nothing is forgotten."""
    office.queue("6175550100")
    for path in WRITES:
        assert office.web.post(path).status_code == 400
    assert execute("SELECT count(*) FROM call").fetchone() == (1,)
