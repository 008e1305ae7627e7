"""Under the public policy nothing reaches a private address, however it is spelled, redirected to or resolved."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from itertools import count

import pytest
from faults import Serve, Server, answer, redirect

from app.outside.addresses import Policy
from app.outside.answers import Answer, NotFetched, Reason
from app.outside.fetch import Outside

# {} is the port of a listener on every address of this machine.
SPELLINGS = [
    "127.0.0.1:{}",
    "127.0.0.2:{}",
    "127.255.255.254:{}",
    "localhost:{}",
    "LOCALHOST:{}",
    "localhost.:{}",
    "anything.localhost:{}",
    "2130706433:{}",
    "017700000001:{}",
    "0x7f000001:{}",
    "0x7f.0.0.1:{}",
    "0177.0.0.1:{}",
    "0177.0.0.01:{}",
    "127.1:{}",
    "127.0.1:{}",
    "127.0.0.1.:{}",
    "127.000.000.001:{}",
    "0:{}",
    "0.0.0.0:{}",
    "１２７．０．０．１:{}",
    "①②⑦.0.0.1:{}",
    "127。0。0。1:{}",
    "%31%32%37.0.0.1:{}",
    "[::1]:{}",
    "[0:0:0:0:0:0:0:1]:{}",
    "[::]:{}",
    "[::127.0.0.1]:{}",
    "[::ffff:127.0.0.1]:{}",
    "[::ffff:7f00:1]:{}",
    "[::ffff:0:127.0.0.1]:{}",
    "[64:ff9b::127.0.0.1]:{}",
    "[64:ff9b:1::7f00:1]:{}",
    "[2002:7f00:1::]:{}",
    "[2001:0:808:808::80ff:fffe]:{}",
    "[fe80::5efe:127.0.0.1]:{}",
    "[2001:db8::5efe:127.0.0.1]:{}",
    "[::1%25lo]:{}",
    "[fe80::1]:{}",
    "[fc00::1]:{}",
    "[fd00:ec2::254]:{}",
    "[ff02::1]:{}",
    "10.0.0.1:{}",
    "172.16.0.1:{}",
    "192.168.1.1:{}",
    "100.64.0.1:{}",
    "198.18.0.1:{}",
    "169.254.169.254",
    "169.254.169.254.:{}",
    "2852039166",
    "[::ffff:169.254.169.254]",
    "224.0.0.1:{}",
    "255.255.255.255:{}",
    "user@127.0.0.1:{}",
    "example.com\\@127.0.0.1:{}",
]

REFUSED = {Reason.ADDRESS, Reason.URL}
STAND_IN = "127.0.0.2"  # for a public address: the only one that these tests let the public policy call


@pytest.fixture
def listeners(serve: Serve) -> Iterator[list[Server]]:
    """A listener on every IPv4 and IPv6 address of this machine, the same port for both where it is to be had."""
    everywhere = [serve(host="0.0.0.0"), serve(host="::")]
    yield everywhere
    assert [server.connections for server in everywhere] == [0, 0]


@pytest.fixture
def public() -> Outside:
    names = {"localhost": "127.0.0.1", "localhost.": "127.0.0.1", "anything.localhost": "::1"}
    policy = Policy("public", allow=(ip_network(STAND_IN),))
    return Outside(policy, user_agent="ringback-test", resolve=lambda host, port: [names[host]])


def _fetches(outside: Outside) -> dict[str, Callable[[str], Answer]]:
    return {"get": outside.get, "post": lambda url: outside.post(url, b"a=b", "application/x-www-form-urlencoded")}


@pytest.mark.parametrize("way", ["get", "post"])
@pytest.mark.parametrize("spelling", [one for one in SPELLINGS if STAND_IN not in one], ids=ascii)
def test_no_spelling_of_a_private_address_is_called(
    spelling: str, way: str, public: Outside, listeners: list[Server]
) -> None:
    for server in listeners:
        with pytest.raises(NotFetched) as refused:
            _fetches(public)[way](f"http://{spelling.format(server.port)}/start.php")
        assert refused.value.reason in REFUSED


@pytest.mark.parametrize("way", ["get", "post"])
@pytest.mark.parametrize("spelling", [one for one in SPELLINGS if STAND_IN not in one], ids=ascii)
def test_no_redirect_leads_to_a_private_address(
    spelling: str, way: str, public: Outside, listeners: list[Server], serve: Serve
) -> None:
    for server in listeners:
        location = f"http://{spelling.format(server.port)}/start.php".encode().decode("latin-1")
        stand_in = serve(redirect(location, 307), host=STAND_IN)
        with pytest.raises(NotFetched) as refused:
            _fetches(public)[way](stand_in.url)
        assert refused.value.reason in REFUSED
        assert stand_in.connections == 1


def test_a_refused_name_says_no_more_than_that_the_address_is_not_permitted(public: Outside) -> None:
    with pytest.raises(NotFetched) as refused:
        public.get("http://localhost:9/secret?pin=1234")
    assert str(refused.value) == "address not permitted"


def test_a_name_that_alternates_between_public_and_private_never_reaches_the_private_one(serve: Serve) -> None:
    victim = serve(host="127.0.0.1")
    stand_in = serve(answer(b"hello", 200, "Connection: close"), host=STAND_IN)
    turn = count()
    outside = Outside(
        Policy("public", allow=(ip_network(STAND_IN),)),
        user_agent="ringback-test",
        resolve=lambda host, port: [(STAND_IN, "127.0.0.1", "::1", "169.254.169.254")[next(turn) % 4]],
    )
    outcomes = []
    for attempt in range(1000):
        port = stand_in.port if attempt % 4 == 0 else victim.port
        try:
            outcomes.append(outside.get(f"http://rebind.example:{port}/").status)
        except NotFetched as refused:
            outcomes.append(refused.reason)
    assert victim.connections == 0
    assert outcomes == [200, Reason.ADDRESS, Reason.ADDRESS, Reason.ADDRESS] * 250
    assert next(turn) == 1000, "a name is resolved once for each connection"


def test_of_several_addresses_only_the_permitted_are_tried(serve: Serve) -> None:
    victim = serve(host="127.0.0.1")
    outside = Outside(
        Policy("public", allow=(ip_network(STAND_IN),)),
        user_agent="ringback-test",
        resolve=lambda host, port: ["127.0.0.1", "::1", STAND_IN],
    )
    with pytest.raises(NotFetched) as refused:
        outside.get(f"http://mixed.example:{victim.port}/")
    assert refused.value.reason is Reason.CONNECTION
    assert victim.connections == 0


def test_our_own_port_is_refused_even_under_the_open_policy(serve: Serve) -> None:
    ours = serve(host="0.0.0.0")
    other = serve(redirect(f"http://localhost:{ours.port}/login"))
    policy = Policy("open", own_ports=frozenset({ours.port}))
    outside = Outside(policy, user_agent="ringback-test", resolve=lambda host, port: ["127.0.0.1"])
    for url in (f"http://127.0.0.1:{ours.port}/", f"http://127.9.9.9:{ours.port}/", other.url):
        with pytest.raises(NotFetched) as refused:
            outside.get(url)
        assert refused.value.reason is Reason.ADDRESS
    assert ours.connections == 0
