"""The demo account, whose PIN and key everybody knows, where calls are real: not made there, and disabled.

Real programs over a real trunk are in carriers/test_refused_over_sip.py.
"""

import base64
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import RECEIVED, MovableClock, Office
from visitor import Visitor

from app import carriers, factory
from app.calls import accounts, caller_ids, demo_account, keys
from app.calls.accounts import AccountStatus
from app.calls.db import execute
from app.errors import Refusal
from app.intake.phone import DialRules, NumberRules
from app.settings import Settings
from scheduler.attempt import Equipment
from scheduler.service import Service

pytestmark = pytest.mark.one_engine

PIN = "Kq7-marble-21"
TRUNK, OWN = "6175559999", "8009957586"
FUSE = {"Authorization": f"Basic {base64.b64encode(b'demo@example.com:demo-key').decode()}"}


@pytest.fixture
def real(settings: Settings) -> Settings:
    """The same settings where calls are real."""
    return replace(settings, carrier="sip", sip_caller_id=f"+1{TRUNK}")


@pytest.fixture
def office(settings: Settings, web: FlaskClient, clock: MovableClock, customer: Customer) -> Iterator[Office]:
    """Whatever is dialled is judged as real calls are; nobody's phone rings."""
    rules = DialRules(NumberRules(callers=frozenset({TRUNK})), costs=True)
    outside = factory.make_outside(settings)
    equipment = Equipment(carriers.make_carrier(settings, clock), outside, clock, ZoneInfo("UTC"), rules)
    service = Service(equipment, lines=50, most_of_queue=50, seed="ringback", keep_days=0)
    yield Office(web, service, clock, customer)
    service.dispatcher.close(1)
    service.sender.close(5)


def posts(web: FlaskClient, number: str = "6175550100") -> str:
    """What the classic API says to the demo account; the credentials are judged before the URLs."""
    form = {"login": "demo", "pin": "1234", "phone_number": number, "start_url": "http://127.0.0.1:1/"}
    return web.post("/queuecall.php", data=form).text


def test_none_is_made(real: Settings, database: None) -> None:
    """An empty database stays empty."""
    for table in ("campaign", "deployment", "application", "developer_key", "account"):
        execute(f"DELETE FROM {table}")
    assert factory.prepare_database(real) == ""
    assert accounts.every() == []
    assert not demo_account.is_known()
    assert "login or pin not accepted" in posts(factory.create_app(real).test_client())


def test_one_of_an_earlier_run_is_disabled(
    real: Settings, web: FlaskClient, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so; it can sign in nowhere, and who was signed in no longer is."""
    visitor = Visitor(web).sign_in()
    assert "did not answer 200 OK" in posts(web)
    with caplog.at_level(logging.WARNING):
        factory.prepare_database(real)
    assert "account demo disabled: everybody knows its PIN or key, and calls are real" in caplog.text
    assert web.get("/overview").status_code == 302
    assert visitor.send("/login", "/login", login="demo", pin="1234").status_code == 403
    assert "login or pin not accepted" in posts(web)
    assert web.post("/api/apps/1/1/queue", data={"phone_number": "6175550100"}, headers=FUSE).status_code == 401
    caplog.clear()
    factory.prepare_database(real)
    assert caplog.text == ""


def test_one_that_others_could_reach_is_disabled_too(real: Settings, database: None) -> None:
    """Where it would else be a reason not to start."""
    factory.prepare_database(replace(real, bind=("0.0.0.0", 8080), secret_key="0123456789abcdef"))
    assert accounts.named("demo").status == AccountStatus.INACTIVE


@pytest.mark.parametrize("left", ["neither", "PIN", "key"])
def test_it_is_disabled_while_anything_of_it_is_known(real: Settings, database: None, left: str) -> None:
    """With a PIN and a key of its own it is an account like any other."""
    if left != "PIN":
        accounts.change_pin("demo", PIN)
    if left != "key":
        keys.revoke(keys.of(accounts.named("demo").id)[0].id, RECEIVED)
    factory.prepare_database(real)
    assert accounts.named("demo").status == (AccountStatus.ACTIVE if left == "neither" else AccountStatus.INACTIVE)
    if left == "neither":
        demo_account.refuse_to_activate("demo")
    else:
        with pytest.raises(Refusal, match="everybody knows the PIN or the key of demo"):
            demo_account.refuse_to_activate("demo")


def test_an_administrator_can_not_let_it_in_again(real: Settings, database: None, clock: MovableClock) -> None:
    """Before its PIN and its key are changed; other accounts can be."""
    accounts.add("boss", PIN, RECEIVED)
    accounts.set_admin("boss", is_admin=True)
    accounts.add("shop", PIN, RECEIVED)
    accounts.set_status("shop", AccountStatus.INACTIVE)
    factory.prepare_database(real)
    visitor = Visitor(factory.create_app(real, clock).test_client()).sign_in("boss", PIN)
    for login, status in (("demo", 400), ("shop", 302)):
        path = f"/accounts/{accounts.named(login).id}"
        answer = visitor.send(path, path, status="active")
        assert answer.status_code == status
    assert [account.status for account in accounts.every()] == ["active", "inactive", "active"]


@pytest.mark.parametrize("status", [AccountStatus.INACTIVE, AccountStatus.DELETED])
def test_nobody_is_dialled_for_an_account_that_is_not_active(office: Office, status: AccountStatus) -> None:
    """What it had queued fails with the reason, without another try, and the result is told."""
    call_id = office.queue("6175550100", scheduled_time="+1 hour", max_retries=3)
    accounts.set_status("demo", status)
    office.clock.advance(hours=1)
    office.work()
    told = office.call(call_id)
    assert (told["status"], told["callee_type"], told["attempts"]) == ("failed", "linefailure", 1)
    assert [event["detail"] for event in told["events"] if event["event"] == "refused"] == [f"its account is {status}"]
    assert office.customer.posts("/start") == []
    (result,) = office.customer.posts("/result")
    assert result.form["result"] == "Failed"


def test_a_caller_id_is_looked_at_once_more_before_the_dial(office: Office) -> None:
    """It may have been taken back; then nobody is dialled."""
    demo = accounts.named("demo").id
    caller_ids.add(demo, OWN, RECEIVED)
    caller_ids.add(demo, "2125550123", RECEIVED)
    numbers = {
        "own": f"tel:6175550100;ani={OWN}",
        "taken back": "6175550150；ani=2125550123",
        "never its": "6175550151;ani=2125550124",
        "the trunk's": f"6175550108;ani={TRUNK}",
        "none": "6175550107",
    }
    queued = {name: office.queue(number, scheduled_time="+1 hour") for name, number in numbers.items()}
    caller_ids.remove(demo, "2125550123")
    office.clock.advance(hours=1)
    office.work()
    refused = {
        name: event["detail"]
        for name, call_id in queued.items()
        for event in office.call(call_id)["events"]
        if event["event"] == "refused"
    }
    assert list(refused) == ["taken back", "never its"]
    assert "ani must be a number in your account, and 2125550123 is none" in refused["taken back"]
    assert {name: office.call(call_id)["status"] for name, call_id in queued.items()} == {
        name: "failed" if name in refused else "completed" for name in queued
    }
    assert office.clock.now() == RECEIVED + timedelta(hours=1)
