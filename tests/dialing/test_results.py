"""Results: what is an acknowledgement, when a post is tried again, and when it is given up."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from customer import Received, Reply
from office import Office

from app.calls import delivery
from app.calls.delivery import WAITS, ResultState

NOW = datetime(2016, 9, 28, tzinfo=UTC)


def _after(reply: delivery.Reply, tries: int = 1, unacknowledged: int = 0) -> delivery.Next:
    return delivery.after(reply, call_id=7, tries=tries, unacknowledged=unacknowledged, now=NOW, seed="s")


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        pytest.param(delivery.Reply(200, acknowledges=True), ResultState.ACKNOWLEDGED, id="200 completed"),
        pytest.param(delivery.Reply(200), ResultState.PENDING, id="200 without the word"),
        pytest.param(delivery.Reply(202), ResultState.PENDING, id="202"),
        pytest.param(delivery.Reply(204), ResultState.PENDING, id="204"),
        pytest.param(delivery.Reply(303), ResultState.PENDING, id="303 is no acknowledgement"),
        pytest.param(delivery.Reply(404), ResultState.PENDING, id="404"),
        pytest.param(delivery.Reply(410), ResultState.GONE, id="410 stops at once"),
        pytest.param(delivery.Reply(500), ResultState.PENDING, id="500"),
        pytest.param(delivery.Reply(None, error="refused"), ResultState.PENDING, id="no answer"),
    ],
)
def test_first_post(reply: delivery.Reply, state: ResultState) -> None:
    """What becomes of a result after its first post."""
    assert _after(reply).state is state


def test_the_third_2xx_without_the_word_is_the_last() -> None:
    """Delivered and never acknowledged: posted at most three times."""
    assert _after(delivery.Reply(200), 1, 0).state is ResultState.PENDING
    assert _after(delivery.Reply(200), 2, 1).state is ResultState.PENDING
    assert _after(delivery.Reply(200), 3, 2).state is ResultState.UNACKNOWLEDGED


@pytest.mark.parametrize(("tries", "wait"), list(enumerate(WAITS, 1)))
def test_waits(tries: int, wait: int) -> None:
    """Each wait is the documented one, give or take a fifth, and the same for the same call and try."""
    then = _after(delivery.Reply(500), tries)
    assert then.due_at is not None
    assert 0.8 * wait <= (then.due_at - NOW).total_seconds() <= 1.2 * wait
    assert then == _after(delivery.Reply(500), tries)


def test_the_ninth_failure_gives_up() -> None:
    """Eight waits, then it is given up."""
    assert _after(delivery.Reply(500), 8).state is ResultState.PENDING
    assert _after(delivery.Reply(500), 9).state is ResultState.GIVEN_UP


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param("Wed, 28 Sep 2016 00:10:00 GMT", 600, id="date"),
        pytest.param("99999999999", delivery.LONGEST_WAIT, id="absurd"),
        pytest.param("0", 5, id="sooner than our own wait"),
        pytest.param("soon", 5, id="unreadable"),
        pytest.param("-1", 5, id="negative"),
        pytest.param("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 5, id="a year that does not exist"),
    ],
)
def test_retry_after_is_obeyed(retry_after: str, seconds: float) -> None:
    """A server may ask for a longer wait than ours, in seconds or as a date."""
    due_at = _after(delivery.Reply(503, retry_after=retry_after)).due_at
    assert due_at is not None
    assert (due_at - NOW).total_seconds() == pytest.approx(seconds, rel=0.21)


def _answering(*statuses: int) -> Callable[[Received], Reply]:
    left = list(statuses)
    return lambda _: Reply(left.pop(0) if left else 200, b"Result: COMPLETED, thank you")


def test_a_result_is_posted_until_it_is_acknowledged_with_the_same_body(office: Office) -> None:
    """Three failures, then the word in capitals inside a sentence: four posts, all alike, and not one more."""
    office.customer.answers["/result"] = _answering(500, 404, 503)
    call_id = office.queue("6175550100")
    office.work()
    for minutes in (1, 2, 10, 60, 600):
        office.clock.advance(minutes=minutes)
        office.work()
    posts = office.customer.posts("/result")
    assert len(posts) == 4
    assert len({post.body for post in posts}) == 1
    assert office.call(call_id)["result"]["state"] == "acknowledged"


def test_a_customer_who_never_says_the_word_is_posted_to_three_times(office: Office) -> None:
    """As a .NET client does that answers its own sentence."""
    office.customer.answers["/result"] = lambda _: Reply(body=b"Thank you, result stored.")
    call_id = office.queue("6175550100")
    for _ in range(20):
        office.work()
        office.clock.advance(hours=2)
    assert len(office.customer.posts("/result")) == 3
    assert office.call(call_id)["result"]["state"] == "unacknowledged"


def test_a_dead_result_url_is_given_up_after_nine_posts(office: Office) -> None:
    """The last wait is a day; then the result is given up, visibly."""
    call_id = office.queue("6175550100")
    office.customer.answers["/result"] = lambda _: Reply(500)
    for _ in range(60):
        office.work()
        office.clock.advance(hours=1)
    assert len(office.customer.posts("/result")) == 9
    result = office.call(call_id)["result"]
    assert (result["state"], result["tries"], result["last_answer"]) == ("given up", 9, "HTTP 500")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_result_follows_a_redirect_with_method_and_body(office: Office, status: int) -> None:
    """An old address that moved still gets its results."""
    office.customer.answers["/result"] = lambda _: Reply(status, headers={"Location": "/moved"})
    office.customer.answers["/moved"] = lambda _: Reply(body=b"completed")
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["result"]["state"] == "acknowledged"
    (moved,) = office.customer.posts("/moved")
    assert moved.body == office.customer.posts("/result")[0].body


def test_303_is_not_an_acknowledgement(office: Office) -> None:
    """A 303 asks for a GET; nothing is fetched and the result stays pending."""
    office.customer.answers["/result"] = lambda _: Reply(303, b"completed", {"Location": "/moved"})
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["result"]["state"] == "pending"
    assert [one.path for one in office.customer.received if one.method == "POST"] == ["/start", "/result"]
    assert not [one for one in office.customer.received if one.path == "/moved"]


def test_no_result_url_no_result(office: Office) -> None:
    """A call without result_url ends in silence."""
    call_id = office.queue("6175550100", result_url="")
    office.work()
    assert office.call(call_id)["status"] == "completed"
    assert office.call(call_id)["result"] is None
