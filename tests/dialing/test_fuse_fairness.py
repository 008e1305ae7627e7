"""Fair queueing between deployments and accounts, as the vendor's own example has it (Outbound Parameters)."""

from pathlib import Path

import multipart
import pytest
from deployed import Deployed
from office import Office

from app import factory
from app.calls import accounts, capacity, claims, deployments, due_calls, schedulers
from app.calls.db import execute, writing
from app.settings import Settings
from scheduler import fairness

LINES = 10
SMALL = 100
FEW_MINUTES = 300
"""How many dials go by before the others queue theirs."""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    told = {"RINGBACK_LINES": str(LINES), "RINGBACK_DIAL_LEDGER": str(tmp_path / "ledger")}
    return Settings.read({"RINGBACK_DATABASE": settings.database} | told)


def _queue(office: Office, deployment_id: int, area: int, count: int) -> None:
    """So many calls to numbers of an area, in one transaction."""
    deployed = Deployed(office.clock, "", "", deployment_id)
    with writing():
        for number in range(count):
            deployed.call(f"{area}{2_000_000 + number}")


def _upload(office: Office, area: int, count: int) -> None:
    """The same as a classic account."""
    numbers = "\n".join(f"{area}{2_000_000 + number}" for number in range(count))
    fields = {"login": "demo", "pin": "1234", "start_url": f"{office.customer.url}/start"}
    body = multipart.encode(fields, numbers.encode())
    with office.web.post("/queuecalls.php", data=body, content_type=multipart.CONTENT_TYPE) as answer:
        assert f'queued="{count}"' in answer.text


def _dialled(settings: Settings) -> list[str]:
    """The area codes of all dials, in their order."""
    return [line.split()[3][2:5] for line in Path(settings.dial_ledger).read_text().splitlines()]


def _dial_until(office: Office, settings: Settings, dials: int) -> None:
    while len(_dialled(settings)) < dials:
        office.service.heart.beat()
        office.service.dispatcher.run()


@pytest.mark.one_engine
def test_a_small_deployment_is_done_within_twice_its_calls(office: Office, settings: Settings) -> None:
    """10,000 calls in one, 100 in another a few minutes later: done within 2.2 times the dials it needs alone."""
    other = deployments.add_deployment(1, "other", "", office.clock.now())
    _queue(office, 1, 617, 10_000)
    _dial_until(office, settings, FEW_MINUTES)
    _queue(office, other.id, 212, SMALL)
    begun = len(_dialled(settings))
    _dial_until(office, settings, begun + int(2.2 * SMALL) + LINES)
    assert _dialled(settings)[begun : begun + int(2.2 * SMALL)].count("212") == SMALL


@pytest.mark.one_engine
def test_a_deployment_and_an_account_beside_a_huge_deployment_share_alike(office: Office, settings: Settings) -> None:
    """A classic account counts as one queue, the deployments of its own application as others."""
    other = accounts.add("other", "5678", office.clock.now(), allow_weak_pin=True)
    _, theirs = deployments.add_application(other, "theirs", "", office.clock.now())
    _queue(office, 1, 617, 2_000)
    _dial_until(office, settings, FEW_MINUTES)
    _queue(office, theirs.id, 212, SMALL)
    _upload(office, 404, SMALL)
    begun = len(_dialled(settings))
    _dial_until(office, settings, begun + int(3.2 * SMALL) + LINES)
    dialled = _dialled(settings)[begun : begun + int(3.2 * SMALL)]
    assert (dialled.count("212"), dialled.count("404")) == (SMALL, SMALL)
    halfway = dialled[: 3 * SMALL // 2]
    assert all(abs(halfway.count(area) - SMALL // 2) <= LINES for area in ("617", "212", "404"))


def test_a_deployment_is_first_in_first_out(office: Office, settings: Settings) -> None:
    _queue(office, 1, 617, 60)
    _dial_until(office, settings, 60)
    rows = execute("SELECT call_id FROM attempt ORDER BY id").fetchall()
    assert rows == sorted(rows)


def test_a_queue_with_its_share_of_the_lines_waits_and_that_is_told(office: Office, settings: Settings) -> None:
    """One has half of the lines and more calls: another goes first. No line comes free: an alarm."""
    other = deployments.add_deployment(1, "other", "", office.clock.now())
    _queue(office, 1, 617, 2 * LINES)
    calls = due_calls.due(_queue_of(1), office.clock.now(), LINES // 2)
    claims.claim([call.call_id for call in calls], "elsewhere", LINES, office.clock)
    office.clock.advance(seconds=1)
    _queue(office, other.id, 212, 2 * LINES)
    running = claims.running_of_queues()
    turns = fairness.turns(due_calls.queues(office.clock.now()), {}, running, LINES // 2)
    assert turns == [_queue_of(other.id), _queue_of(1)]
    waiting = {queue: due_calls.due(queue, office.clock.now(), LINES) for queue in turns}
    chosen = fairness.share(waiting, LINES // 2, running, LINES // 2)
    assert [queue for _, queue in chosen] == [_queue_of(other.id)] * (LINES // 2)
    assert capacity.warnings(office.clock.now(), LINES) == []
    claims.claim([call_id for call_id, _ in chosen], "elsewhere", LINES, office.clock)
    office.clock.advance(seconds=capacity.TAKEN_SECONDS)
    (told,) = capacity.warnings(office.clock.now(), LINES)
    assert told == "all 10 lines are taken, and none has come free for 300 s: other calls wait"
    schedulers.join("elsewhere")
    web = factory.create_app(settings, office.clock).test_client()
    assert web.get("/readyz").json == {"ready": True, "reasons": [], "warnings": [told]}
    assert "ringback_lines_taken_seconds 300.0" in web.get("/metrics").text


def _queue_of(deployment_id: int) -> int:
    (queue_id,) = execute("SELECT id FROM campaign WHERE deployment_id = ? AND is_default", deployment_id).fetchone()
    return int(queue_id)
