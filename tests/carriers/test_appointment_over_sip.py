"""The appointment reminder over SIP: real programs, a real peer, and what each of the three of them got."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from customer import Clinic
from dialling import ON_THE_WIRE
from fleet import Fleet
from heard import likeness
from live import until
from peer import Peer

from app.telephony.speech import Espeak

pytestmark = ON_THE_WIRE

GREETING = "Hello. This is the office of doctor Green with a reminder for you."
WORDS_PER_MINUTE = 300


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    with Clinic().open() as clinic:
        yield clinic


@pytest.fixture
def programs(tmp_path: Path, exchange: Peer) -> Iterator[Fleet]:
    trunk = {"carrier": "sip", "sip_trunk": exchange.address, "sip_caller_id": "+16175559999"}
    trunk["words_per_minute"] = str(WORDS_PER_MINUTE)
    with Fleet(tmp_path, f"sqlite:///{tmp_path}/ringback.db", **trunk) as programs:
        programs.start()
        yield programs


def remind(programs: Fleet, clinic: Clinic, number: str) -> None:
    """Queue a reminder, and wait until its result was delivered."""
    form = {
        **programs.account,
        "phone_number": number,
        "start_url": f"{clinic.root}/start",
        "result_url": f"{clinic.root}/result",
        "message_reference": "A-4711",
        "call_parameters": urlencode({"patient": "Ann Lee", "day": "Tuesday", "time": "10:30"}),
    }
    assert 'status="queued"' in programs.post("/webservice/queuecall.php", form)
    until(lambda: clinic.posts("/appointment/result"), 90, "the result is delivered")


def result(clinic: Clinic) -> dict[str, str]:
    (posted,) = clinic.posts("/appointment/result")
    return {name: posted.form[name] for name in ("result", "callee_type", "attempts")}


def test_a_person_confirms_by_key(programs: Fleet, clinic: Clinic, exchange: Peer) -> None:
    """The prompt is heard, the key reaches the field, the submit the customer, the outcome result_url."""
    remind(programs, clinic, "6172090001")
    assert result(clinic) == {"result": "Completed", "callee_type": "voice", "attempts": "1"}
    assert [told["outcome"] for told in clinic.outcomes] == ["confirmed"]
    call = [each for each in exchange.calls() if each.number == "+16172090001"][-1]
    heard = exchange.heard(call)
    assert heard.lost == 0
    prompt = np.frombuffer(Espeak("en-us", WORDS_PER_MINUTE).words(GREETING), np.int16)
    assert likeness(prompt, heard.sound) >= 0.95
    transcript = programs.one("SELECT transcript FROM attempt")
    assert '"event": "unheard"' in transcript  # the field that only listens to words
    assert '"name": "session.connection.callee_type", "value": "voice"' in transcript
    assert '"dtmf": "1"' in transcript


@pytest.mark.parametrize(
    ("number", "callee_type", "outcome"),
    [("6175550101", "answeringmachine", "voicemail"), ("6175550102", "faxmachine", "fax")],
)
def test_a_machine_is_told_from_a_person(
    programs: Fleet, clinic: Clinic, number: str, callee_type: str, outcome: str
) -> None:
    remind(programs, clinic, number)
    assert result(clinic) == {"result": "Completed", "callee_type": callee_type, "attempts": "1"}
    assert [told["outcome"] for told in clinic.outcomes] == [outcome]


def test_a_number_that_is_not_in_service(programs: Fleet, clinic: Clinic) -> None:
    """Tones in early media, and a status and a cause that say less."""
    remind(programs, clinic, "6174802017")
    assert result(clinic) == {"result": "Failed", "callee_type": "informationtone", "attempts": "1"}
    assert clinic.outcomes == []
