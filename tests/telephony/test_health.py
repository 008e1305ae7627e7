"""Whether the trunk is well: what makes it sick, and what makes it well again."""

from app.telephony.trunk import FAILURES_OF_A_SICK_TRUNK, Health


def test_several_calls_in_a_row_without_an_answer_make_it_sick() -> None:
    health = Health()
    for _ in range(FAILURES_OF_A_SICK_TRUNK - 1):
        assert not health.failed("silence")
    health.answered()
    assert [health.failed("silence") for _ in range(FAILURES_OF_A_SICK_TRUNK)][-2:] == [False, True]
    assert health.trouble == "silence"


def test_an_answer_to_a_call_does_not_make_us_registered() -> None:
    health = Health()
    health.refused("403 Forbidden")
    health.answered()
    assert health.trouble == "403 Forbidden"
    health.registered()
    assert not health.trouble


def test_whoever_is_registered_got_an_answer() -> None:
    health = Health()
    for _ in range(FAILURES_OF_A_SICK_TRUNK):
        health.failed("silence")
    health.registered()
    assert not health.trouble
