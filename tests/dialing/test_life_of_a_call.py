"""The life of a call on a clock that the test moves: attempts, retries, windows, and the one result at the end."""

import logging
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest
from customer import Reply
from office import RECEIVED, Office

from app.calls import claims, lifecycle, schedulers, waiting
from app.calls.db import execute
from app.calls.states import APPLICATION_ERROR
from app.telephony.carrier import Converse, Dial, Outcome, TrunkSick
from app.telephony.outcomes import CalleeType
from app.telephony.simulated import SimulatedCarrier
from scheduler.attempt import Attempt
from scheduler.permit import Permit

INTERVAL = 600


def _steps(office: Office, call_id: int) -> list[float]:
    """When each attempt began, in seconds after the call was queued."""
    history = office.call(call_id)["history"]
    return [(datetime.fromisoformat(made["started_at"]) - RECEIVED).total_seconds() for made in history]


def test_a_call_that_is_answered_completes_after_one_attempt(office: Office) -> None:
    """0100 is a person: one POST of the five fields to start_url, one result with the eight fields."""
    call_id = office.queue("6175550100", message_reference="ref 1", call_parameters="a=1&b=2")
    office.work()
    (start,) = office.customer.posts("/start")
    assert start.form == {
        "phone_number": "6175550100",
        "call_id": str(call_id),
        "message_reference": "ref 1",
        "campaign_parameters": "",
        "call_parameters": "a=1&b=2",
    }
    (result,) = office.customer.posts("/result")
    form = result.form
    assert parsedate_to_datetime(form.pop("last_attempt_timestamp")) == RECEIVED
    assert int(form.pop("duration")) > 0
    assert form == {
        "phone_number": "6175550100",
        "message_reference": "ref 1",
        "call_id": str(call_id),
        "result": "Completed",
        "callee_type": "voice",
        "attempts": "1",
    }
    assert result.headers["Webhook-Id"] == str(call_id)
    assert result.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_busy_number_is_tried_again_after_each_interval_and_fails(office: Office) -> None:
    """0103 with max_retries=2: three attempts, an interval apart, and nothing in between; then one result."""
    call_id = office.queue("6175550103", max_retries=2, retry_interval=INTERVAL)
    office.work()
    assert _steps(office, call_id) == [0]
    for made in (1, 2):
        office.clock.advance(seconds=INTERVAL - 1)
        office.work()
        assert len(_steps(office, call_id)) == made
        assert not office.customer.posts("/result")
        office.clock.advance(seconds=1)
        office.work()
    assert _steps(office, call_id) == [0, INTERVAL, 2 * INTERVAL]
    office.clock.advance(days=2)
    office.work()
    (result,) = office.customer.posts("/result")
    assert (result.form["result"], result.form["callee_type"], result.form["attempts"]) == ("Failed", "busy", "3")
    assert not office.customer.posts("/start")


def test_a_call_that_is_busy_twice_completes_at_the_third_attempt(office: Office) -> None:
    """0109 is busy twice, then a person."""
    office.queue("6175550109", max_retries=5, retry_interval=60)
    for _ in range(6):
        office.work()
        office.clock.advance(seconds=60)
    (result,) = office.customer.posts("/result")
    assert (result.form["result"], result.form["callee_type"], result.form["attempts"]) == ("Completed", "voice", "3")


@pytest.mark.parametrize(
    ("number", "result", "callee_type"),
    [
        pytest.param("6175550100", "Completed", "voice", id="a person"),
        pytest.param("6175550101", "Completed", "answeringmachine", id="voicemail"),
        pytest.param("6175550102", "Completed", "faxmachine", id="a fax"),
        pytest.param("6175550103", "Failed", "busy", id="busy"),
        pytest.param("6175550104", "Failed", "noanswer", id="nobody answers"),
        pytest.param("6175550105", "Failed", "informationtone", id="information tone"),
        pytest.param("6175550106", "Failed", "linefailure", id="line failure"),
        pytest.param("6175550107", "Completed", "unknown", id="answered by who knows what"),
        pytest.param("6175550110", "Completed", "voice", id="0 times no answer"),
        pytest.param("6175550111", "Failed", "noanswer", id="once no answer"),
        pytest.param("6175550120", "Completed", "voice", id="rings 44 s"),
        pytest.param("6175550121", "Failed", "noanswer", id="rings 46 s"),
        pytest.param("tel:+12125550103;ani=8009957586", "Failed", "busy", id="any area code, with a caller id"),
        pytest.param("2125551103", "Completed", "voice", id="not reserved: the mix"),
    ],
)
def test_each_reserved_number_ends_as_it_should(office: Office, number: str, result: str, callee_type: str) -> None:
    """The numbers reserved for fiction choose the callee."""
    office.queue(number)
    office.work()
    (posted,) = office.customer.posts("/result")
    assert (posted.form["result"], posted.form["callee_type"]) == (result, callee_type)


def test_a_call_that_expires_undialled_fails_with_noattempt(office: Office) -> None:
    """Its campaign is stopped, its window ends: failed, never dialled, every number of the result readable."""
    execute("UPDATE campaign SET status = 'stopped'")
    office.queue("6175550100", expiration_time="+1 hour")
    office.clock.advance(minutes=59)
    office.work()
    assert not office.customer.posts("/result")
    office.clock.advance(minutes=1)
    office.work()
    (result,) = office.customer.posts("/result")
    assert result.form["result"] == "Failed"
    assert result.form["callee_type"] == "noattempt"
    assert result.form["attempts"] == "0"
    assert result.form["duration"] == "0"
    assert result.form["last_attempt_timestamp"] == ""
    assert not office.customer.posts("/start")


def test_a_call_that_expires_between_attempts_reports_its_last_one(office: Office) -> None:
    """Busy, and the window ends before the retry: failed with busy and one attempt."""
    office.queue("6175550103", max_retries=3, retry_interval=7200, expiration_time="+1 hour")
    office.work()
    assert not office.customer.posts("/result")
    office.clock.advance(hours=1)
    office.work()
    (result,) = office.customer.posts("/result")
    assert (result.form["result"], result.form["callee_type"], result.form["attempts"]) == ("Failed", "busy", "1")


def test_no_attempt_starts_at_the_expiration(office: Office) -> None:
    """A retry that comes due at the very second its window ends is not made."""
    call_id = office.queue("6175550103", max_retries=1, retry_interval=3600, expiration_time="+1 hour")
    office.work()
    office.clock.advance(hours=1)
    assert office.service.dispatcher.run() == 0
    office.work()
    assert _steps(office, call_id) == [0]


def test_nothing_happens_before_the_schedule(office: Office) -> None:
    """Scheduled for tomorrow: not a second earlier."""
    schedule = int(RECEIVED.timestamp()) + 86_400
    call_id = office.queue("6175550100", scheduled_timestamp=schedule)
    office.clock.advance(seconds=86_399)
    office.work()
    assert not office.customer.posts("/start")
    assert office.call(call_id)["status"] == "queued"
    office.clock.advance(seconds=1)
    office.work()
    assert office.call(call_id)["status"] == "completed"
    assert len(office.customer.posts("/result")) == 1


@pytest.mark.parametrize(("expression", "layer"), [("+1 hour", "php"), ("in 1 hour", "dateparser")])
def test_a_call_tells_who_read_its_time(office: Office, expression: str, layer: str) -> None:
    """Which reader understood a time stands among the call's events."""
    call_id = office.queue("6175550100", scheduled_time=expression)
    call = office.call(call_id)
    assert [event["detail"] for event in call["events"]] == [f"scheduled_time '{expression}' was read by {layer}"]
    assert call["due_at"] == "2016-09-28T21:51:32+00:00"


def test_calls_of_a_stopped_campaign_wait(office: Office) -> None:
    """Stopped means not dialled; started again means dialled."""
    execute("UPDATE campaign SET status = 'stopped'")
    office.queue("6175550100")
    office.work()
    assert not office.customer.posts("/start")
    execute("UPDATE campaign SET status = 'started'")
    office.work()
    assert len(office.customer.posts("/start")) == 1


@pytest.mark.parametrize("broken", ["not found", "not xml", "html", "empty"])
def test_a_start_url_that_breaks_at_call_time_hangs_up_and_still_completes(office: Office, broken: str) -> None:
    """Somebody answered: the outcome follows the callee, the call shows an application error."""
    office.customer.answers["/start"] = lambda _: {
        "not found": Reply(404),
        "not xml": Reply(body=b"hello"),
        "html": Reply(body=b"<html/>"),
        "empty": Reply(),
    }[broken]
    call_id = office.queue("6175550100")
    office.work()
    call = office.call(call_id)
    assert (call["status"], call["callee_type"], call["duration"]) == ("completed", "voice", 0)
    assert [event["event"] for event in call["events"]] == ["application error"]


def test_an_application_that_failed_is_told_at_the_completed_call_and_in_the_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """A static server answers the probe and refuses the POST. The log has no parameters."""
    caplog.set_level(logging.INFO)
    office.customer.answers["/start"] = lambda asked: Reply(501 if asked.method == "POST" else 200)
    url = f"{office.customer.url}/start"
    call_id = office.queue("6175550100", start_url=f"{url}?name=Jane")
    office.work()
    failure = f"the application failed: POST {url}?name=Jane answered 501"
    assert waiting.why(call_id, office.clock.now(), 50) == f"it is completed, but {failure}"
    assert f"{call_id} completed, but the application failed: POST {url} answered 501" in caplog.messages


def test_a_failure_of_an_earlier_attempt_is_not_told_of_one_that_went_well(office: Office) -> None:
    call_id = office.queue("6175550100")
    office.work()
    before = office.clock.now().timestamp() - 60
    execute(
        "INSERT INTO event (call_id, at, event, detail) VALUES (?, ?, ?, ?)", call_id, before, APPLICATION_ERROR, "x"
    )
    assert waiting.why(call_id, office.clock.now(), 50) == "it is completed"


def test_without_detection_whoever_answers_is_voice(office: Office) -> None:
    """The account's detection is off: a machine counts as a person, a busy line stays busy."""
    execute("UPDATE account SET detection = ?", False)
    machine, busy = office.queue("6175550101"), office.queue("6175550103")
    office.work()
    assert office.call(machine)["callee_type"] == "voice"
    assert office.call(busy)["callee_type"] == "busy"


def test_a_lost_attempt_counts_and_is_retried(office: Office) -> None:
    """Its scheduler died in mid-call: unknown, never dialled again inside the attempt, retried after the interval."""
    call_id = office.queue("6175550100", max_retries=1, retry_interval=60)
    schedulers.join("a scheduler that dies")
    (claim,) = claims.claim([call_id], "a scheduler that dies", 50, office.clock)
    machine = 0.0
    beats = 0
    office.service.watch = schedulers.Watch(lambda: beats, lambda: machine)
    office.service.recover()
    schedulers.beat("a scheduler that dies")
    machine, beats = schedulers.LEASE_SECONDS, schedulers.LEASE_BEATS
    office.service.recover()
    assert office.call(call_id)["status"] == "dialing", "it has beaten"
    machine += schedulers.LEASE_SECONDS
    office.service.recover()
    assert office.call(call_id)["status"] == "dialing", "nobody has beaten, so nothing is known of the other"
    beats += schedulers.LEASE_BEATS
    office.service.recover()
    assert office.call(call_id)["status"] == "queued"
    assert office.call(call_id)["callee_type"] == "unknown"
    office.work()
    assert not office.customer.posts("/start")
    office.clock.advance(seconds=60)
    office.work()
    (result,) = office.customer.posts("/result")
    assert (result.form["result"], result.form["attempts"]) == ("Completed", "2")
    lifecycle.connect([(claim, office.clock.now())])
    lifecycle.lose([claim], office.clock.now(), ZoneInfo("UTC"), "too late")
    assert office.call(call_id)["status"] == "completed"


def test_lines_are_counted_over_all_schedulers(office: Office) -> None:
    """A call that another scheduler has claimed takes one of the lines, too."""
    call_ids = [office.queue(f"617555010{digit}") for digit in range(3)]
    first = claims.claim(call_ids, "one scheduler", 2, office.clock)
    assert [claim.call_id for claim in first] == call_ids[:2]
    assert claims.claim(call_ids[2:], "another", 2, office.clock) == []
    claims.give_back(first)
    assert [claim.call_id for claim in claims.claim(call_ids, "another", 2, office.clock)] == call_ids[:2]


def _late(office: Office, call_id: int, *, lease: bool) -> None:
    """Claim a call and begin its attempt an hour later, with or without a lease that still holds."""
    (claim,) = claims.claim([call_id], "slow", 50, office.clock)
    office.clock.advance(hours=1)

    def still_good() -> bool:
        return lease and (claim.expires_at is None or office.clock.now().timestamp() < claim.expires_at)

    made = Attempt(claim, Permit(still_good), office.service._equipment, lambda claim, at: None)
    assert made.run() is None
    claims.give_back([claim])


class SickInTheMiddle(SimulatedCarrier):
    """A carrier that breaks its promise: it says that it can't dial when it has begun to."""

    def __init__(self) -> None:
        """Nobody is met."""

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        with dial.begin:
            raise TrunkSick("nobody answers")


def test_an_attempt_that_has_begun_is_never_given_back(office: Office) -> None:
    (claim,) = claims.claim([office.queue("6175550100")], "one", 50, office.clock)
    equipment = replace(office.service._equipment, carrier=SickInTheMiddle())
    ended = Attempt(claim, Permit(lambda: True), equipment, lambda claim, at: None).run()
    assert ended is not None
    assert (ended.callee_type, [name for name, _ in ended.events]) == (CalleeType.UNKNOWN, ["lost"])


def test_a_claim_that_came_too_late_is_given_back_undialled(office: Office) -> None:
    """The process stood still between claim and dial: the window is over, nobody is called, no attempt is counted."""
    call_id = office.queue("6175550100", expiration_time="+1 hour")
    _late(office, call_id, lease=True)
    office.work()
    call = office.call(call_id)
    assert (call["status"], call["callee_type"], call["attempts"]) == ("failed", "noattempt", 0)
    assert not office.customer.posts("/start")
    (result,) = office.customer.posts("/result")
    assert result.form["last_attempt_timestamp"] == ""


def test_a_claim_whose_lease_ran_out_is_given_back_undialled(office: Office) -> None:
    """Another scheduler may have settled it meanwhile; if not, it is due again."""
    call_id = office.queue("6175550100")
    _late(office, call_id, lease=False)
    assert (office.call(call_id)["status"], office.call(call_id)["attempts"]) == ("queued", 0)
    office.work()
    assert (office.call(call_id)["status"], office.call(call_id)["attempts"]) == ("completed", 1)
