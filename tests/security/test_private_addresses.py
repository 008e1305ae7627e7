"""Under the public policy the whole product calls no private address: not when a call is queued, answered or told."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import quote

import faults
import pytest
from customer import PAGE
from flask.testing import FlaskClient
from office import Office
from spellings import PRIVATE_SPELLINGS

from app.calls.db import execute
from app.settings import Settings

pytestmark = pytest.mark.one_engine

STAND_IN = "127.0.0.2"  # for a public address: the only one that these tests let the public policy call
SPELLINGS = [spelling for spelling in PRIVATE_SPELLINGS if STAND_IN not in spelling]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, network="public", allow_nets=(ip_network(STAND_IN),))


@pytest.fixture
def victims() -> Iterator[list[faults.Server]]:
    """A listener on every IPv4 and IPv6 address of this machine, which nobody must connect to."""
    with closing(faults.Server(faults.answer(PAGE), "0.0.0.0")) as four, closing(_six()) as six:
        yield [four, six]
        assert [four.connections, six.connections] == [0, 0]


def _six() -> faults.Server:
    return faults.Server(faults.answer(PAGE), "::")


@pytest.fixture
def urls(victims: list[faults.Server]) -> list[str]:
    """Every spelling with the port of every listener."""
    return [f"http://{spelling.format(victim.port)}/start.php" for spelling in SPELLINGS for victim in victims]


@pytest.fixture
def stand_in(urls: list[str]) -> Iterator[faults.Server]:
    """A customer's server: ``/N`` sends whoever asks to the private address number N, ``/late/N`` only who posts."""

    def behave(connection: object, request: faults.Request) -> bool:
        path = request.path.strip("/")
        redirects = path.isdigit() or (request.method == "POST" and path.startswith("late/"))
        if redirects:
            location = urls[int(path.rpartition("/")[2])].encode().decode("latin-1")
            return faults.redirect(location, 307)(connection, request)
        return faults.answer(PAGE)(connection, request)

    with closing(faults.Server(behave, STAND_IN)) as server:
        yield server


@pytest.mark.parametrize("field", ["start_url", "result_url"])
@pytest.mark.parametrize("redirected", [False, True], ids=["itself", "redirected"])
def test_nothing_is_probed(
    web: FlaskClient, urls: list[str], stand_in: faults.Server, field: str, redirected: bool
) -> None:
    """Neither URL, neither directly nor by way of a permitted one; the request fails and leaves nothing."""
    form = {"login": "demo", "pin": "1234", "phone_number": "6175550100"}
    good = {"start_url": f"{stand_in.url}/page", "result_url": f"{stand_in.url}/page"}
    for number, url in enumerate(urls):
        asked = f"{stand_in.url}/{number}" if redirected else url
        answer = web.post("/queuecall.php", data=form | good | {field: asked}).text
        assert 'status="failed"' in answer
        assert f"<error>{field}: " in answer, quote(asked)
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


@pytest.mark.parametrize("field", ["start_url", "result_url"])
@pytest.mark.parametrize("redirected", [False, True], ids=["itself", "redirected"])
def test_nothing_is_called_later(
    office: Office, urls: list[str], stand_in: faults.Server, field: str, redirected: bool
) -> None:
    """When someone has answered, and when the result is posted: the URL is judged anew, redirects too."""
    good = {"start_url": f"{stand_in.url}/page", "result_url": f"{stand_in.url}/page"}
    call_ids = []
    for number, url in enumerate(urls):
        late = good | ({field: f"{stand_in.url}/late/{number}"} if redirected else {})
        call_ids.append(office.queue(f"617{200 + number // 100}01{number % 100:02}".ljust(10, "5"), **late))
        if not redirected:
            sql = f"UPDATE terms SET {field} = ? WHERE id = (SELECT terms_id FROM call WHERE id = ?)"
            execute(sql, url, call_ids[-1])
    office.work(60)
    for call_id in call_ids:
        told = office.call(call_id)
        assert told["status"] == "completed"
        if field == "start_url":
            assert "application error" in [event["event"] for event in told["events"]]
    tried = execute("SELECT count(*) FROM exchange WHERE purpose = ? AND error <> ''", field).fetchone()
    assert tried == (len(urls),)
