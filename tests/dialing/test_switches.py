"""Stopping a campaign and suspending everything: afterwards nobody is called, and nothing is lost."""

import threading

import pytest
from live import until
from office import Office

from app.calls import campaigns, claims, due_calls, schedulers
from app.calls.db import execute
from app.errors import Refusal


def _campaign() -> int:
    (campaign_id,) = execute("SELECT id FROM campaign WHERE is_default AND deployment_id IS NULL").fetchone()
    return int(campaign_id)


def test_nothing_is_dialled_while_all_calling_is_suspended(office: Office) -> None:
    """Suspended, queued, resumed: dialled then and not before; who did it and when stands in the switch."""
    campaigns.suspend(office.clock.now(), "ann")
    office.queue("6175550100")
    office.work()
    assert campaigns.is_suspended()
    assert not office.customer.posts("/start")
    assert execute("SELECT changed_by, changed_at FROM switch").fetchone() == ("ann", office.clock.now().timestamp())
    campaigns.resume(office.clock.now(), "bob")
    office.work()
    assert len(office.customer.posts("/start")) == 1


def test_nothing_of_a_stopped_campaign_is_dialled(office: Office) -> None:
    office.queue("6175550100")
    campaigns.stop(_campaign())
    office.work()
    assert not office.customer.posts("/start")
    campaigns.start(_campaign())
    office.work()
    assert len(office.customer.posts("/start")) == 1


@pytest.mark.parametrize("verb", [campaigns.start, campaigns.stop])
def test_a_campaign_that_is_not_there_is_refused(office: Office, verb: object) -> None:
    with pytest.raises(Refusal, match="there is no campaign 77"):
        verb(77)  # type: ignore[operator]


def test_stop_waits_for_a_scheduler_that_may_still_dial(office: Office) -> None:
    """It returns when that scheduler has given its claim back, and no sooner."""
    call_id = office.queue("6175550100")
    schedulers.join("slow")
    (claim,) = claims.claim([call_id], "slow", 50, office.clock)
    at_return: list[str] = []

    def stop() -> None:
        campaigns.stop(_campaign())
        at_return.append(office.call(call_id)["status"])

    thread = threading.Thread(target=stop)
    thread.start()
    until(lambda: execute("SELECT 1 FROM campaign WHERE status = 'stopped'").fetchone(), 5, "it is being stopped")
    claims.give_back([claim])
    schedulers.obey("slow", campaigns.switch_version())
    thread.join()
    assert at_return == ["queued"]


def test_a_scheduler_gives_back_what_it_has_not_dialled(office: Office) -> None:
    """The claim is made, the phone does not ring yet, the campaign is stopped: queued again, no attempt counted."""
    call_id = office.queue("6175550100")
    (claim,) = claims.claim([call_id], office.service.heart.worker, 50, office.clock)
    office.service.heart.obey(list)
    execute("UPDATE switch SET version = version + 1")
    office.service.heart.obey(lambda: [claim])
    call = office.call(call_id)
    assert (call["status"], call["attempts"], call["history"]) == ("queued", 0, [])
    assert execute("SELECT obeyed FROM scheduler").fetchone() == (campaigns.switch_version(),)


def test_never_two_calls_to_one_number_at_the_same_time(office: Office) -> None:
    """Two calls to a number are due: the second is not even claimed while the first runs."""
    first, second = office.queue("6175550100"), office.queue("+1 (617) 555-0100")
    (claim,) = claims.claim([first], "one", 50, office.clock)
    assert claims.claim([second], "another", 50, office.clock) == []
    assert due_calls.due(_campaign(), office.clock.now(), 10) == []
    claims.give_back([claim])
    assert [call.call_id for call in due_calls.due(_campaign(), office.clock.now(), 10)] == [first]


def test_a_number_that_stands_in_a_list_a_hundred_times_is_looked_past(office: Office) -> None:
    """The lines go to the numbers behind it."""
    same = [office.queue("6175550100") for _ in range(100)]
    others = [office.queue(f"617555010{digit}") for digit in range(1, 4)]
    found = due_calls.due(_campaign(), office.clock.now(), 3)
    assert [call.call_id for call in found] == [same[0], *others[:2]]


def test_a_claim_whose_commit_was_not_heard_of_goes_back(office: Office) -> None:
    """The database says that the call is ours and no line is at it: it was never dialled, so it is queued again."""
    call_id = office.queue("6175550100")
    claims.claim([call_id], office.service.heart.worker, 50, office.clock)
    office.service.dispatcher.reconcile()
    assert (office.call(call_id)["status"], office.call(call_id)["attempts"]) == ("queued", 0)
    office.work()
    assert office.call(call_id)["status"] == "completed"
