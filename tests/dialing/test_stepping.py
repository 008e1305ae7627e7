"""Virtual time: what is due on the way happens at its very moment, and the one who asked hears when all is done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from customer import Customer, Received, Reply
from flask.testing import FlaskClient
from live import until
from office import RECEIVED

from app import factory
from app.calls import campaigns, claims, reports, schedulers, virtual_time
from app.calls.db import execute
from app.clock import Clock
from app.settings import Settings

HOUR = 3_600


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The same database, on virtual time, where every callee that is not reserved is busy."""
    return Settings.read({"RINGBACK_DATABASE": settings.database, "RINGBACK_CLOCK": "virtual"})


@pytest.fixture
def web(settings: Settings, database: None) -> FlaskClient:
    virtual_time.begin(RECEIVED)
    execute("UPDATE virtual_time SET now = ?, target = ?", RECEIVED.timestamp(), RECEIVED.timestamp())
    return factory.create_app(settings).test_client()


@contextmanager
def _stepping(settings: Settings) -> Iterator[None]:
    """A scheduler that steps time, in a thread."""
    service = factory.create_scheduler(settings)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield
    finally:
        service.stop()
        thread.join(20)


def _queue(web: FlaskClient, customer: Customer, number: str, **fields: object) -> int:
    form = {
        "login": "demo",
        "pin": "1234",
        "phone_number": number,
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
        **fields,
    }
    answer = web.post("/queuecall.php", data=form).text
    assert 'status="queued"' in answer, answer
    return int(answer.partition('call_id="')[2].partition('"')[0])


def _advance(seconds: float) -> None:
    asked = virtual_time.ask(Clock(virtual_time.read).now() + timedelta(seconds=seconds))
    until(lambda: virtual_time.is_answered(asked), 30, f"{seconds} s have passed")


def _after(at: str) -> float:
    """Seconds after the beginning."""
    return (datetime.fromisoformat(at) - RECEIVED).total_seconds()


def test_attempts_last_their_simulated_seconds(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """Nobody answers for 45 s, twice, 600 s apart, counted from the end of the attempt; then a person, after 4 s."""
    call_id = _queue(web, customer, "6175550112", max_retries=2, retry_interval=600)
    with _stepping(settings):
        _advance(HOUR)
    history = reports.call(call_id)["history"]
    assert [_after(made["started_at"]) for made in history] == [0, 645, 1290]
    assert [_after(made["ended_at"]) for made in history][:2] == [45, 690]
    assert _after(history[2]["answered_at"]) == 1294
    assert reports.call(call_id)["status"] == "completed"


def test_nothing_happens_that_was_not_asked_for(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """Time stands still: what is due now is dialled and rings until somebody lets time go on."""
    call_id = _queue(web, customer, "6175550100")
    with _stepping(settings):
        _advance(0)
        assert reports.call(call_id)["status"] == "dialing"
        assert virtual_time.wakes_at() == RECEIVED + timedelta(seconds=4)
        _advance(3)
        assert not customer.posts("/start")
        _advance(1)
        assert reports.call(call_id)["status"] == "connected"
        assert len(customer.posts("/start")) == 1
        _advance(60)
        assert reports.call(call_id)["status"] == "completed"


def test_result_posts_wait_in_virtual_time(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """The customer's server is broken for three posts: they go out 5 s, 1 min and 5 min (± 20 %) after one another."""
    replies = iter([Reply(500), Reply(500), Reply(500), Reply(body=b"completed")])
    customer.answers["/result"] = lambda _: next(replies)
    call_id = _queue(web, customer, "6175550103")
    with _stepping(settings):
        _advance(HOUR)
    posts = [one for one in reports.call(call_id)["exchanges"] if one["purpose"] == "result_url"]
    assert [one["status"] for one in posts] == [500, 500, 500, 200]
    times = [_after(one["at"]) for one in posts]
    for wait, earlier, later in zip((5, 60, 300), times[:-1], times[1:], strict=True):
        assert 0.8 * wait <= later - earlier <= 1.2 * wait


def test_windows_end_at_their_moment(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """A retry that would come too late is not made; the call fails when its window ends, not when somebody looks."""
    call_id = _queue(web, customer, "6175550103", max_retries=1, retry_interval=7_200, expiration_time="+1 hour")
    with _stepping(settings):
        _advance(86_400)
    call = reports.call(call_id)
    assert (call["status"], len(call["history"])) == ("failed", 1)
    assert _after(call["finished_at"]) == HOUR


def test_whoever_takes_over_settles_what_the_last_one_was_at(
    web: FlaskClient, settings: Settings, customer: Customer
) -> None:
    """The stepping scheduler died in mid-call: the next one need not wait for a lease, because time was let go of."""
    call_id = _queue(web, customer, "6175550100", max_retries=1, retry_interval=60)
    schedulers.join("dead")
    claims.claim([call_id], "dead", 50, Clock(virtual_time.read))
    with _stepping(settings):
        _advance(120)
    history = reports.call(call_id)["history"]
    assert [made["callee_type"] for made in history] == ["unknown", "voice"]
    assert execute("SELECT count(*) FROM scheduler").fetchone() == (0,)


def test_only_one_scheduler_steps(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """Two run: every call is dialled once, at its moment; when the first is gone the second goes on."""
    for digit in range(3):
        _queue(web, customer, f"617555010{digit}")
    with _stepping(settings):
        with _stepping(settings):
            _advance(60)
        _queue(web, customer, "6175550106")
        _advance(60)
    assert execute("SELECT status, count(*) FROM call GROUP BY 1 ORDER BY 1").fetchall() == [
        ("completed", 3),
        ("failed", 1),
    ]
    assert execute("SELECT count(*) FROM attempt").fetchone() == (4,)


def test_a_suspension_holds_in_virtual_time(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """Suspended for an hour: the call that came due meanwhile is dialled when calling is resumed."""
    call_id = _queue(web, customer, "6175550103", scheduled_time="+10 minutes")
    with _stepping(settings):
        campaigns.suspend(RECEIVED, "ann")
        _advance(HOUR)
        assert reports.call(call_id)["history"] == []
        campaigns.resume(RECEIVED, "ann")
        _advance(0)
    assert [_after(made["started_at"]) for made in reports.call(call_id)["history"]] == [HOUR]


def test_a_slow_customer_does_not_make_time_run_away(web: FlaskClient, settings: Settings, customer: Customer) -> None:
    """Time stands still while a customer's server thinks, however far it was asked to go."""

    def think(received: Received) -> Reply:
        return Reply(body=b"completed", delay=0.5)

    customer.answers["/result"] = think
    call_id = _queue(web, customer, "6175550103")
    with _stepping(settings):
        _advance(86_400)
    (post,) = [one for one in reports.call(call_id)["exchanges"] if one["purpose"] == "result_url"]
    assert _after(post["at"]) == 0
    assert reports.call(call_id)["result"]["state"] == "acknowledged"
