"""/metrics: what the numbers say beside the rows, and who may read them."""

import sqlite3
import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from live import until
from office import MovableClock
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from rows import Rows

import app
from app import clock as app_clock
from app import factory, recent
from app.calls import campaigns, schedulers, tallies
from app.calls.db import Unusable, execute, writing
from app.calls.tallies import Tallies
from app.settings import Settings

pytestmark = pytest.mark.one_engine

Values = dict[tuple[str, str], float]


def flat(families: Iterable[Metric]) -> Values:
    """(name, label value) to value; every metric here has at most one label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


def scrape(settings: Settings, clock: MovableClock) -> Values:
    """The metrics as a web process tells them that was asked for the first time."""
    answer = factory.create_app(settings, clock).test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return flat(text_string_to_metric_families(answer.text))


def test_calls_add_up_with_the_rows(settings: Settings, clock: MovableClock, rows: Rows) -> None:
    """By status, with a 0 for those that no call has; a list that is still being read does not count."""
    campaign = rows.campaign()
    for status in ("queued", "queued", "dialing", "connected", "completed", "completed", "failed"):
        rows.call(campaign, status)
    rows.call(rows.campaign(status="loading"), "queued")
    told = scrape(settings, clock)
    counted = {status: value for (name, status), value in told.items() if name == "ringback_calls"}
    assert counted == {"queued": 2, "dialing": 1, "connected": 1, "completed": 2, "failed": 1, "canceled": 0}
    assert told["ringback_lines_in_use", ""] == 2
    assert told["ringback_lines", ""] == settings.lines
    assert told["ringback_info", app.__version__] == 1


def test_results_schedulers_and_the_switch(settings: Settings, clock: MovableClock, rows: Rows) -> None:
    """What waits to be posted, who runs, and whether all calling is suspended."""
    campaign = rows.campaign()
    for result in ("pending", "pending", "acknowledged", "given up"):
        rows.call(campaign, result=result)
    schedulers.join("a:1")
    schedulers.join("b:2")
    campaigns.suspend(clock.now(), "a test")
    told = scrape(settings, clock)
    assert told["ringback_results_pending", ""] == 2
    assert told["ringback_schedulers", ""] == 2
    assert told["ringback_suspended", ""] == 1


def test_the_oldest_due_call(settings: Settings, clock: MovableClock, rows: Rows) -> None:
    """How long it has waited beyond its time; only calls that would be dialled count."""
    asked = lambda: scrape(settings, clock)["ringback_oldest_due_seconds", ""]  # noqa: E731
    started, stopped = rows.campaign(), rows.campaign(status="stopped")
    assert asked() == 0
    rows.call(stopped, "queued", days=2)
    rows.call(started, "completed", days=2)
    rows.call(started, "queued", days=-1)
    assert asked() == 0
    rows.call(started, "queued", days=timedelta(seconds=40) / timedelta(days=1))
    rows.call(started, "queued", days=timedelta(seconds=30) / timedelta(days=1))
    assert asked() == pytest.approx(40)
    campaigns.suspend(clock.now(), "a test")
    assert asked() == 0


def test_what_schedulers_count_adds_up(settings: Settings, clock: MovableClock, database: None) -> None:
    """Several of them, with many threads each, writing now and then: nothing is lost and nothing counted twice."""
    offices = Tallies(), Tallies()

    def work(office: Tallies) -> None:
        for number in range(300):
            office.count("attempts", "voice" if number % 3 else "busy")
            office.count("result_posts", "acknowledged")
            office.observe("due_to_dial", 0.5)

    threads = [threading.Thread(target=work, args=(office,)) for office in offices * 3]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for office in offices:
            office.write()
    for office in offices:
        office.write()
        office.write()
    told = scrape(settings, clock)
    assert told["ringback_attempts_total", "voice"] == 6 * 200
    assert told["ringback_attempts_total", "busy"] == 6 * 100
    assert told["ringback_attempts_total", "noanswer"] == 0
    assert told["ringback_result_posts_total", "acknowledged"] == 1800
    assert told["ringback_result_posts_total", "given_up"] == 0
    assert told["ringback_due_to_dial_seconds_count", ""] == 1800
    assert told["ringback_due_to_dial_seconds_sum", ""] == 900


def test_the_histogram_puts_each_delay_into_its_bucket(settings: Settings, clock: MovableClock, database: None) -> None:
    """A bound belongs to its bucket; what is later than all counts, a clock that jumped back counts as no delay."""
    office = Tallies()
    for seconds in (-5, 0.01, 0.011, 300, 301):
        office.observe("due_to_dial", seconds)
    office.write()
    told = scrape(settings, clock)
    bucket = {le: value for (name, le), value in told.items() if name == "ringback_due_to_dial_seconds_bucket"}
    assert (bucket["0.01"], bucket["0.025"], bucket["120.0"], bucket["300.0"], bucket["+Inf"]) == (2, 3, 3, 4, 5)
    assert list(bucket.values()) == sorted(bucket.values())


def test_what_could_not_be_written_is_written_later(database: None) -> None:
    """The database can't be used for a while: the numbers wait in memory."""
    office = Tallies()
    office.count("attempts", "voice")
    with writing():
        execute("ALTER TABLE tally RENAME TO elsewhere")
    with pytest.raises(Unusable):
        office.write()
    office.count("attempts", "voice")
    with writing():
        execute("ALTER TABLE elsewhere RENAME TO tally")
    office.write()
    assert tallies.read()["attempts", "voice"] == 2


def test_counting_is_done_once_for_many_scrapes(web: FlaskClient, rows: Rows) -> None:
    """Whoever asks again at once is told the same numbers, and the new ones when a second is over."""

    def asked_twice_within_a_second() -> bool:
        began = app_clock.elapsed()
        first = web.get("/metrics").text
        rows.call(rows.campaign(), "queued")
        second = web.get("/metrics").text
        at_once = app_clock.elapsed() - began < recent.KEEP_SECONDS
        assert second == first or not at_once
        until(lambda: web.get("/metrics").text != first, 30, "the new call is counted")
        return at_once

    until(asked_twice_within_a_second, 60, "the machine is quick enough to ask twice within a second")


def test_openmetrics_for_those_who_ask_for_it(web: FlaskClient) -> None:
    """As Prometheus does by default; its stricter format is kept too."""
    answer = web.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert flat(openmetrics.text_string_to_metric_families(answer.text))["ringback_suspended", ""] == 0


def test_nothing_of_the_process_is_told(web: FlaskClient) -> None:
    """Which of several web processes answers is chance: its own numbers would mean nothing."""
    names = {family.name for family in text_string_to_metric_families(web.get("/metrics").text)}
    assert "ringback_calls" in names
    assert [name for name in names if not name.startswith("ringback")] == []


TOKEN = "the-metrics-token"


@pytest.mark.parametrize(
    ("token", "bind", "headers", "status"),
    [
        pytest.param("", "127.0.0.1:1", {}, 200, id="at this machine"),
        pytest.param("", "127.0.0.1:1", {"Host": "calls.example"}, 421, id="another Host"),
        pytest.param("", "127.0.0.1:1", {"X-Forwarded-For": "203.0.113.7"}, 401, id="through a proxy"),
        pytest.param("", "0.0.0.0:1", {}, 401, id="a bind that others reach"),
        pytest.param("", "0.0.0.0:1", {"Authorization": "Bearer "}, 401, id="no token is no token"),
        pytest.param(TOKEN, "127.0.0.1:1", {}, 200, id="at this machine without the token"),
        pytest.param(TOKEN, "0.0.0.0:1", {}, 401, id="token left out"),
        pytest.param(TOKEN, "0.0.0.0:1", {"Authorization": f"Bearer {TOKEN}"}, 200, id="token"),
        pytest.param(TOKEN, "0.0.0.0:1", {"Authorization": f"Bearer {TOKEN}x"}, 401, id="longer token"),
        pytest.param(TOKEN, "0.0.0.0:1", {"Authorization": TOKEN}, 401, id="not a bearer"),
        pytest.param(TOKEN, "0.0.0.0:1", {"Authorization": "Bearer \u00e9"}, 401, id="no ASCII"),
        pytest.param(
            TOKEN, "127.0.0.1:1", {"X-Forwarded-For": "::1", "Authorization": f"Bearer {TOKEN}"}, 200, id="proxy, token"
        ),
    ],
)
def test_who_may_read_the_metrics(
    settings: Settings, database: None, token: str, bind: str, headers: dict[str, str], status: int
) -> None:
    """Whoever sits at this machine, and others with the token; health is told to anyone."""
    told = Settings.read(
        {
            "RINGBACK_DATABASE": settings.database,
            "RINGBACK_BIND": bind,
            "RINGBACK_METRICS_TOKEN": token,
            "RINGBACK_SECRET_KEY": "a key of some length",
        }
    )
    web = factory.create_app(told).test_client()
    answer = web.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert ("ringback_lines" in answer.text) is (status == 200)
    assert web.get("/livez", headers=headers).status_code == 200
    assert web.get("/readyz", headers=headers).status_code == 503


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_metrics_are_told_while_another_writes(web: FlaskClient, tmp_path: Path) -> None:
    """A locked database can be read: the numbers that tell of the trouble must not be missing."""
    other = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert web.get("/metrics").status_code == 200
    finally:
        other.close()
