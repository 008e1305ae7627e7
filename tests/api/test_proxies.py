"""Whose request it is: the client's, as trusted proxies say it; what anybody else says is ignored, and reported."""

import logging
from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask.testing import FlaskClient

from app import factory
from app.calls import accounts
from app.calls.untrusted_proxies import MAX_REPORTED, REPEAT_SECONDS, UntrustedProxies, recent
from app.client import client_address, untrusted_proxy, wider_networks
from app.settings import Settings

pytestmark = pytest.mark.one_engine

HOST = {"Host": "calls.example.com"}
LOOPBACK = Settings().trusted_proxies
OURS = (*LOOPBACK, ip_network("10.0.0.0/24"))


@pytest.fixture
def public(settings: Settings, database: None) -> Settings:
    accounts.change_pin("demo", "837465")
    return replace(settings, hosts=("calls.example.com",), secret_key="a key of some length")


def _post(web: FlaskClient, peer: str, client: str) -> int:
    headers = HOST | {"X-Forwarded-For": f"198.51.100.1, {client}"}
    form = {"login": "demo", "pin": "0"}
    return web.post("/queuecall.php", data=form, headers=headers, environ_base={"REMOTE_ADDR": peer}).status_code


def test_the_clients_of_a_trusted_proxy_are_told_apart(public: Settings) -> None:
    """One client's wrong PINs are not the others' that come through the same proxy."""
    web = factory.create_app(replace(public, trusted_proxies=OURS)).test_client()
    for number, proxy in enumerate(("127.0.0.1", "10.0.0.2")):
        assert [_post(web, proxy, f"203.0.113.{number}") for _ in range(6)] == [200] * 5 + [429]
        assert _post(web, proxy, f"203.0.114.{number}") == 200


def test_nobody_hides_behind_a_header(public: Settings) -> None:
    """A peer in a private network that nobody named can't give itself ever new addresses."""
    web = factory.create_app(public).test_client()
    assert [_post(web, "10.0.0.2", f"203.0.113.{number}") for number in range(6)] == [200] * 5 + [429]


def test_an_untrusted_proxy_is_reported(public: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Once in the log, in the console with its address, and by /readyz without."""
    web = factory.create_app(public).test_client()
    assert web.get("/readyz", headers=HOST).get_json()["warnings"] == []
    with caplog.at_level(logging.WARNING, "app.calls.untrusted_proxies"):
        for number in range(3):
            _post(web, "10.0.0.2", f"203.0.113.{number}")
            _post(web, "127.0.0.1", f"203.0.113.{number}")
    (line,) = [record.getMessage() for record in caplog.records if "RINGBACK_TRUSTED_PROXIES" in record.getMessage()]
    assert line.startswith("X-Forwarded-For from 10.0.0.2 is ignored")
    (warning,) = factory.create_app(public).test_client().get("/readyz", headers=HOST).get_json()["warnings"]
    assert "RINGBACK_TRUSTED_PROXIES" in warning
    assert "10.0.0.2" not in warning


def test_the_console_names_an_untrusted_proxy(web: FlaskClient) -> None:
    """To administrators, on the overview and in the part of it that is asked for again and again."""
    UntrustedProxies().report("10.0.0.2")
    page = web.get("/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    web.post("/login", data={"login": "demo", "pin": "1234", "csrf_token": token})
    for path in ("/overview", "/overview/alarms"):
        assert "<strong>X-Forwarded-For is ignored</strong> from 10.0.0.2." in web.get(path).text


def test_anybody_can_send_the_header(database: None, caplog: pytest.LogCaptureFixture) -> None:
    """So the same peer is reported once an hour, and of many peers only some."""
    now = 1_800_000_000.0
    proxies = UntrustedProxies(lambda: now)
    with caplog.at_level(logging.WARNING, "app.calls.untrusted_proxies"):
        for _ in range(2):
            for number in range(100):
                proxies.report(f"198.18.0.{number}")
        assert len(caplog.records) == MAX_REPORTED
        now += REPEAT_SECONDS
        proxies.report("198.18.0.0")
    assert len(caplog.records) == MAX_REPORTED + 1
    assert len(recent()) == MAX_REPORTED


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        pytest.param("203.0.113.9", "", "203.0.113.9", id="direct"),
        pytest.param("203.0.113.9", "198.51.100.1", "203.0.113.9", id="a stranger's claim"),
        pytest.param("10.9.9.9", "198.51.100.1", "10.9.9.9", id="a neighbour's claim"),
        pytest.param("127.0.0.1", "198.51.100.1", "198.51.100.1", id="proxy on this machine"),
        pytest.param("::1", "198.51.100.1", "198.51.100.1", id="the same over IPv6"),
        pytest.param("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1", id="the same as IPv4 in IPv6"),
        pytest.param("10.0.0.2", "198.51.100.1", "198.51.100.1", id="a proxy that is named"),
        pytest.param("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1", id="the last entry"),
        pytest.param("127.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1", id="two proxies"),
        pytest.param("127.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", id="proxies alone"),
        pytest.param("127.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2", id="no address before a proxy"),
        pytest.param("127.0.0.1", "198.51.100.1:4711", "198.51.100.1", id="with a port"),
        pytest.param("127.0.0.1", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64", id="IPv6 with a port"),
        pytest.param("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64", id="IPv6 from a proxy"),
        pytest.param("127.0.0.1", "unknown", "127.0.0.1", id="no address"),
        pytest.param("127.0.0.1", "198.51.100.1,", "127.0.0.1", id="empty last entry"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="no header"),
        pytest.param("127.0.0.1", "1" * 9999, "127.0.0.1", id="a long header"),
        pytest.param("2001:DB8:1:2:ffff::1", "", "2001:db8:1:2::/64", id="IPv6"),
        pytest.param("::ffff:203.0.113.9", "", "203.0.113.9", id="IPv4 in IPv6"),
        pytest.param("fe80::1%eth0", "", "fe80::/64", id="with a zone"),
        pytest.param("", "", "unknown", id="a socket without an address"),
        pytest.param(None, "198.51.100.1", "198.51.100.1", id="proxy at such a socket"),
    ],
)
def test_whose_request_it_is(peer: str | None, forwarded_for: str, client: str) -> None:
    """The word of the proxies that are named counts, each for whom it was asked by; an IPv6 client is its /64."""
    assert client_address(peer, forwarded_for, OURS) == client


def test_who_is_no_proxy_of_ours() -> None:
    """Whoever sends the header and is not named; a peer without it is a client like any other."""
    assert untrusted_proxy("10.9.9.9", "", OURS) == "10.9.9.9"
    assert untrusted_proxy("10.9.9.9", None, OURS) is None
    assert untrusted_proxy("10.0.0.9", "1.1.1.1", OURS) is None
    assert untrusted_proxy(None, "1.1.1.1", OURS) is None


def test_the_networks_around_a_client() -> None:
    """A household's and a site's in IPv6; an IPv4 address is one client."""
    assert wider_networks("2001:db8:1:2ff::/64") == ("2001:db8:1:200::/56", "2001:db8:1::/48")
    assert wider_networks("203.0.113.9") == wider_networks("unknown") == ()
