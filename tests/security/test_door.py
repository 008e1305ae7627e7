"""The door: which hosts are answered under, what a public server refuses to start with, headers on every answer."""

import json
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import door, factory
from app.calls import db
from app.errors import SettingError
from app.settings import Settings

pytestmark = pytest.mark.one_engine

PROXIED = {"X-Forwarded-For": "203.0.113.7"}
HERE, ANY = "127.0.0.1:8080", "0.0.0.0:8080"


def _web(database: str, bind: str = HERE, hosts: str = "", **more: str) -> FlaskClient:
    settings = Settings.read(
        {
            "RINGBACK_DATABASE": database,
            "RINGBACK_BIND": bind,
            "RINGBACK_HOSTS": hosts,
            "RINGBACK_SECRET_KEY": "a key of some length",
        }
        | more
    )
    return factory.create_app(settings).test_client()


def _ask(web: FlaskClient, path: str, host: str) -> TestResponse:
    return web.get(path, headers={"Host": host})


@pytest.mark.parametrize(
    ("bind", "hosts", "host", "status"),
    [
        pytest.param(HERE, "", "localhost:8080", 200, id="localhost"),
        pytest.param(HERE, "", "LocalHost", 200, id="no port, capitals"),
        pytest.param(HERE, "", "localhost:9999", 200, id="another port"),
        pytest.param(HERE, "", "127.0.0.1", 200, id="127.0.0.1"),
        pytest.param(HERE, "", "[::1]:8080", 200, id="::1"),
        pytest.param(HERE, "", "[0:0:0:0:0:0:0:1]", 200, id="::1 spelled out"),
        pytest.param("127.0.0.9:8080", "", "127.0.0.9:8080", 200, id="the bound address"),
        pytest.param(HERE, "", "calls.example.com", 421, id="a name"),
        pytest.param(HERE, "", "localhost.example.com", 421, id="a name that begins like ours"),
        pytest.param(HERE, "", "127.0.0.1.example.com", 421, id="another that does"),
        pytest.param(HERE, "", "10.0.0.1:8080", 421, id="an address"),
        pytest.param(HERE, "", "localhost@calls.example.com", 421, id="user info"),
        pytest.param(HERE, "", "localhost, calls.example.com", 421, id="two"),
        pytest.param(HERE, "", "[::1", 421, id="half a bracket"),
        pytest.param(HERE, "", "loc\xe4lhost", 421, id="not ASCII"),
        pytest.param(HERE, "calls.example.com", "calls.example.com", 200, id="a name that is named"),
        pytest.param(HERE, "Calls.Example.com., b.example", "CALLS.example.COM.:443", 200, id="case, port, final dot"),
        pytest.param(HERE, "calls.example.com", "localhost:8080", 200, id="localhost beside it"),
        pytest.param(HERE, "calls.example.com", "www.calls.example.com", 421, id="a name below it"),
        pytest.param(HERE, "[2001:db8::1]", "[2001:DB8:0::1]:8080", 200, id="an IPv6 literal"),
        pytest.param(ANY, "", "whatever.example.net", 200, id="public bind: any name"),
        pytest.param(ANY, "", "what ever", 421, id="public bind: not a name"),
        pytest.param(ANY, "calls.example.com", "calls.example.com", 200, id="public bind: named"),
        pytest.param(ANY, "calls.example.com", "other.example.com", 421, id="public bind: not named"),
        pytest.param("10.0.0.11:8080", "calls.example.com", "10.0.0.11:8080", 200, id="public bind: its address"),
    ],
)
def test_which_hosts_are_answered(
    settings: Settings, database: None, bind: str, hosts: str, host: str, status: int
) -> None:
    """Ports and case don't matter; health answers under any."""
    web = _web(settings.database, bind, hosts)
    for path in ("/", "/webservice/queuecall.php", "/nowhere"):
        assert _ask(web, path, host).status_code == (404 if status == 200 and path == "/nowhere" else status)
    assert _ask(web, "/livez", host).status_code == 200
    assert _ask(web, "/readyz", host).get_json()["reasons"] == ["no scheduler is running"]


def test_a_refused_host_is_told_in_the_format_of_the_path(web: FlaskClient) -> None:
    """XML to old clients, JSON to testers, a page to people, and the name of the setting to all."""
    for path in ("/queuecall.php", "/webservice/queuecalls.php", "/outbound/webservice/none"):
        answer = web.post(path, headers={"Host": "calls.example.com"})
        root = ElementTree.fromstring(answer.data)
        assert (answer.status_code, root.get("status")) == (421, "failed")
        assert "RINGBACK_HOSTS" in (root.findtext("error") or "")
    answer = web.get("/testing/clock", headers={"Host": "calls.example.com"})
    assert answer.status_code == 421
    assert "RINGBACK_HOSTS" in json.loads(answer.data)["error"]
    answer = web.get("/", headers={"Host": "calls.example.com"})
    assert (answer.status_code, answer.mimetype) == (421, "text/html")
    assert "RINGBACK_HOSTS" in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"])
def test_a_proxy_makes_a_loopback_bind_public(settings: Settings, database: None, header: str) -> None:
    """Nothing is done for others until RINGBACK_HOSTS is set: the demo account's PIN is known to everybody."""
    private, public = _web(settings.database), _web(settings.database, hosts="calls.example.com")
    for path in ("/", "/queuecall.php"):
        assert private.get(path, headers={header: "x", "Host": "localhost"}).status_code == 403
        assert public.get(path, headers={header: "x", "Host": "calls.example.com"}).status_code == 200


def test_hosts_turn_on_the_public_rules(settings: Settings, database: None) -> None:
    """Testing API and metrics are closed to localhost too, and client URLs may not name private addresses."""
    web = _web(settings.database, hosts="calls.example.com")
    local = {"Host": "localhost:8080"}
    assert web.get("/testing/clock", headers=local).status_code == 403
    assert web.get("/metrics", headers=local).status_code == 401
    web = _web(
        settings.database, hosts="calls.example.com", RINGBACK_TESTING_TOKEN="t" * 16, RINGBACK_METRICS_TOKEN="m" * 16
    )
    assert web.get("/testing/clock", headers=local | {"Authorization": f"Bearer {'t' * 16}"}).status_code == 200
    assert web.get("/metrics", headers=local | {"Authorization": f"Bearer {'m' * 16}"}).status_code == 200
    named = Settings.read({"RINGBACK_HOSTS": "calls.example.com"})
    assert (named.loopback, named.public, named.network_in_force) == (True, True, "public")
    assert Settings.read({}).network_in_force == "open"


@pytest.mark.parametrize("public", [{"RINGBACK_BIND": ANY}, {"RINGBACK_HOSTS": "calls.example.com"}], ids=str)
def test_what_a_public_server_does_not_start_with(settings: Settings, database: None, public: dict[str, str]) -> None:
    """The demo account with its known PIN; no key for cookies. A scheduler needs no key."""
    asked = Settings.read({"RINGBACK_DATABASE": settings.database} | public)
    db.close_database()
    with pytest.raises(SettingError, match=r"demo still has the PIN .* change it with `ringback account pin demo`"):
        factory.prepare_database(asked)
    with pytest.raises(SettingError, match="RINGBACK_SECRET_KEY is not set: set it"):
        factory.create_app(asked)
    factory.create_scheduler(asked).dispatcher.close(1)


@pytest.mark.parametrize(
    "text", ["http://calls.example.com", "calls.example.com:443", "calls example", "*.example.com", "a/b", "a..b"]
)
def test_hosts_that_can_not_be_used(text: str) -> None:
    """Names and addresses; what else is written there would never match."""
    with pytest.raises(SettingError, match="RINGBACK_HOSTS must be host names such as"):
        Settings.read({"RINGBACK_HOSTS": text})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/static/style.css"),
        ("GET", "/queuecall.php"),
        ("POST", "/queuecall.php"),
        ("DELETE", "/queuecalls.php"),
        ("OPTIONS", "/queuecall.php"),
        ("HEAD", "/"),
        ("GET", "/none"),
        ("GET", "/none.php"),
        ("GET", "/static/none"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/testing/clock"),
        ("GET", "/testing/none"),
    ],
)
def test_headers_on_every_answer(web: FlaskClient, method: str, path: str) -> None:
    """Good or bad, found or not."""
    for host in ("localhost", "other.example"):
        with web.open(path, method=method, headers={"Host": host}) as answer:
            status, sent = answer.status_code, answer.headers
        for name, value in door.HEADERS.items():
            assert sent[name] == value
        cached = path == "/static/style.css" and status == 200
        assert sent["Cache-Control"] == ("public, max-age=3600" if cached else "no-store")


def test_pages_obey_their_own_policy(web: FlaskClient) -> None:
    """No inline script, style or handler: the policy would stop it."""
    for path in ("/", "/queuecall.php", "/queuecalls.php"):
        page = web.get(path).text
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert 'href="/static/style.css?v=' in page
    with web.get("/static/style.css") as style:
        assert style.mimetype == "text/css"


def test_cookies_are_closed(settings: Settings, database: None) -> None:
    """Signed with the key that was given; only over TLS where others come in."""
    for hosts, secure in (("", False), ("calls.example.com", True)):
        config = _web(settings.database, hosts=hosts).application.config
        assert config["SESSION_COOKIE_SECURE"] is secure
        assert config["SESSION_COOKIE_HTTPONLY"] is True
        assert config["SESSION_COOKIE_SAMESITE"] == "Lax"
