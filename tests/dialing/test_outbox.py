"""The outbox as rows: whose letters are taken, and what becomes of them when their scheduler is lost."""

from datetime import timedelta

import pytest
from office import RECEIVED, Office

from app.calls import db, delivery, outbox, schedulers
from app.calls.db import execute, writing
from app.calls.delivery import Reply
from app.calls.outbox import Letter

NOW = RECEIVED


@pytest.fixture
def calls(office: Office) -> list[int]:
    """Calls to have results of."""
    return [office.queue("6175550100", result_url="") for _ in range(6)]


def _add(calls: list[int], *urls: str) -> None:
    with writing():
        for place, (call_id, url) in enumerate(zip(calls, urls, strict=False)):
            outbox.add(call_id, url, "a=b", NOW + timedelta(seconds=place))


def _claim(worker: str = "a", **wanted: int) -> list[Letter]:
    return outbox.claim({f"http://{name}": most for name, most in wanted.items()}, worker, NOW + timedelta(hours=1))


def _settle(letters: list[Letter], worker: str) -> None:
    then = delivery.Next(delivery.ResultState.ACKNOWLEDGED, 0)
    outbox.settle([(letter, Reply(200, acknowledges=True), then) for letter in letters], worker)


def test_a_destination_is_where_a_url_leads(calls: list[int]) -> None:
    """Whatever its case, path and query; another port or scheme is another destination."""
    urls = ["http://Host:80/x", "HTTP://host?y=z", "https://host", "http://host:8080/", "http://h\u00f6st/", "nowhere"]
    _add(calls, *urls)
    rows = execute("SELECT destination FROM result ORDER BY call_id").fetchall()
    expected = ["http://host", "http://host", "https://host", "http://host:8080", "http://xn--hst-sna", ""]
    assert [destination for (destination,) in rows] == expected


def test_the_destinations_that_wait_are_told_longest_waiting_first(calls: list[int]) -> None:
    """Those with something due that nobody is posting."""
    _add(calls, "http://b/1", "http://a/1", "http://b/2", "http://c/1")
    assert outbox.waiting(NOW - timedelta(seconds=1)) == []
    assert outbox.waiting(NOW + timedelta(seconds=1)) == ["http://b", "http://a"]
    assert outbox.waiting(NOW + timedelta(seconds=9)) == ["http://b", "http://a", "http://c"]
    _claim(a=1)
    assert outbox.waiting(NOW + timedelta(seconds=9)) == ["http://b", "http://c"]


def test_letters_are_claimed_by_destination_once(calls: list[int]) -> None:
    """As many as were asked for, first due first, and by nobody else."""
    _add(calls, *["http://a/1"] * 4, "http://b/1")
    assert [letter.call_id for letter in _claim(b=5, a=3)] == [calls[4], *calls[:3]]
    assert [letter.call_id for letter in _claim("other", b=5, a=3)] == [calls[3]]


def test_what_a_lost_scheduler_was_posting_uses_up_no_try(office: Office, calls: list[int]) -> None:
    """They are posted again after a lease without a heartbeat; what it has to say afterwards counts no more."""
    _add(calls, "http://a/1")
    now = [0.0]
    watch = schedulers.Watch(lambda: int(now[0]), lambda: now[0])
    office.service.watch = watch
    (letter,) = _claim("dead", a=1)
    office.service.recover()
    assert _claim("other", a=1) == []
    now[0] += schedulers.LEASE_SECONDS
    office.service.heart.beat()
    office.service.recover()
    (again,) = _claim("other", a=1)
    assert (again.call_id, again.body, again.tries) == (letter.call_id, letter.body, letter.tries)
    _settle([letter], "dead")
    assert execute("SELECT state, tries, worker FROM result").fetchall() == [("pending", 0, "other")]
    _settle([again], "other")
    assert execute("SELECT state, tries, worker FROM result").fetchall() == [("acknowledged", 1, None)]


def test_a_claim_whose_answer_got_lost_is_given_back(office: Office, calls: list[int]) -> None:
    """Committed, and its scheduler never knew."""
    _add(calls, "http://a/1")
    _claim(office.service.heart.worker, a=1)
    office.service.sender.reconcile()
    assert len(_claim("other", a=1)) == 1


def test_a_database_of_before_knows_the_destinations_afterwards(database: None, calls: list[int]) -> None:
    """The upgrade fills them in for what is still to be posted."""
    _add(calls, "http://Host:8080/x")
    with writing():
        for index in ("result_free", "result_taken"):
            execute(f"DROP INDEX {index}")
        for column in ("destination", "worker"):
            execute(f"ALTER TABLE result DROP COLUMN {column}")
        execute("ALTER TABLE result ADD COLUMN lease_until DOUBLE PRECISION")
        execute("DELETE FROM schema_migration WHERE name = '0004_destinations'")
    db.upgrade()
    assert [letter.url for letter in outbox.claim({"http://host:8080": 9}, "a", NOW)] == ["http://Host:8080/x"]
