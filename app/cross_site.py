"""Whether a browser sends a request for a page of another origin.

Who asks this has authority that a browser brings along by itself, or that everybody has: a session, this machine's
address, a PIN that everybody knows. Credentials of one's own need no such question.
"""

from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
_PORTS = {"http": ":80", "https": ":443"}


def is_cross_site(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin sends this; following a link from there does not count.

    What a browser says itself decides (Sec-Fetch-Site, W3C Fetch Metadata), which no page can forge; from those that
    don't say it, Origin (RFC 6454) must be the Host asked. Programs send neither.
    """
    origin = headers.get("Origin")
    if method in SAFE and origin is None:
        return False
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OURS
    return origin is not None and not _is_host(origin, headers.get("Host", ""))


def _is_host(origin: str, host: str) -> bool:
    scheme, _, asked = origin.lower().partition("://")
    port = _PORTS.get(scheme)
    return port is not None and bool(host) and asked.removesuffix(port) == host.lower().removesuffix(port)
