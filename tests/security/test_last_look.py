"""The last look before a dial: a row that somehow holds a number nobody may be connected to is never dialled."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from customer import Customer
from flask.testing import FlaskClient
from office import MovableClock, Office

from app import factory
from app.calls.db import execute
from app.intake import phone
from app.settings import Settings

pytestmark = pytest.mark.one_engine

_TABLE = (Path(__file__).parent.parent / "data" / "emergency-spellings.txt").read_text(encoding="utf-8")
SPELLINGS = [line for line in _TABLE.splitlines() if line.strip() and not line.startswith("#")]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def settings(settings: Settings, ledger: Path) -> Settings:
    return replace(settings, dial_ledger=str(ledger))


def test_no_emergency_number_is_dialled(office: Office, ledger: Path) -> None:
    """Every spelling, put into the row behind our back: failed at once, with the reason, the result posted, no line."""
    call_ids = []
    for place, spelling in enumerate(SPELLINGS):
        call_ids.append(office.queue(f"617555{2000 + place}", max_retries=3, retry_interval=60))
        execute("UPDATE call SET phone_number = ?, number = ? WHERE id = ?", spelling, spelling, call_ids[-1])
    good = office.queue("6175550100")
    office.work(60)
    office.pass_time(130)
    for call_id in call_ids:
        told = office.call(call_id)
        assert (told["status"], told["callee_type"], told["attempts"]) == ("failed", "linefailure", 1)
        refused = [event for event in told["events"] if event["event"] == "refused"]
        assert len(refused) == 1
        assert refused[0]["detail"]
    assert [line.split()[0] for line in ledger.read_text().splitlines()] == [str(good)]
    posted = {received.form["call_id"]: received.form for received in office.customer.posts("/result")}
    assert {posted[str(call_id)]["result"] for call_id in call_ids} == {"Failed"}


@pytest.mark.parametrize(
    ("number", "costs", "premium", "refused"),
    [
        pytest.param("+16175550100", True, False, False, id="at home"),
        pytest.param("+442071838750", True, False, True, id="abroad"),
        pytest.param("+442071838750", False, False, False, id="abroad, nobody pays"),
        pytest.param("+19005551234", True, False, True, id="premium rate"),
        pytest.param("+19005551234", True, True, False, id="premium rate, wanted"),
        pytest.param("+19005551234", False, False, False, id="premium rate, nobody pays"),
        pytest.param("911", True, True, True, id="emergency"),
        pytest.param("+1911", False, False, True, id="emergency, nobody pays"),
        pytest.param("", False, False, True, id="nothing"),
        pytest.param("drop table", False, False, True, id="not a number"),
    ],
)
def test_what_is_dialled(number: str, costs: bool, premium: bool, refused: bool) -> None:
    """Emergency numbers never; countries and premium rates where a call costs money."""
    rules = phone.DialRules(costs=costs, premium=premium)
    if refused:
        with pytest.raises(phone.BadNumber):
            phone.refuse_to_dial(number, rules)
    else:
        phone.refuse_to_dial(number, rules)


def test_the_testing_api_takes_no_emergency_number(web: FlaskClient, customer: Customer, clock: MovableClock) -> None:
    """A script for one is refused too, with the reason, and none of them is stored."""
    outcomes = {"outcomes": ["voice"]}
    for spelling in SPELLINGS:
        answer = web.put(f"/testing/callees/{quote(spelling, safe='')}", json=outcomes)
        assert answer.status_code == 400, spelling
        assert answer.get_json()["error"].startswith("number: "), spelling
    assert web.put("/testing/callees/6175550100", json=outcomes).status_code == 200
    stored = web.get("/testing/callees").get_json()["callees"]
    assert [script["number"] for script in stored] == ["+16175550100"]


def test_the_scheduler_knows_the_settings(settings: Settings, database: None) -> None:
    """RINGBACK_PREMIUM and RINGBACK_COUNTRIES reach it."""
    asked = replace(settings, premium=True, countries=("US", "DE"))
    assert factory._dial_rules(asked) == phone.DialRules(
        phone.NumberRules(countries=frozenset({"US", "DE"})), costs=False, premium=True
    )
