"""The loopback rule: whether a request can only have come from somebody who sits at this machine.

What holds for such a request (pages without a sign-in, a known PIN) is decided by those who ask.
"""

import re
from collections.abc import Mapping

_OUR_NAMES = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_OF_PROXIES = re.compile("forwarded|via|x-forwarded-.*", re.IGNORECASE)


def holds(bind_is_loopback: bool, headers: Mapping[str, str]) -> bool:
    """Whether the rule holds: a loopback bind, a Host that names this machine, and no sign of a proxy.

    A proxy on this machine makes a loopback bind public, and a page whose name was pointed at 127.0.0.1 sends its own
    name as Host.
    """
    forwarded = any(_OF_PROXIES.fullmatch(name) for name in headers)
    return bind_is_loopback and not forwarded and _OUR_NAMES.fullmatch(headers.get("Host", "")) is not None


def comes_from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends this for a page of another origin: its Origin (RFC 6454) is not the Host it asks."""
    host, origin = headers.get("Host", ""), headers.get("Origin")
    return origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower())
