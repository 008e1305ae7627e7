"""An appointment reminder, from the request that queues its calls to their results: every way such a call goes.

Each way has a golden transcript in data/appointment/transcripts. To write them anew remove those that changed, run this
module, and read what it wrote.
"""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from customer import APPOINTMENT, Clinic
from live import Live, running
from office import Office

from app.cli import main
from app.voicexml.transcript import line

pytestmark = pytest.mark.one_engine

TRANSCRIPTS = APPOINTMENT / "transcripts"
CALL_ID = 112850593
REFERENCE = "A-4711"
PARAMETERS = urlencode({"patient": "Ann Lee", "day": "Tuesday", "time": "10:30"})
DIALLED = "Wed, 28 Sep 2016 16:51:32 -0400"
INTERVAL = 600
HELLO = {"say": "Hello?"}
SILENT = {"noinput": True}


@dataclass(frozen=True)
class Way:
    """What the callee does, and what comes of it: the outcome that the clinic's server was told, the call's result."""

    name: str
    outcomes: list[object]
    outcome: dict[str, str] | None = None
    result: dict[str, str] = field(default_factory=dict)
    number: str = "6172223333"
    message: int = 0
    """Milliseconds of the recording that the clinic got."""


def _person(*does: dict[str, object], **more: object) -> dict[str, object]:
    return {"callee": "voice", "does": list(does), **more}


def _told(outcome: str, day: str = "Tuesday", time: str = "10:30") -> dict[str, str]:
    return {"call_id": str(CALL_ID), "reference": REFERENCE, "outcome": outcome, "day": day, "time": time}


WAYS = [
    Way("confirm by key", [_person(HELLO, {"dtmf": "1"})], _told("confirmed"), {}),
    Way("confirm by word", [_person(HELLO, {"say": "I would like to confirm"})], _told("confirmed")),
    Way(
        "another time",
        [
            _person(
                HELLO,
                {"say": "Another time please"},
                {"say": "Reschedule"},
                {"say": "Sunday"},
                SILENT,
                {"say": "Thursday"},
                {"dtmf": "2"},
                {"say": "yes"},
            )
        ],
        _told("rescheduled", "Thursday", "14:00"),
    ),
    Way("keep the old time", [_person(HELLO, {"dtmf": "2"}, {"dtmf": "*"})], _told("kept")),
    Way("leave a message", [_person(HELLO, {"dtmf": "3"}, {"say": "I may be late on Tuesday"})], message=2000),
    Way(
        "hang up after the message",
        [_person(HELLO, {"dtmf": "3"}, {"say": "I may be late on Tuesday"}, hangs_up_after=26)],
        result={"duration": "26"},
        message=2000,
    ),
    Way("press before the end", [_person(HELLO, {"dtmf": "1", "after": 4})], _told("confirmed")),
    Way("ask for help", [_person(HELLO, {"say": "help"}, {"say": "yes"})], _told("confirmed")),
    Way("agent answers", [_person(HELLO, {"dtmf": "0"}, {"transfer": "answered"})], _told("agent")),
    Way(
        "agent is busy",
        [_person(HELLO, {"say": "operator"}, {"transfer": "busy"}, {"say": "Please call me back about it"})],
        message=2000,
    ),
    Way(
        "agent does not answer",
        [_person(HELLO, {"dtmf": "2"}, {"say": "reception"}, {"transfer": "noanswer"})],
        _told("call back"),
    ),
    Way(
        "answering machine",
        [],
        _told("voicemail"),
        {"callee_type": "answeringmachine"},
        number="6175550101",
    ),
    Way(
        "answering machine that talks long",
        [
            {
                "callee": "answeringmachine",
                "says": [
                    "You have reached Ann and Bob. We are not at home right now, or we do not hear the telephone.",
                    "Please leave your name and your number after the tone.",
                ],
            }
        ],
        _told("voicemail"),
        {"callee_type": "answeringmachine"},
    ),
    Way("fax", [], _told("fax"), {"callee_type": "faxmachine"}, number="6175550102"),
    Way("hangs up in the middle", [_person(HELLO, hangs_up_after=8)], _told("hung up"), {"duration": "8"}),
    Way("says nothing", [_person(*[SILENT] * 5)], _told("not understood")),
    Way("says nothing that fits", [_person(*[{"say": "What?"}] * 5)], _told("not understood")),
    Way("nobody behind the number", [], _told("hung up"), number="6175550100"),
    Way(
        "busy twice, then confirmed",
        ["busy", "busy", _person(HELLO, {"dtmf": "1"})],
        _told("confirmed"),
        {"attempts": "3", "last_attempt_timestamp": "Wed, 28 Sep 2016 17:11:32 -0400"},
    ),
]


@pytest.fixture
def customer() -> Iterator[Clinic]:
    with Clinic().open() as clinic:
        yield clinic


def _form(clinic: Clinic) -> dict[str, object]:
    return {
        "start_url": f"{clinic.root}/start",
        "result_url": f"{clinic.root}/result",
        "message_reference": REFERENCE,
        "call_parameters": PARAMETERS,
        "max_retries": 2,
        "retry_interval": INTERVAL,
    }


def _transcript(call: dict[str, Any], clinic: Clinic) -> bytes:
    """All attempts as people read them; how long the clinic's server took is never the same twice, so it is 0."""
    lines = []
    for attempt in call["history"]:
        lines.append(f"attempt {attempt['attempt']}: {attempt['callee_type']}, {attempt['duration']} s")
        lines += [line(entry | {"seconds": 0}) for entry in attempt["transcript"]]
    return "".join(f"{each}\n" for each in lines).replace(clinic.root, "{clinic}").encode()


def _assert_golden(name: str, transcript: bytes) -> None:
    golden = TRANSCRIPTS / f"{name.replace(' ', '-').replace(',', '')}.transcript"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(transcript)
        pytest.fail(f"{golden.name} was not there and is written now: read it")
    assert transcript == golden.read_bytes()


@pytest.mark.parametrize("way", [pytest.param(way, id=way.name) for way in WAYS])
def test_each_way_that_a_reminder_goes(office: Office, customer: Clinic, way: Way) -> None:
    """What was said and heard, what the clinic's server got on the way, and the result at the end."""
    if way.outcomes:
        answer = office.web.put(f"/testing/callees/{way.number}", json={"outcomes": way.outcomes})
        assert answer.status_code == 200, answer.text
    call_id = office.queue(way.number, **_form(customer))
    for _ in range(3):
        office.work()
        office.clock.advance(seconds=INTERVAL)
    call = office.call(call_id)
    _assert_golden(way.name, _transcript(call, customer))
    assert customer.outcomes == ([way.outcome] if way.outcome else [])
    assert [(one["call_id"], one["milliseconds"], one["message"][:4]) for one in customer.messages] == (
        [(str(CALL_ID).encode(), str(way.message).encode(), b"RIFF")] if way.message else []
    )
    assert [each["detail"] for each in call["events"] if each["event"] == "application error"] == []
    (posted,) = customer.posts("/appointment/result")
    assert posted.form == _result(call, way)


def test_a_reminder_that_real_programs_make(tmp_path: Path, customer: Clinic) -> None:
    """Web server and scheduler as programs, an hour of virtual time: over HTTP everything is as it is within one."""
    way = next(each for each in WAYS if "busy" in each.outcomes)
    with running(tmp_path, clock="virtual") as live:
        _ask(live, "PUT", f"/testing/callees/{way.number}", {"outcomes": way.outcomes})
        form = {"login": "demo", "pin": "1234", "phone_number": way.number} | _form(customer)
        assert f'call_id="{CALL_ID}"' in live.post("/webservice/queuecall.php", **form)
        began = _ask(live, "GET", "/testing/clock")["now"]
        assert _ask(live, "POST", "/testing/clock", {"advance": 3600})["done"]
        call = _ask(live, "GET", f"/testing/calls/{CALL_ID}")
    _assert_golden(way.name, _transcript(call, customer))
    assert customer.outcomes == [way.outcome]
    (posted,) = customer.posts("/appointment/result")
    dialled = parsedate_to_datetime(posted.form["last_attempt_timestamp"]).timestamp()
    assert dialled - began == pytest.approx(2 * INTERVAL, abs=2)
    assert posted.form == _result(call, way) | {"last_attempt_timestamp": posted.form["last_attempt_timestamp"]}


def test_the_reminder_is_without_mistakes(customer: Clinic) -> None:
    """As ``ringback vxml --lint`` reads it, from its first page on."""
    lint = CliRunner().invoke(main, ["vxml", "--lint", f"{customer.root}/start"])
    assert lint.exit_code == 0, lint.output
    assert lint.output.endswith(" 0 errors, 0 warnings\n")


def _result(call: dict[str, Any], way: Way) -> dict[str, str]:
    """The eight fields that result_url gets."""
    return {
        "phone_number": way.number,
        "message_reference": REFERENCE,
        "call_id": str(CALL_ID),
        "result": "Completed",
        "callee_type": "voice",
        "attempts": "1",
        "last_attempt_timestamp": DIALLED,
        "duration": str(call["duration"]),
        **way.result,
    }


def _ask(live: Live, method: str, path: str, body: object = None) -> Any:
    """What the testing API answers."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{live.url}{path}", sent, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())
