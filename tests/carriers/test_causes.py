"""The table of outcomes, row by row, as it is and over the wire."""

import pytest
from dialling import ON_THE_WIRE, Phone

from app.telephony.causes import Failure
from app.telephony.outcomes import CalleeType

pytestmark = ON_THE_WIRE

STATUSES = {
    CalleeType.BUSY: (486, 600, 603),
    CalleeType.NOANSWER: (480,),
    CalleeType.INFORMATIONTONE: (404, 410, 484, 485, 604),
    CalleeType.LINEFAILURE: (401, 403, 407, 408, 488, 500, 501, 502, 503, 504, 606, 402, 420, 513),
}
CAUSES = {
    CalleeType.BUSY: (17,),
    CalleeType.NOANSWER: (18, 19, 20),
    CalleeType.INFORMATIONTONE: (1, 2, 3, 22, 28, 34, 42),
    CalleeType.LINEFAILURE: (21, 27, 38, 41, 58, 79, 88, 102, 127),
}
BY_STATUS = [(status, callee_type) for callee_type, statuses in STATUSES.items() for status in statuses]
BY_CAUSE = [(cause, callee_type) for callee_type, causes in CAUSES.items() for cause in causes]


@pytest.mark.parametrize(("status", "callee_type"), BY_STATUS)
def test_a_status_gives_a_callee_type(sip: Phone, status: int, callee_type: CalleeType) -> None:
    outcome = sip.dial(f"+1617{status}0000")
    assert (outcome.callee_type, outcome.answered_at, outcome.duration) == (callee_type, None, 0)
    assert not sip.carrier.trouble


@pytest.mark.parametrize(("cause", "callee_type"), BY_CAUSE)
def test_a_cause_says_more_than_the_status(sip: Phone, cause: int, callee_type: CalleeType) -> None:
    status = 500 if callee_type is not CalleeType.LINEFAILURE else 486
    assert sip.dial(f"+1617{status}0{cause:03}").callee_type == callee_type


def test_a_timeout_of_the_trunk_after_ringing_is_no_answer(sip: Phone) -> None:
    assert sip.dial("+16174081000").callee_type == CalleeType.NOANSWER


@pytest.mark.parametrize("way", [2, 3], ids=["unobtainable", "busy circuits"])
def test_information_tones_say_more_than_cause_and_status(sip: Phone, way: int) -> None:
    assert sip.dial(f"+1617480{way}017").callee_type == CalleeType.INFORMATIONTONE


@pytest.mark.parametrize(
    ("failure", "callee_type"),
    [
        (Failure(None, "Connection refused"), CalleeType.LINEFAILURE),
        (Failure(None, "timed out", rang=True), CalleeType.LINEFAILURE),
        (Failure(480, 'SIP;cause=200;text="elsewhere", Q.850;cause=17;text="User busy"'), CalleeType.BUSY),
        (Failure(480, "q.850 ; cause = 1"), CalleeType.INFORMATIONTONE),
        (Failure(503, 'Q.850;text="a;cause=1, b"; cause=17'), CalleeType.BUSY),
        (Failure(486, "Q.850" + ";a " * 3000), CalleeType.BUSY),
        (Failure(486, "Q.850;cause=16"), CalleeType.BUSY),
        (Failure(486, "Q.850;cause=none"), CalleeType.BUSY),
        (Failure(404, "Q.850;cause=17", rang=True, tones=True), CalleeType.INFORMATIONTONE),
    ],
    ids=[
        "nobody",
        "nobody after ringing",
        "two reasons",
        "blanks",
        "a cause in a text",
        "endless",
        "cause of a normal end",
        "no cause",
        "tones",
    ],
)
def test_the_most_specific_evidence_counts(failure: Failure, callee_type: CalleeType) -> None:
    assert failure.callee_type == callee_type
