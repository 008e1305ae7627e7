"""Under the public policy nothing reaches a private address, however it is spelled, redirected to or resolved."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from itertools import count

import pytest
from faults import Serve, Server, answer, redirect
from spellings import PRIVATE_SPELLINGS as SPELLINGS

from app.outside.addresses import Policy
from app.outside.answers import Answer, NotFetched, Reason
from app.outside.fetch import Outside

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
