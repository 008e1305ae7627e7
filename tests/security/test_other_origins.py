"""Pages of other sites and authority that is ambient: refused in the format of the API, and nothing is queued.

What browsers really send is tried in browser/test_pages_elsewhere.py.
"""

import base64
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from customer import Customer
from flask.testing import FlaskClient
from visitor import Visitor

from app.calls import accounts, keys
from app.calls.db import execute
from app.clock import Clock

ELSEWHERE = [
    pytest.param({"Origin": "https://evil.example"}, id="Origin"),
    pytest.param({"Origin": "null"}, id="no origin of its own"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="Sec-Fetch-Site"),
]
DEMO = {"login": "demo", "pin": "1234"}
WELL_KNOWN = "pages of other sites may not use the demo account, whose PIN and key everybody knows"
ONE, FUSE = {"phone_number": "6175550100"}, "/api/apps/1/1"


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copyfile(sqlite_template, tmp_path / "ringback.db")
    return f"sqlite:///{tmp_path}/ringback.db"


@pytest.fixture
def urls(customer: Customer) -> dict[str, str]:
    return {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}


def calls() -> int:
    (count,) = execute("SELECT count(*) FROM call").fetchone()
    return int(count)


def basic(email: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{email}:{key}'.encode()).decode()}"}


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("path", ["/webservice/queuecall.php", "/outbound/webservice/queuecalls.php"])
def test_the_demo_account_is_not_for_them(
    web: FlaskClient, urls: dict[str, str], path: str, headers: dict[str, str]
) -> None:
    """403 in the XML of the classic API; from a page of ours it is queued."""
    form = DEMO | ONE | urls | {"phone_list": "6175550100"}
    answer = web.post(path, data=form, headers=headers)
    assert answer.status_code == 403
    root = ElementTree.fromstring(answer.text)
    assert (root.tag, root.get("status")) == (path.rpartition("/")[2].removesuffix(".php"), "failed")
    assert WELL_KNOWN in (root.findtext("error") or "")
    assert calls() == 0
    assert 'status="queued"' in web.post(path, data=form, headers={"Origin": "http://localhost"}, buffered=True).text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_wrong_pin_is_told_as_ever(web: FlaskClient, urls: dict[str, str], headers: dict[str, str]) -> None:
    """And counts as a guess."""
    answer = web.post("/queuecall.php", data=DEMO | ONE | urls | {"pin": "0"}, headers=headers)
    assert (answer.status_code, "login or pin not accepted" in answer.text) == (200, True)


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_credentials_of_ones_own_pass(web: FlaskClient, urls: dict[str, str], headers: dict[str, str]) -> None:
    """Of another account, and of demo once it has a PIN that is its own."""
    accounts.add("shop", "Kq7-marble-21", Clock().now())
    accounts.change_pin("demo", "Zx4-granite-9")
    for own in ({"login": "shop", "pin": "Kq7-marble-21"}, {"login": "demo", "pin": "Zx4-granite-9"}):
        answer = web.post("/webservice/queuecall.php", data=own | ONE | urls, headers=headers)
        assert 'status="queued"' in answer.text
    assert calls() == 2


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_the_known_key_is_not_for_them(web: FlaskClient, headers: dict[str, str]) -> None:
    """403 in the JSON or the XML of the Fuse API; a key of one's own passes, and so does looking at a call."""
    known = basic(keys.DEMO_EMAIL, keys.DEMO_KEY)
    for method, path in (("POST", "queue"), ("POST", "bulk_queue"), ("DELETE", "cancel")):
        answer = web.open(f"{FUSE}/{path}", method=method, data=ONE, headers=known | headers)
        assert (answer.status_code, WELL_KNOWN in answer.json["error"]) == (403, True)
    answer = web.post(f"{FUSE}/queue", data=ONE, headers=known | headers | {"Accept": "application/xml"})
    assert (answer.status_code, ElementTree.fromstring(answer.text).tag) == (403, "result")
    assert calls() == 0
    own = basic(keys.DEMO_EMAIL, keys.add(accounts.named("demo"), "own", Clock().now()))
    queued = web.post(f"{FUSE}/queue", data=ONE, headers=own | headers)
    assert queued.status_code == 200
    link = {"Sec-Fetch-Site": "cross-site"}
    assert web.get(f"/api/outbound/{queued.json['call_id']}", headers=known | link).status_code == 200


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_the_console_is_not_for_them(web: FlaskClient, headers: dict[str, str]) -> None:
    """A page that says so, whether somebody is signed in or not, and though the token of the form is right."""
    visitor = Visitor(web)
    sign_in = visitor.forms("/login")["/login"].fields | DEMO
    refused = web.post("/login", data=sign_in, headers=headers)
    assert (refused.status_code, "sent by a page of another site" in refused.text) == (403, True)
    visitor.sign_in()
    form = visitor.forms("/overview")["/suspend"].fields
    refused = web.post("/suspend", data=form, headers=headers)
    assert (refused.status_code, "sent by a page of another site" in refused.text) == (403, True)
    assert not execute("SELECT suspended FROM switch").fetchone()[0]
    assert web.get("/overview", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert web.post("/suspend", data=form, headers={"Origin": "http://localhost"}).status_code == 302
