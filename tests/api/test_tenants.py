"""Who may do what with whose deployments and calls: nobody sees or touches another account's."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from deployed import Deployed, told
from flask.testing import FlaskClient
from office import MovableClock

from app.calls import accounts, deployments, keys
from app.calls.accounts import AccountStatus
from app.calls.db import execute
from app.calls.deployments import Right

LATER = {"phone_number": "6175550100", "start_timestamp": "9999999999"}
LIST = {"csv": "destination\n6175550100\n", "start_timestamp": "9999999999"}
RIGHTS = {"owner": Right.OWNER, "queuer": Right.QUEUE, "reader": Right.READ, "stranger": None}
RIGHTS |= {"inactive": Right.QUEUE, "deleted": Right.QUEUE}

# What queue, bulk_queue, cancel and status are answered: for a deployment that is there, one that was deleted, one of
# a deleted application, one that is there by the number of another application, and one that never was.
MAY = ("200 200 202 200", "409 409 409 200", "409 409 409 200", "404 404 404 200", "404 404 404 404")
SEES = ("403 403 403 200", *MAY[1:])
EXPECTED = {
    "owner": MAY,
    "queuer": MAY,
    "reader": SEES,
    "stranger": ("404 404 404 404",) * 5,
    "owner with a revoked key": ("401 401 401 401",) * 5,
    "owner with another's key": ("401 401 401 401",) * 5,
    "nobody": ("401 401 401 401",) * 5,
    "inactive": ("401 401 401 401",) * 5,
    "deleted": ("409 409 409 409",) * 5,
}


@dataclass(frozen=True)
class Place:
    """A deployment as a path names it, and a call of it that waits."""

    path: str
    call_id: int


@dataclass(frozen=True)
class House:
    """The places, in the order above, and the credentials of everybody."""

    places: tuple[Place, ...]
    credentials: Mapping[str, tuple[str, str] | None]


@pytest.fixture
def house(cheap_pins: None, web: FlaskClient, clock: MovableClock) -> House:
    now = clock.now()
    made = {name: accounts.add(name, "1234", now, f"{name}@example.com", allow_weak_pin=True) for name in RIGHTS}
    credentials = {name: (f"{name}@example.com", keys.add(account, "test", now)) for name, account in made.items()}
    revoked = keys.add(made["owner"], "revoked", now)
    keys.revoke(next(key.id for key in keys.every() if key.label == "revoked"), now)
    shop, there = deployments.add_application(made["owner"], "shop", "", now)
    closed, within = deployments.add_application(made["owner"], "closed", "", now)
    gone = deployments.add_deployment(shop.id, "gone", "", now)
    for application in (shop, closed):
        for name in ("queuer", "reader", "inactive", "deleted"):
            deployments.allow(application.id, name, RIGHTS[name])
    call_ids = [
        Deployed(clock, "", "", each.id).call("6175550100", start_in=60, metadata={"name": "Ann"})
        for each in (there, gone, within)
    ]
    deployments.remove_deployment(gone.id)
    deployments.remove_application(closed.id)
    for status in (AccountStatus.INACTIVE, AccountStatus.DELETED):
        accounts.set_status(status.value, status)
    paths = (f"{shop.id}/{there.id}", f"{shop.id}/{gone.id}", f"{closed.id}/{within.id}", f"1/{there.id}", "98/99")
    return House(
        tuple(map(Place, paths, (*call_ids, call_ids[0], 1))),
        credentials
        | {
            "owner with a revoked key": ("owner@example.com", revoked),
            "owner with another's key": ("owner@example.com", credentials["stranger"][1]),
            "nobody": None,
        },
    )


def _asked(web: FlaskClient, who: tuple[str, str] | None, place: Place) -> str:
    """What the four requests are answered, cancel as the last but one."""
    root = f"/api/apps/{place.path}"
    answers = (
        web.post(f"{root}/queue", auth=who, data=LATER),
        web.post(f"{root}/bulk_queue", auth=who, data=LIST),
        web.delete(f"{root}/cancel", auth=who),
        web.get(f"/api/outbound/{place.call_id}", auth=who),
    )
    for answer in answers:
        answer.close()
    return " ".join(str(answer.status_code) for answer in answers)


@pytest.mark.parametrize("who", EXPECTED)
def test_everybody_is_answered_as_they_should_be(web: FlaskClient, house: House, who: str) -> None:
    """And who may not is not only told so: nothing was queued, canceled or shown."""
    before = execute("SELECT count(*) FROM call").fetchone()
    answers = tuple(_asked(web, house.credentials[who], place) for place in house.places)
    assert answers == EXPECTED[who]
    touched = EXPECTED[who] is MAY
    assert (execute("SELECT count(*) FROM call").fetchone() != before) is touched
    assert [told(place.call_id)[0] for place in house.places[:3]] == [
        "canceled" if touched else "queued",
        *["queued"] * 2,
    ]


def test_a_cancel_touches_its_own_deployment_alone(web: FlaskClient, clock: MovableClock, house: House) -> None:
    """Neither the next deployment of the application, nor one of another account, nor an account's own calls."""
    shop, there = map(int, house.places[0].path.split("/"))
    next_door = deployments.add_deployment(shop, "next door", "", clock.now())
    others = [Deployed(clock, "", "", each).call("6175550100", start_in=60) for each in (1, next_door.id)]
    assert web.delete(f"/api/apps/{shop}/{there}/cancel", auth=house.credentials["owner"]).status_code == 202
    assert [told(call_id)[0] for call_id in (house.places[0].call_id, *others)] == ["canceled", "queued", "queued"]


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_a_call_of_an_account_is_none_of_a_deployment(web: FlaskClient, house: House, who: str) -> None:
    """It is not shown, not even to its account: 404 as for one that never was, in the same words."""
    execute("UPDATE campaign SET deployment_id = NULL")
    call_id = house.places[0].call_id
    answer = web.get(f"/api/outbound/{call_id}", auth=house.credentials[who])
    never = web.get("/api/outbound/7", auth=house.credentials[who])
    assert answer.status_code == never.status_code == 404
    assert answer.text.replace(str(call_id), "7") == never.text


def test_a_permission_that_is_taken_back_holds_no_more(web: FlaskClient, house: House) -> None:
    shop = int(house.places[0].path.split("/")[0])
    deployments.forbid(shop, "queuer")
    assert _asked(web, house.credentials["queuer"], house.places[0]) == "404 404 404 404"


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(("\0", "\0"), id="NULs"),
        pytest.param(("owner@example.com", ""), id="no key"),
        pytest.param(("", ""), id="nothing"),
        pytest.param(("\ufffd" * 300, "x" * 5_000), id="long"),
        pytest.param(("' OR 1=1 --", "' OR 1=1 --"), id="SQL"),
    ],
)
def test_odd_credentials_are_wrong_ones(web: FlaskClient, house: House, who: tuple[str, str]) -> None:
    answer = web.get(f"/api/outbound/{house.places[0].call_id}", auth=who)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
