"""Caller IDs at the forms: with a carrier that costs money an account's calls may show its own numbers alone."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import RECEIVED, MovableClock
from visitor import Visitor

from app import factory
from app.calls import accounts, caller_ids, deployments, keys
from app.calls.db import execute
from app.errors import Refusal
from app.settings import Settings

OWN, OTHERS, TRUNK = "8009957586", "2125550123", "6175559999"
PIN = "Kq7-marble-21"
RULE = f"ani must be a number in your account, and {OTHERS} is none"


@pytest.fixture
def real(settings: Settings, database: None, cheap_pins: None, clock: MovableClock) -> FlaskClient:
    """The web application where calls are real; the account ``shop`` may show one number."""
    shop = accounts.add("shop", PIN, RECEIVED, "shop@example.com")
    caller_ids.add(shop.id, OWN, RECEIVED)
    caller_ids.add(accounts.named("demo").id, OTHERS, RECEIVED)
    return factory.create_app(replace(settings, carrier="sip", sip_caller_id=f"+1{TRUNK}"), clock).test_client()


@pytest.fixture
def form(customer: Customer) -> dict[str, str]:
    return {"login": "shop", "pin": PIN, "start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}


@pytest.fixture
def ask(real: FlaskClient) -> Callable[..., object]:
    """Ask for something at a deployment of the account's."""
    shop = accounts.named("shop")
    application, deployment = deployments.add_application(shop, "shop", "", RECEIVED)
    credentials = f"shop@example.com:{keys.add(shop, 'test', RECEIVED)}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    return lambda what, **data: real.post(
        f"/api/apps/{application.id}/{deployment.id}/{what}", data=data, headers=headers
    )


def shown(ani: str) -> str:
    return f"tel:+16175550100;ani={ani}"


@pytest.mark.parametrize(
    ("number", "queued"),
    [
        pytest.param("6175550100", True, id="none"),
        pytest.param(shown(OWN), True, id="its own"),
        pytest.param("6175550100;ani=(800) 995-7586", True, id="its own with separators"),
        pytest.param(shown(TRUNK), True, id="the trunk's"),
        pytest.param(shown(OTHERS), False, id="another account's"),
        pytest.param("6175550100；ＡＮＩ=２１２5550123", False, id="in other scripts"),
    ],
)
def test_one_call(real: FlaskClient, form: dict[str, str], number: str, queued: bool) -> None:
    """Refused with the field and the rule, and nothing is queued."""
    answer = real.post("/webservice/queuecall.php", data=form | {"phone_number": number})
    assert answer.status_code == 200
    assert ('status="queued"' in answer.text) == queued
    assert (f"<error>phone_number: {RULE}" in answer.text) != queued
    assert execute("SELECT count(*) FROM call").fetchone() == (int(queued),)


def test_a_list(real: FlaskClient, form: dict[str, str]) -> None:
    """The lines that may not be called are told, and the others are queued."""
    lines = f"6175550100\n{shown(OTHERS)}\n{shown(OWN)},ref\n"
    answer = real.post("/queuecalls.php", data=form | {"phone_list": lines}, buffered=True)
    assert 'queued="2" rejected="1"' in answer.text
    assert f"phone_number: {RULE}" in answer.text


def test_the_fuse_api(ask: Callable[..., object]) -> None:
    """400 for a call; the line of a list."""
    answer = ask("queue", phone_number=shown(OTHERS))
    assert (answer.status_code, answer.json["error"].startswith(f"phone_number: {RULE}")) == (400, True)
    assert ask("queue", phone_number=shown(OWN)).status_code == 200
    csv = f"destination,name\n{shown(OTHERS)},Ann\n{shown(OWN)},Bob\n"
    answer = ask("bulk_queue", csv=csv).json
    assert answer["queued"] == 1
    (wrong,) = answer["errors"]
    assert wrong["line"] == 2
    assert wrong["error"].startswith(f"destination: {RULE}")


def test_whose_caller_ids_count(ask: Callable[..., object], real: FlaskClient) -> None:
    """Those of the account whose calls they are: an application's owner's, whoever else may queue for it."""
    application = deployments.applications()[-1]
    deployments.allow(application.id, "demo", deployments.Right.QUEUE)
    demo = {"Authorization": f"Basic {base64.b64encode(b'demo@example.com:demo-key').decode()}"}
    path = f"/api/apps/{application.id}/{deployments.deployments()[-1].id}/queue"
    assert real.post(path, data={"phone_number": shown(OTHERS)}, headers=demo).status_code == 400
    assert real.post(path, data={"phone_number": shown(OWN)}, headers=demo).status_code == 200


def test_the_console(real: FlaskClient, form: dict[str, str]) -> None:
    """The form says it beside its field; a list on trial shows the line."""
    visitor = Visitor(real).sign_in("shop", PIN)
    urls = {name: form[name] for name in ("start_url", "result_url")}
    answer = visitor.send("/queue", "/queue", phone_number=shown(OTHERS), **urls)
    assert (answer.status_code, RULE in answer.text) == (400, True)
    trial = visitor.send("/upload", "/upload", pasted=f"{shown(OTHERS)}\n{shown(OWN)}", **urls)
    page = visitor.follow(trial)
    assert RULE in page
    assert "Queue this call" in page or "Queue these 1" in page


def test_simulated_calls_may_show_any(web: FlaskClient, customer: Customer) -> None:
    """Nobody is deceived by them."""
    form = {"login": "demo", "pin": "1234", "start_url": f"{customer.url}/start", "phone_number": shown("1234567890")}
    assert 'status="queued"' in web.post("/queuecall.php", data=form).text


def test_they_are_kept_by_account(database: None, cheap_pins: None) -> None:
    """Each once; what is no caller ID is refused."""
    one, two = accounts.named("demo").id, accounts.add("shop", PIN, RECEIVED).id
    for text in ("+1 (800) 995-7586", "18009957586", OWN, "212.555.0123"):
        caller_ids.add(one, text, RECEIVED)
    assert (caller_ids.of(one), caller_ids.of(two)) == ([OTHERS, OWN], [])
    with pytest.raises(Refusal, match=f"ani: {OWN} is not a caller ID of this account"):
        caller_ids.remove(two, OWN)
    assert caller_ids.remove(one, "800-995-7586") == OWN
    assert caller_ids.of(one) == [OTHERS]
    for text in ("", "911", "+448009957586", "80099575866", "８００9957586", "8009957586;8009957587"):
        with pytest.raises(Refusal, match="ani: must be 10 digits"):
            caller_ids.add(one, text, RECEIVED)
