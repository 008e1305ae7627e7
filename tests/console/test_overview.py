"""The overview: what it counts and for whom, what it warns of, and the switch that suspends all calling."""

import threading
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from office import MovableClock, Office
from visitor import Visitor, words

from app import factory
from app.calls import accounts, audit, campaigns, tallies
from app.calls.tallies import Tallies
from app.console import charts
from app.console.charts import Bar
from app.recent import Recent
from app.settings import Settings


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def anew(settings: Settings, clock: MovableClock, login: str = "demo", pin: str = "1234") -> Visitor:
    """At a web process that nobody has asked yet: it has nothing that it worked out a moment ago."""
    return Visitor(factory.create_app(settings, clock).test_client()).sign_in(login, pin)


def test_it_begins_with_what_to_do(visitor: Visitor) -> None:
    """Nothing was ever queued."""
    page = visitor.page("/overview")
    assert "No calls yet. Queue one call or a list" in words(page)
    assert 'href="/queue"' in page
    assert words(page).count("Nothing in this time.") == 2


def test_calls_lines_and_outcomes(office: Office, settings: Settings, clock: MovableClock) -> None:
    """As they stand, each status with a link to its calls; attempts by outcome, drawn and as a table."""
    office.queue("6175550100")
    office.work()
    office.queue("6175550101", scheduled_time="+1 hour")
    office.service.tallies.write()
    page = anew(settings, clock).page("/overview")
    told = words(page)
    assert "queued 1 dialing 0 connected 0 completed 1 failed 0 canceled 0" in told
    assert f"Lines in use 0 of {settings.lines}" in told
    assert "From due to dialled ≤ 0.01 s for 95 %, ≤ 0.01 s for half of 1 in 15 min" in told
    assert "Results to deliver 0 none given up" in told
    assert "Schedulers running 1" in told
    assert 'href="/calls?q=status:completed"' in page
    assert "From voice in all 2016-09-28 16:51:00 1 1" in told
    assert page.count('<rect class="is-voice"') == 2


def test_the_oldest_due_call_is_named(office: Office, settings: Settings, clock: MovableClock) -> None:
    """With how long it has waited and a link to its page, which says why."""
    office.queue("6175550102", scheduled_time="+1 hour")
    waiting = office.queue("6175550103")
    clock.advance(seconds=90)
    page = anew(settings, clock).page("/overview")
    assert "Oldest due call 1 min 30 s 6175550103: why?" in words(page)
    assert f'href="/calls/{waiting}"' in page


def test_an_account_sees_its_own_calls_alone(office: Office, settings: Settings, clock: MovableClock) -> None:
    """In every figure and both charts; no switch for it."""
    accounts.add("other", "4711", clock.now(), allow_weak_pin=True)
    office.queue("6175550100")
    office.work()
    office.queue("6175550105")
    office.service.tallies.write()
    other = anew(settings, clock, "other", "4711")
    told = words(other.page("/overview"))
    assert "No calls yet." in told
    assert "Oldest due call – nothing waits" in told
    assert "nothing dialled in 15 min" in told
    assert told.count("Nothing in this time.") == 2
    assert set(other.forms("/overview")) == {"/logout"}
    assert "completed 1" in words(anew(settings, clock).page("/overview"))


def test_without_a_scheduler_it_says_so(web: FlaskClient) -> None:
    """Nothing would be dialled, and nothing else would tell."""
    assert "No scheduler is running" in words(Visitor(web).sign_in().page("/overview"))


def test_all_calling_is_suspended_and_resumed(office: Office, visitor: Visitor, clock: MovableClock) -> None:
    """By an administrator, by forms alone; everybody sees by whom and why, and it is written down."""
    answer = visitor.send("/overview", "/suspend", because="the carrier asked <b>us</b>")
    assert "All calling is suspended: no dial starts any more" in words(visitor.follow(answer))
    assert campaigns.is_suspended()
    accounts.add("other", "4711", clock.now(), allow_weak_pin=True)
    seen = Visitor(office.web.application.test_client()).sign_in("other", "4711").page("/overview")
    assert "since 2016-09-28 16:51:32 , by demo: the carrier asked <b>us</b>" in words(seen)
    assert "<b>us</b>" not in seen
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["status"] == "queued"
    answer = visitor.send("/overview", "/resume")
    assert "Calling is resumed." in words(visitor.follow(answer))
    office.work()
    assert office.call(call_id)["status"] == "completed"
    told = [(entry.action, entry.subject) for entry in audit.latest(9) if entry.login == "demo"]
    assert told[:2] == [("resumed all calling", ""), ("suspended all calling", "the carrier asked <b>us</b>")]


@pytest.mark.parametrize("path", ["/overview/figures", "/overview/alarms"])
def test_live_parts_are_worked_out_once_for_all_who_look(office: Office, visitor: Visitor, path: str) -> None:
    """Whoever asks again at once is told the same; the page asks for them again and again."""
    assert f'data-hx-get="{path}"' in visitor.page("/overview")
    before = visitor.page(path)
    office.queue("6175550107")
    assert visitor.page(path) == before


def test_recent_works_out_once_while_many_ask() -> None:
    """For each key; what fails is tried again by the next."""
    recent, worked, start = Recent(), [], threading.Barrier(8)

    def work(key: str) -> str:
        worked.append(key)
        return key * 2

    def ask(key: str) -> None:
        start.wait(10)
        assert recent.get(key, lambda: work(key)) == key * 2

    asking = [threading.Thread(target=ask, args=(key,)) for key in "abababab"]
    for each in asking:
        each.start()
    for each in asking:
        each.join(10)
    assert sorted(worked) == ["a", "b"]
    with pytest.raises(ZeroDivisionError):
        recent.get("c", lambda: 1 // 0)
    assert recent.get("c", lambda: 1) == 1


NOW = datetime(2016, 9, 28, 20, 51, 32, tzinfo=UTC)


def test_minutes_are_counted_by_account_and_for_all(database: None) -> None:
    """In stretches; what is older than any chart goes."""
    counted = Tallies()
    for account_id, at in ((1, NOW), (1, NOW), (2, NOW), (2, NOW.replace(minute=46)), (2, NOW.replace(day=25))):
        counted.attempted(account_id, at, "voice")
        counted.write()
    since = NOW.replace(hour=0)
    stretch = int(NOW.replace(minute=45, second=0).timestamp()) // 60

    def read(account_id: int, since: datetime = since) -> dict[int, dict[str, int]]:
        return {at: dict(n) for at, n in tallies.by_minute(tallies.ATTEMPTS, account_id, since, NOW, 15).items()}

    assert read(1) == {stretch: {"voice": 2}}
    assert read(2) == {stretch: {"voice": 2}}
    assert read(tallies.EVERYBODY) == {stretch: {"voice": 4}}
    assert sum(n["voice"] for n in read(2, NOW.replace(day=1)).values()) == 3
    tallies.forget_minutes(NOW)
    assert read(2, NOW.replace(day=1)) == {stretch: {"voice": 2}}


@pytest.mark.parametrize(
    ("most", "high"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (10, 10), (11, 20), (199, 200), (501, 1000)]
)
def test_the_scale_of_a_chart_is_round(most: int, high: int) -> None:
    """The next 1, 2 or 5 with noughts."""
    minute = int(NOW.timestamp() // 60)
    assert charts.over_time("", {minute: {"voice": most}}, ["voice"], NOW, 3, 1).high == high


def test_bars_stand_on_each_other() -> None:
    """From the bottom up, in the order of the labels; the last column holds the present."""
    minute = int(NOW.timestamp() // 60) // 15 * 15
    chart = charts.over_time("", {minute: {"busy": 3, "voice": 1}}, ["voice", "busy", "fax"], NOW, 4, 15)
    assert [column.total for column in chart.columns] == [0, 0, 0, 4]
    assert chart.columns[-1].at == NOW.replace(minute=45, second=0)
    assert chart.columns[-1].bars == [Bar("voice", 4, 1), Bar("busy", 1, 3)]
    assert chart.totals == {"voice": 1, "busy": 3}
