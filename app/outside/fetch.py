"""One client for every outgoing request: requests' adapter over guarded connections, a deadline for all of it, a cap.

It follows redirects itself, keeps cookies only where it is given a place for them, and takes no proxies or passwords
from the environment. It knows nothing of calls: what an answer means is the caller's business.
"""

import functools
import logging
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from ipaddress import IPv4Address
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NotConnected
from requests.exceptions import RequestException, SSLError
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from app.clock import elapsed
from app.outside.addresses import Policy
from app.outside.answers import DEFAULT_LIMITS, Answer, Limits, NotFetched, Reason
from app.outside.codings import COMPRESSED, inflate
from app.outside.cookies import Cookies
from app.outside.sockets import Dialer, Exchange, Resolve, TimedSocket, TimedTLSSocket, system_resolve
from app.outside.urls import Target, follow, parse

MAX_REDIRECTS = 3
_FOLLOWED = {"GET": frozenset({301, 302, 303, 307, 308}), "POST": frozenset({301, 302, 307, 308})}
_KEPT_ORIGINS = 8  # per thread: enough for a campaign's start and result servers, few enough for the file descriptors
_FAILURES = (RequestException, HTTPError, HTTPException, OSError)
_LOCALHOST = IPv4Address("127.0.0.1")  # what that name stands for everywhere (RFC 6761 section 6.3)

# urllib3 writes whole URLs, parameters and all, into its debug lines and warnings.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Outside:
    """The client, safe to share between threads: each keeps its own connections and reuses them."""

    def __init__(
        self,
        policy: Policy,
        *,
        user_agent: str,
        resolve: Resolve = system_resolve,
        trust: str | None = None,
    ) -> None:
        """``resolve`` turns a name and port into addresses; ``trust`` is a PEM file of more authorities to accept."""
        self._policy = policy
        self._dialer = Dialer(policy, resolve)
        self._tls = _tls_context(trust)
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        self._own = threading.local()

    def may_call(self, url: str) -> bool:
        """Whether a URL may be called, as far as that shows without network: a name is judged when it is resolved."""
        try:
            target = parse(url)
        except NotFetched:
            return False
        ip = _LOCALHOST if f".{target.host}".rstrip(".").endswith(".localhost") else target.ip
        return ip is None or self._policy.permits(ip, target.port)

    @property
    def may_call_private(self) -> bool:
        """Whether clients' URLs may name private addresses: then what is there is no secret to clients."""
        return self._policy.network == "open"

    def get(
        self,
        url: str,
        limits: Limits = DEFAULT_LIMITS,
        headers: Mapping[str, str] | None = None,
        cookies: Cookies | None = None,
    ) -> Answer:
        """GET ``url``, following up to 3 redirects (301, 302, 303, 307, 308); raises NotFetched."""
        return self._fetch("GET", url, None, limits, headers or {}, cookies)

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        limits: Limits = DEFAULT_LIMITS,
        headers: Mapping[str, str] | None = None,
        cookies: Cookies | None = None,
    ) -> Answer:
        """POST ``body``, following up to 3 redirects with method and body kept; raises NotFetched.

        301 and 302 keep the method too (RFC 9110 §15.4 lets a client choose), so that a result still arrives when an
        old http address has moved to https; a 303 asks for a GET instead and is returned as it is. ``headers`` go along
        to wherever the redirects lead. A request that dies with a kept connection before a byte of answer is sent again
        once, as RFC 9112 §9.3.1 lets a client decide: the server may then, rarely, see it twice.
        """
        return self._fetch("POST", url, body, limits, {**(headers or {}), "Content-Type": content_type}, cookies)

    def _fetch(
        self,
        method: str,
        url: str,
        body: bytes | None,
        limits: Limits,
        headers: Mapping[str, str],
        cookies: Cookies | None,
    ) -> Answer:
        began = elapsed()
        door = self._door()
        door.exchange.start(limits)
        target = parse(url)
        for _ in range(1 + MAX_REDIRECTS):
            known = cookies.for_url(target.url) if cookies else {}
            response = door.request(method, target, body, {**self._headers, **headers, **known})
            if cookies:
                cookies.keep(target.url, response.raw.headers.getlist("Set-Cookie"))
            content, truncated = _read(response, limits.size, door.exchange)
            location = response.headers.get("Location")
            if response.status_code not in _FOLLOWED[method] or not location:
                seconds = elapsed() - began
                return Answer(response.status_code, target.url, response.headers, content, truncated, seconds)
            target = follow(target, location)
        raise NotFetched(Reason.REDIRECTS)

    def _door(self) -> "_Door":
        door: _Door | None = getattr(self._own, "door", None)
        if door is None:
            door = self._own.door = _Door(self._dialer, self._tls)
        return door


class _Door(HTTPAdapter):
    """A thread's adapter: its connections are guarded ones, to the very host and port that were parsed."""

    def __init__(self, dialer: Dialer, tls: ssl.SSLContext) -> None:
        self.exchange = Exchange()
        self._dialer = dialer
        self._tls = tls
        self._target: Target
        super().__init__(pool_connections=_KEPT_ORIGINS, pool_maxsize=1)

    def request(self, method: str, target: Target, body: bytes | None, headers: dict[str, str]) -> Response:
        """Send, and once more when a kept connection turns out to have been closed; raises NotFetched."""
        self._target = target
        prepared = _prepared(method, target, body, headers)
        self.exchange.start_request()
        try:
            try:
                return self.send(prepared, stream=True)
            except NotConnected:
                if self.exchange.fresh or self.exchange.heard or self.exchange.over:
                    raise
                return self.send(prepared, stream=True)
        except _FAILURES as error:
            raise _why(error, self.exchange) from error

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **kwargs)
        guard: dict[str, Any] = {"dialer": self._dialer, "exchange": self.exchange}
        self.poolmanager.pool_classes_by_scheme = {
            "http": functools.partial(_Pool, **guard),
            "https": functools.partial(_TLSPool, **guard),
        }

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        target = self._target
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(target.host, target.port, target.scheme)
        return pool

    def request_url(self, *_: Any) -> str:
        return self._target.path

    def cert_verify(self, *_: Any) -> None:
        """The TLS context verifies; requests' way would read the bundle again for every connection."""


class _Guarded(HTTPConnection):
    """A connection whose socket comes from the dialer and obeys its thread's exchange."""

    def __init__(self, *args: Any, dialer: Dialer, exchange: Exchange, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer
        self._exchange = exchange

    def _new_conn(self) -> TimedSocket:
        return self._dialer.open(self.host, self.port, self._exchange)

    def connect(self) -> None:
        super().connect()
        assert isinstance(self.sock, TimedSocket)  # noqa: S101 - for the type checker
        self.sock.exchange = self._exchange  # wrapping in TLS has made another socket


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


@functools.cache
def _tls_context(trust: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.load_default_certs()
    if trust:
        context.load_verify_locations(trust)
    context.sslsocket_class = TimedTLSSocket
    return context


def _prepared(method: str, target: Target, body: bytes | None, headers: dict[str, str]) -> PreparedRequest:
    """A request prepared by hand: requests' own way costs more than a whole exchange over loopback."""
    if body is not None:
        headers["Content-Length"] = str(len(body))
    prepared = PreparedRequest()
    prepared.method = method
    prepared.url = target.url
    prepared.headers = CaseInsensitiveDict(headers)
    prepared.body = body
    return prepared


def _read(response: Response, size: int, exchange: Exchange) -> tuple[bytes, bool]:
    """At most ``size`` bytes of body and whether there was more, in which case the connection is dropped."""
    raw = response.raw
    try:
        content = raw.read(size + 1, decode_content=False)
        truncated = len(content) > size
        if truncated:
            raw.close()
        else:
            raw.read(1, decode_content=False)  # the end: a body shorter than announced is only noticed here
    except _FAILURES as error:
        raw.close()
        raise _why(error, exchange) from error
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if content and coding in COMPRESSED:
        content = inflate(content, coding, size + 1)
        truncated = truncated or len(content) > size
    return content[:size], truncated


def _why(error: BaseException, exchange: Exchange) -> NotFetched:
    """The reason behind an error of requests, urllib3, http.client, ssl or the socket."""
    causes = list(_chain(error))
    if exchange.given_up:
        return NotFetched(Reason.GIVEN_UP)
    if exchange.over or any(isinstance(cause, TimeoutError) for cause in causes):
        return NotFetched(Reason.TIME)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotFetched(Reason.TLS, cause.verify_message)
    if any(isinstance(cause, ssl.SSLError | SSLError) for cause in causes):
        return NotFetched(Reason.TLS)
    return NotFetched(Reason.BROKEN, type(causes[-1]).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
