"""Which addresses may be called under which policy."""

from ipaddress import ip_address, ip_network

import pytest

from app.outside.addresses import Policy

GLOBAL = [
    "8.8.8.8",
    "100.128.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:4860:0:1:0:5efe:808:808",
]

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:c0a8:1::1",
    "2001:4860:0:1:0:5efe:10.0.0.1",
    "2001:4860:0:1:200:5efe:127.0.0.1",
    "2001:0:808:808::f5ff:fffe",
    "2001:0:a00:1::f7f7:f7f7",
]

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "100::1",
    "5f00::1",
    "4000::1",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::5efe:10.0.0.1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "2001:db8::1",
    "3fff::1",
    "64:ff9b:1::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",
    "::ffff:0.0.0.0",
]


@pytest.mark.parametrize(
    ("text", "public", "open_"),
    [
        *((text, True, True) for text in GLOBAL),
        *((text, False, True) for text in PRIVATE),
        *((text, False, False) for text in NEVER),
    ],
)
def test_an_address_is_judged_by_where_a_packet_to_it_ends_up(text: str, public: bool, open_: bool) -> None:
    assert Policy("public").permits(ip_address(text)) is public
    assert Policy("open").permits(ip_address(text)) is open_


def test_allowed_networks_are_added_to_public() -> None:
    policy = Policy("public", allow=(ip_network("10.1.0.0/16"), ip_network("fd12::/16")))
    assert policy.permits(ip_address("10.1.2.3"))
    assert policy.permits(ip_address("::ffff:10.1.2.3"))
    assert policy.permits(ip_address("fd12::1"))
    assert not policy.permits(ip_address("10.2.0.1"))


@pytest.mark.parametrize("text", [*NEVER[:12], "fe80::1", "ff02::1", "fd00:ec2::254", "64:ff9b::169.254.169.254"])
def test_no_allowed_network_opens_metadata_or_link_local(text: str) -> None:
    policy = Policy("open", allow=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert not policy.permits(ip_address(text))


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_our_own_port_is_refused_on_every_loopback_address(text: str) -> None:
    policy = Policy("open", allow=(ip_network("127.0.0.0/8"),), own_ports=frozenset({8080}))
    assert not policy.permits(ip_address(text), 8080)
    assert policy.permits(ip_address(text), 8081)


def test_our_own_port_is_refused_on_the_address_the_connection_itself_comes_from() -> None:
    policy = Policy("open", own_ports=frozenset({8080}))
    ours, other = ip_address("10.1.2.3"), ip_address("10.1.2.4")
    assert not policy.permits(ours, 8080, local=ours)
    assert policy.permits(ours, 8080, local=other)
    assert policy.permits(ours, 8081, local=ours)
