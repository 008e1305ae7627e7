"""Who a request comes from, as those who count by address see it: the client, not the proxy in front of us."""

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NEAR = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
"""Where a proxy of ours can stand: this machine (RFC 1122, RFC 4291) and private networks (RFC 1918, RFC 4193)."""
IPV6_PREFIX = 64  # what one customer of a provider has at the least, to the last address
_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::[0-9]*)?|(?P<four>[0-9.]+):[0-9]*")


def client_address(peer: str | None, forwarded_for: str, *, behind_proxy: bool) -> str:
    """The client's IPv4 address or IPv6 /64 network, in one spelling each; "unknown" for a peer that has neither.

    ``peer`` is the other end of the connection, ``forwarded_for`` the header X-Forwarded-For. With ``behind_proxy`` and
    a peer that is near, the last entry of that counts: the proxy wrote it, everything before is hearsay.
    """
    address = _read(peer or "")
    if behind_proxy and (address is None or any(address in network for network in NEAR)):
        told = forwarded_for.rpartition(",")[2].strip()
        address = _read(told) or address
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), IPV6_PREFIX), strict=False))
    return str(address)


def _read(text: str) -> Address | None:
    """An address, perhaps with a port or a zone; one that is IPv4 in IPv6 (RFC 4291, ::ffff:0:0/96) as IPv4."""
    if port := _PORT.fullmatch(text):
        text = port["six"] or port["four"] or ""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
