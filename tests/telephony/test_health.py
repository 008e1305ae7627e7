"""Whether the trunk takes calls: what makes it sick, what is tried then, and what makes it well again."""

import pytest

from app.telephony.carrier import NO_LIMIT
from app.telephony.trunk import FAILURES_OF_A_SICK_TRUNK, FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS, Health

TIMEOUT = 32.0
"""Seconds until a call that nobody answers has failed."""


def fail(health: Health, now: float, why: str = "silence") -> float:
    """A call that nobody answers; when it has ended."""
    admission = health.admit(now)
    assert admission is not None
    health.failed(admission, why, now + TIMEOUT)
    health.over(admission)
    return now + TIMEOUT


def sick(now: float = 0.0) -> tuple[Health, float]:
    """A trunk that has just become sick."""
    health = Health()
    for _ in range(FAILURES_OF_A_SICK_TRUNK):
        now = fail(health, now)
    return health, now


def test_several_calls_in_a_row_without_an_answer_pause_dialling() -> None:
    health, now = Health(), 0.0
    for _ in range(FAILURES_OF_A_SICK_TRUNK - 1):
        now = fail(health, now)
    health.answered(now)
    for _ in range(FAILURES_OF_A_SICK_TRUNK):
        assert (health.trouble, health.room(now)) == ("", NO_LIMIT)
        now = fail(health, now)
    assert (health.trouble, health.room(now)) == ("silence", 0)
    assert health.admit(now) is None


def test_a_sick_trunk_is_tried_by_one_call_at_a_time_after_pauses_that_grow() -> None:
    health, now = sick()
    pauses = []
    for _ in range(8):
        pause = next(seconds for seconds in range(1_000) if health.room(now + seconds))
        now += pause
        assert health.room(now) == 1
        trial = health.admit(now)
        assert trial is not None
        assert health.room(now + 1_000) == 0
        assert health.admit(now + 1_000) is None
        now += TIMEOUT
        health.failed(trial, "still silent", now)
        health.over(trial)
        pauses.append(pause)
    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-2:] == [MAX_PAUSE_SECONDS] * 2
    assert health.trouble == "still silent"


def test_one_answer_to_a_call_makes_it_well_at_once_and_while_that_call_goes_on() -> None:
    health, now = sick()
    now += FIRST_PAUSE_SECONDS
    trial = health.admit(now)
    assert trial is not None
    health.answered(now + 1)
    assert (health.trouble, health.room(now + 1)) == ("", NO_LIMIT)
    for _ in range(FAILURES_OF_A_SICK_TRUNK):
        now = fail(health, now + 2)
    assert health.room(now + FIRST_PAUSE_SECONDS) == 1, "a call that still talks is no trial"
    health.over(trial)
    assert health.room(now + FIRST_PAUSE_SECONDS) == 1


def test_a_trial_that_was_not_dialled_is_made_by_another_call() -> None:
    health, now = sick()
    now += FIRST_PAUSE_SECONDS
    trial = health.admit(now)
    assert trial is not None
    health.over(trial)
    assert health.room(now) == 1


def test_calls_that_began_before_the_last_answer_say_nothing() -> None:
    health = Health()
    before = [health.admit(0.0) for _ in range(FAILURES_OF_A_SICK_TRUNK)]
    health.answered(10.0)
    for admission in before:
        assert admission is not None
        health.failed(admission, "silence", TIMEOUT)
    assert not health.trouble


def test_calls_that_began_before_it_was_sick_are_no_trials() -> None:
    health = Health()
    under_way = [health.admit(0.0) for _ in range(2 * FAILURES_OF_A_SICK_TRUNK)]
    for admission in under_way:
        assert admission is not None
        health.failed(admission, "silence", TIMEOUT)
        health.over(admission)
    assert health.room(TIMEOUT + FIRST_PAUSE_SECONDS) == 1


def test_answers_to_questions_do_not_make_it_well() -> None:
    """OPTIONS that are answered all the time, and registrations, may take another way than calls."""
    health, now = sick()
    for second in range(int(FIRST_PAUSE_SECONDS)):
        health.asked(now + second, answered=True)
        health.registered(now + second)
        assert (health.trouble, health.room(now + second)) == ("silence", 0)


def test_an_answer_after_silence_brings_the_next_trial() -> None:
    health, now = sick()
    health.asked(now, answered=False)
    assert health.room(now) == 0
    health.asked(now + 5, answered=True)
    assert (health.trouble, health.room(now + 5)) == ("silence", 1)
    now = fail(health, now + 5)
    health.asked(now, answered=True)
    assert health.room(now) == 0


@pytest.mark.parametrize("answered", [False, True], ids=["well", "answers a call"])
def test_whoever_is_not_registered_dials_nothing(answered: bool) -> None:
    health = Health()
    health.refused("403 Forbidden")
    if answered:
        health.answered(1.0)
    assert (health.trouble, health.room(1e9), health.admit(1e9)) == ("403 Forbidden", 0, None)
    health.registered(1e9)
    assert (health.trouble, health.room(1e9)) == ("", NO_LIMIT)


def test_whoever_is_registered_again_at_a_sick_trunk_tries_a_call_at_once() -> None:
    health, now = sick()
    health.refused("no answer")
    assert health.trouble == "no answer"
    health.registered(now)
    assert (health.trouble, health.room(now)) == ("silence", 1)
