"""The loopback rule: whether a request can only have come from somebody who sits at this machine.

What holds for such a request (pages without a sign-in, a known PIN) is decided by those who ask.
"""

import ipaddress
import re
from collections.abc import Mapping

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(?::[0-9]{0,5})?", re.IGNORECASE)
_OF_PROXIES = re.compile("forwarded|via|x-forwarded-.*", re.IGNORECASE)


def host_of(headers: Mapping[str, str]) -> str | None:
    """The Host asked for, without port and brackets, in lower case; None without one, "" for one that is malformed."""
    header = headers.get("Host")
    if not header:
        return None  # HTTP/1.0 has none
    match = _HOST.fullmatch(header)
    if match is None:
        return ""
    if not match[1].startswith("["):
        return match[1].lower().removesuffix(".")
    try:
        return str(ipaddress.IPv6Address(match[1][1:-1]))
    except ValueError:
        return ""


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy left its mark."""
    return any(_OF_PROXIES.fullmatch(name) for name in headers)


def holds(private: bool, headers: Mapping[str, str]) -> bool:
    """Whether the rule holds: a server for this machine alone, a Host that names it, and no sign of a proxy.

    A proxy on this machine makes a loopback bind public, and a page whose name was pointed at 127.0.0.1 sends its own
    name as Host.
    """
    return private and not is_forwarded(headers) and host_of(headers) in OUR_NAMES
