"""What every carrier does: the reserved numbers 555-01xx meet the same callees, simulated and over SIP."""

import pytest
from dialling import ON_THE_WIRE, Phone

from app.telephony.outcomes import CalleeType
from scheduler.permit import NotPermitted, Permit

pytestmark = ON_THE_WIRE


@pytest.mark.parametrize(
    ("line", "callee_type", "answered"),
    [
        ("0100", CalleeType.VOICE, True),
        ("0101", CalleeType.ANSWERINGMACHINE, True),
        ("0102", CalleeType.FAXMACHINE, True),
        ("0103", CalleeType.BUSY, False),
        ("0104", CalleeType.NOANSWER, False),
        ("0105", CalleeType.INFORMATIONTONE, False),
        ("0106", CalleeType.LINEFAILURE, False),
        ("0107", CalleeType.UNKNOWN, True),
        ("0120", CalleeType.VOICE, True),
        ("0121", CalleeType.NOANSWER, False),
    ],
)
def test_a_reserved_number_meets_its_callee(phone: Phone, line: str, callee_type: CalleeType, answered: bool) -> None:
    outcome = phone.dial(f"+1617555{line}")
    assert (outcome.callee_type, outcome.answered_at is not None) == (callee_type, answered)
    assert outcome.ended_at >= (outcome.answered_at or outcome.ended_at)
    assert (outcome.duration > 0) is answered


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("0109", [CalleeType.BUSY, CalleeType.BUSY, CalleeType.VOICE]),
        ("0111", [CalleeType.NOANSWER, CalleeType.VOICE]),
    ],
)
def test_a_number_that_answers_later_does_so_at_its_attempt(phone: Phone, line: str, met: list[CalleeType]) -> None:
    outcomes = [phone.dial(f"+1617555{line}", attempt=attempt) for attempt in range(1, len(met) + 1)]
    assert [outcome.callee_type for outcome in outcomes] == met


def test_a_permit_that_was_taken_back_is_not_dialled(phone: Phone) -> None:
    permit = Permit(lambda: True)
    assert permit.recall()
    with pytest.raises(NotPermitted):
        phone.dial("+16175550100", begin=permit)


def test_a_permit_is_used_once_the_phone_rings(phone: Phone) -> None:
    permit = Permit(lambda: True)
    phone.dial("+16175550103", begin=permit)
    assert not permit.recall()
