"""The one reading of a URL: what is checked here is, piece by piece, what is connected to and sent. No network."""

import ipaddress
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import idna

from app.outside.addresses import IP
from app.outside.answers import NotFetched, Reason

DEFAULT_PORTS = {"http": 80, "https": 443}

# Anything here is read differently by different parsers, which is what a smuggled host lives on.
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufffe\uffff\ud800-\udfff\\]|%00")
_SHAPE = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]@:%]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_NAME = re.compile(r"(?=.{1,253}\.?\Z)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_NUMERIC = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
_UNRESERVED_AND_MORE = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class Target:
    """An http or https URL in the pieces the connection uses.

    ``host`` is an ASCII name or an address without brackets, and ``ip`` that address; ``path`` is the request target
    with its query, ``url`` the whole, normalised and without a fragment.
    """

    scheme: str
    host: str
    port: int
    path: str
    ip: IP | None
    url: str

    @property
    def place(self) -> str:
        """The URL without its query, for logs: parameters may be anybody's personal data."""
        return self.url.partition("?")[0]

    @property
    def origin(self) -> str:
        """Scheme, host and port, the port where it is not the scheme's own (RFC 6454 §6.2)."""
        return self.url.removesuffix(self.path)


def parse(url: str) -> Target:
    """Read an absolute URL (RFC 3986 §3, RFC 9110 §4.2); host names become IDNA 2008 A-labels (RFC 5891).

    Stricter than the RFC: no user info, spaces, backslashes, control characters, %00 or port 0, and an IPv4 address is
    four decimal numbers and nothing else. Raises NotFetched with ``Reason.URL``.
    """
    shape = None if _ODD.search(url) else _SHAPE.fullmatch(url)
    if shape is None:
        raise NotFetched(Reason.URL, "not an http or https URL, or a character that has no place in one")
    scheme = shape[1].lower()
    authority = _AUTHORITY.fullmatch(shape[2])
    if authority is None:
        raise NotFetched(Reason.URL, "host, port or user info")
    host, ip = _host(authority[1])
    port = _port(authority[2], DEFAULT_PORTS[scheme])
    path = quote((shape[3] or "/") + (shape[4] or ""), safe=_UNRESERVED_AND_MORE)
    origin = f"{scheme}://" + (f"[{host}]" if ":" in host else host)
    if port != DEFAULT_PORTS[scheme]:
        origin += f":{port}"
    return Target(scheme, host, port, path, ip, origin + path)


def follow(base: Target, location: str) -> Target:
    """The target of a redirect (RFC 9110 §10.2.2), read as strictly as any other URL."""
    with suppress(UnicodeError):
        location = location.encode(
            "latin-1"
        ).decode()  # http.client reads Latin-1; servers that send raw bytes mean UTF-8
    if _ODD.search(location):
        raise NotFetched(Reason.URL, "redirected to an odd URL")
    try:
        return parse(urljoin(base.url, location))
    except ValueError:
        raise NotFetched(Reason.URL, "redirected to an odd URL") from None


def _host(text: str) -> tuple[str, IP | None]:
    if text.startswith("["):
        return _literal(ipaddress.IPv6Address, text[1:-1])
    name = text.lower() if text.isascii() else _a_labels(text)
    if _NUMERIC.fullmatch(name):
        # inet_aton reads 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1; the URL Standard calls all of them IPv4.
        return _literal(ipaddress.IPv4Address, name)
    if not _NAME.fullmatch(name):
        raise NotFetched(Reason.URL, "host name")
    return name, None


def _literal(kind: type[IP], text: str) -> tuple[str, IP]:
    try:
        ip = kind(text)
    except ValueError:
        raise NotFetched(Reason.URL, "address") from None
    return str(ip), ip


def _a_labels(name: str) -> str:
    try:
        # strict: the ideographic and fullwidth full stops are not dots here.
        return idna.encode(unicodedata.normalize("NFC", name.lower()), strict=True).decode("ascii")
    except idna.IDNAError:
        raise NotFetched(Reason.URL, "host name") from None


def _port(text: str | None, default: int) -> int:
    port = int(text) if text else default
    if not 0 < port < 65536:
        raise NotFetched(Reason.URL, "port")
    return port
