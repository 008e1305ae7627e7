"""Who may be called: IP addresses and ports, judged after every way of writing one address inside another is undone.

Nothing here resolves names or opens connections. The tables are our own rather than ``ipaddress.is_global``, whose
meaning changes between Python versions and which passes NAT64, 6to4, ISATAP and multicast forms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


UNICAST = _networks("0.0.0.0/0", "2000::/3")

# The IANA Special-Purpose Address Registries (RFC 6890); the few global anycast services in them are refused too.
SPECIAL = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
)

PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "::1/128",
    "fc00::/7",
)

# Refused whatever is allowed: a wide RINGBACK_ALLOW_NETS such as 0.0.0.0/0 must not open a cloud's metadata service.
NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure, on a public address
    "192.0.0.192/32",  # Oracle
    "::/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "fd00:42::42/128",  # Scaleway
    "fd00:c1::a9fe:a9fe/128",  # Oracle
    "fd00:ec2::/32",  # Amazon: metadata ::254, DNS ::253, time ::123
    "fd20:ce::254/128",  # Google
)

MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
ISATAP = (0x0000_5EFE, 0x0200_5EFE)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses client URLs may name.

    ``public``: global unicast only. ``open``: also loopback, private and shared address space. ``allow`` adds networks
    to either. Link-local, metadata, multicast, unspecified, broadcast and reserved addresses are refused always, and so
    are ``own_ports``, the ports we listen on ourselves, on this machine's addresses.
    """

    network: Literal["public", "open"]
    allow: tuple[Network, ...] = ()
    own_ports: frozenset[int] = frozenset()

    def permits(self, ip: IP, port: int = 0, *, local: IP | None = None) -> bool:
        """Whether ``ip`` may be connected to; ``local`` is our own end of the connection once there is one."""
        return all(self._permits_one(one) and not self._is_ours(one, port, local) for one in _reached(ip))

    def _permits_one(self, ip: IP) -> bool:
        if _within(ip, NEVER):
            return False
        if _within(ip, self.allow) or (_within(ip, UNICAST) and not _within(ip, SPECIAL)):
            return True
        return self.network == "open" and _within(ip, PRIVATE)

    def _is_ours(self, ip: IP, port: int, local: IP | None) -> bool:
        # The kernel picks the destination itself as the source of a connection to one of this machine's own addresses.
        return port in self.own_ports and (ip.is_loopback or ip == local)


def _within(ip: IP, networks: tuple[Network, ...]) -> bool:
    return any(ip in network for network in networks)


def _reached(ip: IP) -> Iterator[IP]:
    """Every address that a packet to ``ip`` may end up at (RFC 4291 §2.5.5, 6052, 8215, 3056, 4380 and 5214)."""
    if isinstance(ip, IPv4Address):
        yield ip
        return
    number = int(ip)
    last = IPv4Address(number & 0xFFFF_FFFF)
    if ip in MAPPED or ip in NAT64:
        yield last
    elif ip in SIX_TO_FOUR:
        yield _bits(number, 16)
    elif ip in TEREDO:
        yield _bits(number, 32)
        yield IPv4Address(int(last) ^ 0xFFFF_FFFF)
    elif ip in NAT64_LOCAL or number >> 32 & 0xFFFF_FFFF in ISATAP:
        yield ip
        yield last
    else:
        yield ip


def _bits(number: int, start: int) -> IPv4Address:
    """The IPv4 address that begins at bit ``start`` of an IPv6 address, counted from the left."""
    return IPv4Address(number >> (96 - start) & 0xFFFF_FFFF)
