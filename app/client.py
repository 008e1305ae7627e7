"""Who a request comes from, as those who count by address see it: the client, not the proxy in front of us."""

import ipaddress
import re
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX = 64  # what one customer of a provider has at the least, to the last address
WIDER_PREFIXES = (56, 48)
"""What a household and a site are usually given (RFC 6177): one client may have all of it."""
_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::[0-9]*)?|(?P<four>[0-9.]+):[0-9]*")


def client_address(peer: str | None, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The client's IPv4 address or IPv6 /64 network, in one spelling each; "unknown" for a peer that has neither.

    ``peer`` is the other end of the connection, ``forwarded_for`` the header X-Forwarded-For. Each proxy writes at the
    end of that whom it was asked by: the last entry that is no trusted proxy is the client, everything before is
    hearsay. What a peer says that is not trusted is ignored.
    """
    client = _read(peer or "")
    entries = forwarded_for.split(",")
    while entries and _is_trusted(client, trusted):
        told = _read(entries.pop().strip())
        if told is None:
            break
        client = told
    if client is None:
        return "unknown"
    if isinstance(client, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(client), IPV6_PREFIX), strict=False))
    return str(client)


def untrusted_proxy(peer: str | None, forwarded_for: str | None, trusted: Sequence[Network]) -> str | None:
    """The peer's address, if it says whom it asks for and is not trusted; else None."""
    address = _read(peer or "")
    return None if forwarded_for is None or _is_trusted(address, trusted) else str(address)


def wider_networks(client: str) -> tuple[str, ...]:
    """The /56 and the /48 around a client that is an IPv6 /64, as ``client_address`` writes it; none for others."""
    if not client.endswith(f"/{IPV6_PREFIX}"):
        return ()
    network = ipaddress.IPv6Network(client)
    return tuple(str(network.supernet(new_prefix=prefix)) for prefix in WIDER_PREFIXES)


def _is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    """Whether this is a proxy of ours; a socket without an address is one of this machine's."""
    return address is None or any(address in network for network in trusted)


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
