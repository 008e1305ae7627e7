"""What happened since somebody was last told."""

from datetime import datetime

from customer import Reply
from office import RECEIVED, Office

from app import clock
from app.calls import happenings
from app.calls.db import execute
from app.calls.virtual_time import Told

AT = 1475095892
NOTHING = Told(clock.instant(0), 0, 0)


def _told_all(until: datetime) -> Told:
    """What ``virtual_time`` keeps when all is told."""
    ids = [execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0] for table in ("attempt", "exchange")]
    return Told(until, *ids)


TOLD = {
    "6175550100": ["dialing", "connected", "disconnected voice", "completed voice"],
    "6175550101": ["dialing", "connected", "disconnected answeringmachine", "completed answeringmachine"],
    "6175550103": ["dialing", "busy", "failed busy"],
    "6175550104": ["dialing", "noanswer", "failed noanswer"],
    "6175550105": ["dialing", "informationtone", "failed informationtone"],
    "6175550106": ["dialing", "linefailure", "failed linefailure"],
    "6175550107": ["dialing", "connected", "disconnected unknown", "completed unknown"],
}


def test_what_is_told_of_a_call(office: Office) -> None:
    """Each outcome in the documented words, then the final state, then the result's."""
    call_ids = {office.queue(number): events for number, events in TOLD.items()}
    office.work()
    told = happenings.since(NOTHING, RECEIVED)
    for call_id, events in call_ids.items():
        words = [" ".join((one["event"], one.get("detail", ""))).strip() for one in told if one["call_id"] == call_id]
        assert words == [*events, "result acknowledged"]
    assert {one["at"] for one in told} == {AT}


def test_the_order_is_time_then_call_id_then_the_call_s_own(office: Office) -> None:
    """Two calls in one instant do not mix."""
    first, second = office.queue("6175550103"), office.queue("6175550106")
    office.work()
    told = [(one["call_id"], one["event"]) for one in happenings.since(NOTHING, RECEIVED)]
    assert told == [
        (first, "dialing"),
        (first, "busy"),
        (first, "failed"),
        (first, "result"),
        (second, "dialing"),
        (second, "linefailure"),
        (second, "failed"),
        (second, "result"),
    ]


def test_the_limit_cuts_the_end(office: Office) -> None:
    """The first ones are told, whatever source they are from."""
    for number in ("6175550100", "6175550103", "6175550106"):
        office.queue(number)
    office.work()
    everything = happenings.since(NOTHING, RECEIVED)
    for limit in range(len(everything) + 1):
        assert happenings.since(NOTHING, RECEIVED, limit) == everything[:limit]


def test_nothing_is_told_twice(office: Office) -> None:
    """Not in the same instant either: new is what has a new attempt or exchange, or a later time."""
    office.customer.answers["/result"] = lambda _: Reply(500)
    call_id = office.queue("6175550109", max_retries=1, retry_interval=60)
    office.work()
    told = _told_all(office.clock.now())
    assert happenings.since(told, office.clock.now()) == []
    same_instant = office.queue("6175550106", result_url="")
    office.work()
    assert [one["call_id"] for one in happenings.since(told, office.clock.now())] == [same_instant] * 3
    told = _told_all(office.clock.now())
    office.clock.advance(seconds=60)
    office.work()
    assert happenings.since(told, office.clock.now()) == [
        {"at": AT + 60, "call_id": call_id, "event": "dialing", "attempt": 2},
        {"at": AT + 60, "call_id": call_id, "event": "busy", "attempt": 2},
        {"at": AT + 60, "call_id": call_id, "event": "failed", "detail": "busy"},
        {"at": AT + 60, "call_id": call_id, "event": "result", "detail": "HTTP 500"},
    ]


def test_a_call_that_is_not_reached_in_its_window_expires(office: Office) -> None:
    """Whether it was dialled before or not; that it failed is told as well."""
    undialled = office.queue("6175550100", scheduled_timestamp=AT + 100, expiration_timestamp=AT + 101, result_url="")
    dialled = office.queue("6175550103", max_retries=1, retry_interval=60, expiration_timestamp=AT + 30, result_url="")
    office.work()
    told = _told_all(office.clock.now())
    office.clock.advance(seconds=200)
    office.work()
    assert happenings.since(told, office.clock.now()) == [
        {"at": AT + 200, "call_id": undialled, "event": "expired"},
        {"at": AT + 200, "call_id": undialled, "event": "failed", "detail": "noattempt"},
        {"at": AT + 200, "call_id": dialled, "event": "expired"},
        {"at": AT + 200, "call_id": dialled, "event": "failed", "detail": "busy"},
    ]


def test_an_attempt_whose_fate_is_lost(office: Office) -> None:
    """It is told as lost, whether someone had answered or not, and never as an outcome."""
    call_id = office.queue("6175550100", result_url="")
    office.work()
    execute("UPDATE attempt SET callee_type = 'unknown'")
    execute("UPDATE call SET status = 'failed', callee_type = 'unknown'")
    told = happenings.since(NOTHING, RECEIVED)
    assert [one["event"] for one in told] == ["dialing", "connected", "lost", "failed"]
    assert {one["call_id"] for one in told} == {call_id}


def test_what_comes_later_is_not_told_yet(office: Office) -> None:
    """``until`` is the end."""
    office.queue("6175550103", scheduled_timestamp=AT + 10, result_url="")
    office.clock.advance(seconds=10)
    office.work()
    assert happenings.since(NOTHING, clock.instant(AT + 9.5)) == []
    assert len(happenings.since(NOTHING, clock.instant(AT + 10))) == 3


def test_parts_of_a_second_are_kept(office: Office) -> None:
    """Whole seconds are whole numbers, others are not rounded."""
    office.clock.advance(seconds=0.25)
    office.queue("6175550103", result_url="")
    office.work()
    assert {one["at"] for one in happenings.since(NOTHING, office.clock.now())} == {AT + 0.25}
