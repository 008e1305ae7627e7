"""Why a call is not dialling: each reason, as the person who asks reads it."""

from collections.abc import Callable

import pytest
from office import Office

from app.calls import campaigns, claims, waiting
from app.calls.db import execute
from app.errors import Refusal

LINES = 2


def _due_tomorrow(office: Office) -> int:
    return office.queue("6175550100", scheduled_time="+1 day")


def _retried(office: Office) -> int:
    call_id = office.queue("6175550103", max_retries=1, retry_interval=600)
    office.work()
    return call_id


def _stopped(office: Office) -> int:
    execute("UPDATE campaign SET status = 'stopped'")
    return office.queue("6175550100")


def _suspended(office: Office) -> int:
    campaigns.suspend(office.clock.now(), "ann")
    return office.queue("6175550100")


def _expired(office: Office) -> int:
    call_id = office.queue("6175550100", expiration_time="+1 hour")
    office.clock.advance(hours=1)
    return call_id


def _called(office: Office) -> int:
    claims.claim([office.queue("6175550100")], "another", LINES, office.clock)
    return office.queue("6175550100")


def _no_line(office: Office) -> int:
    claims.claim([office.queue(f"617555010{digit}") for digit in range(2)], "another", LINES, office.clock)
    office.queue("6175550102")
    return office.queue("6175550103")


def _no_scheduler(office: Office) -> int:
    office.service.heart.stop()
    return office.queue("6175550100")


def _done(office: Office) -> int:
    call_id = office.queue("6175550100")
    office.work()
    return call_id


def _being_dialled(office: Office) -> int:
    call_id = office.queue("6175550100")
    claims.claim([call_id], "another", LINES, office.clock)
    return call_id


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(_due_tomorrow, "it is scheduled at 2016-09-29 20:51:32 UTC", id="not due yet"),
        pytest.param(_retried, "it waits for its retry, attempt 2, at 2016-09-28 21:01:32 UTC", id="a retry"),
        pytest.param(_stopped, "its campaign default is stopped", id="stopped"),
        pytest.param(_suspended, "all calling is suspended, since 2016-09-28 20:51:32 UTC by ann", id="suspended"),
        pytest.param(_expired, "its window ended at 2016-09-28 21:51:32 UTC: it is about to fail", id="expired"),
        pytest.param(_called, "its number is being called for call 112850593", id="its number is being called"),
        pytest.param(_no_line, "all 2 lines are in use; it is number 2 in its queue", id="no free line"),
        pytest.param(_no_scheduler, "no scheduler is running: start `ringback scheduler`", id="no scheduler"),
        pytest.param(_done, "it is completed", id="completed"),
        pytest.param(_being_dialled, "it is being dialled", id="dialling"),
    ],
)
def test_each_reason_is_told(office: Office, make: Callable[[Office], int], reason: str) -> None:
    assert waiting.why(make(office), office.clock.now(), LINES) == reason


def test_a_call_that_is_not_there_is_refused(office: Office) -> None:
    with pytest.raises(Refusal, match="there is no call 1"):
        waiting.why(1, office.clock.now(), LINES)
