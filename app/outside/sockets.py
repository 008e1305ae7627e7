"""Connections that end on time and only go where the policy lets them; it speaks TCP and TLS, not HTTP.

A socket's own timeout starts again at every read, so a server that drips one byte a second is never late. These sockets
ask their thread's ``Exchange`` before every operation how much of the whole fetch is left.
"""

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

from app.clock import elapsed
from app.outside.addresses import IP, Policy
from app.outside.answers import Limits, NotFetched, Reason

Resolve = Callable[[str, int], Sequence[str]]

_LOOK_SECONDS = 0.25
_MOST_LOOKUPS = 512
_MOST_OF_ONE_ZONE = 32
_MOST_ADDRESSES = 4


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of ``host`` in the system's order of preference; raises OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Exchange:
    """The fetch a thread is busy with, as its sockets see it: until when, and how far it has come.

    ``fresh``: the request went out on a connection opened for it. ``heard``: a byte of an answer has arrived.
    ``given_up``: it ended because nobody waits for the answer any more.
    """

    __slots__ = ("_connect", "_deadline", "_given_up", "fresh", "given_up", "heard")

    def __init__(self) -> None:
        self._connect = self._deadline = 0.0
        self._given_up: Callable[[], bool] = lambda: False
        self.fresh = self.heard = self.given_up = False

    def start(self, limits: Limits) -> None:
        """Begin a fetch: its redirects share one deadline."""
        self._connect = limits.connect
        self._deadline = elapsed() + limits.total
        self._given_up = limits.given_up
        self.given_up = False

    def start_request(self) -> None:
        """Begin one request of the fetch."""
        self.fresh = self.heard = False

    @property
    def over(self) -> bool:
        """Whether the deadline has passed, or nobody waits for the answer any more."""
        return self.given_up or elapsed() >= self._deadline

    def left(self) -> float:
        """Seconds until the deadline; raises TimeoutError when there are none."""
        seconds = self._deadline - elapsed()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def wait(self) -> float:
        """Seconds until the deadline or the next look at whether anybody waits; raises TimeoutError at the end."""
        self.given_up = self.given_up or self._given_up()
        if self.given_up:
            raise TimeoutError
        return min(self.left(), _LOOK_SECONDS)

    def connect_deadline(self) -> float:
        """When, on the monotonic clock, a connection begun now must be ready."""
        return min(self._deadline, elapsed() + self._connect)


class TimedSocket(socket.socket):
    """A TCP socket that obeys an Exchange."""

    exchange: Exchange

    def recv_into(self, *args: Any) -> int:
        while True:
            self.settimeout(self.exchange.wait())
            try:
                count = super().recv_into(*args)
            except TimeoutError:
                continue  # the exchange says when it is over
            self.exchange.heard |= count > 0
            return count

    def sendall(self, *args: Any) -> None:
        self.settimeout(self.exchange.left())  # good for all of the data: socket.sendall counts its time as a whole
        super().sendall(*args)


class TimedTLSSocket(TimedSocket, ssl.SSLSocket):
    """A TLS socket that obeys an Exchange, for ``SSLContext.sslsocket_class``."""

    def send(self, *args: Any) -> int:
        self.settimeout(self.exchange.left())  # ssl's sendall is a loop over send
        return super().send(*args)


class Lookups:
    """Name lookups that their caller can give up.

    getaddrinfo can't be interrupted: a dead name server holds a thread for half a minute after its caller has gone.
    So everybody who asks for a name shares one lookup of it, and the names of one zone have so many threads at most:
    whoever hangs then, it is nobody else. Threads are made as they are needed.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._pool = ThreadPoolExecutor(_MOST_LOOKUPS, thread_name_prefix="lookup")
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[Sequence[str]]] = {}
        self._zones: Counter[str] = Counter()

    def addresses(self, host: str, port: int, seconds: float) -> Sequence[str]:
        """What ``resolve`` says; raises TimeoutError and what it raises."""
        name, zone = (host, port), _zone(host)
        with self._lock:
            lookup = self._running.get(name)
            if lookup is None:
                if self._zones[zone] >= _MOST_OF_ONE_ZONE:
                    raise TimeoutError
                lookup = self._running[name] = self._pool.submit(self._look_up, host, port)
                self._zones[zone] += 1
        return lookup.result(max(seconds, 0))

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        zone = _zone(host)
        try:
            return self._resolve(host, port)
        finally:
            with self._lock:
                del self._running[host, port]
                self._zones[zone] -= 1
                if not self._zones[zone]:
                    del self._zones[zone]


def _zone(host: str) -> str:
    """The end of a name that one owner is likely to have: two labels, or three of names such as shop.co.uk."""
    labels = host.rstrip(".").split(".")
    is_public = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if is_public else -2 :])


class Dialer:
    """Opens TCP connections to permitted addresses only."""

    def __init__(self, policy: Policy, resolve: Resolve) -> None:
        self._policy = policy
        self._lookups = Lookups(resolve)

    def open(self, host: str, port: int, exchange: Exchange) -> TimedSocket:
        """A connected socket, its timeout set to what is left for the TLS handshake; raises NotFetched.

        The name is resolved once and the connection made to the addresses that were checked, so that a name server that
        changes its mind (DNS rebinding) gains nothing. Each address gets an equal share of the time left.
        """
        exchange.fresh = True
        deadline = exchange.connect_deadline()
        addresses = [ip for ip in self._lookup(host, port, deadline) if self._policy.permits(ip, port)]
        if not addresses:
            raise NotFetched(Reason.ADDRESS)
        tried = addresses[:_MOST_ADDRESSES]
        for place, ip in enumerate(tried):
            connected = self._connect(ip, port, (deadline - elapsed()) / (len(tried) - place))
            if connected is not None:
                connected.exchange = exchange
                connected.settimeout(max(deadline - elapsed(), 0.001))
                return connected
        raise NotFetched(Reason.TIME if elapsed() >= deadline else Reason.CONNECTION)

    def _lookup(self, host: str, port: int, deadline: float) -> list[IP]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass  # a name: urls.parse lets no other spelling of an address through
        try:
            return [ip_address(text) for text in self._lookups.addresses(host, port, deadline - elapsed())]
        except TimeoutError:
            raise NotFetched(Reason.TIME, "name lookup") from None
        except (OSError, ValueError):
            raise NotFetched(Reason.NAME) from None

    def _connect(self, ip: IP, port: int, seconds: float) -> TimedSocket | None:
        if seconds <= 0:
            return None
        connection = TimedSocket(socket.AF_INET if ip.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            connection.connect((str(ip), port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._check(connection)
        except OSError:
            connection.close()
            return None
        except NotFetched:
            connection.close()
            raise
        return connection

    def _check(self, connection: TimedSocket) -> None:
        """Judge the connection that was really made, before a byte goes over it."""
        peer, local = connection.getpeername(), connection.getsockname()
        permitted = self._policy.permits(ip_address(peer[0]), peer[1], local=ip_address(local[0]))
        if not permitted:
            raise NotFetched(Reason.ADDRESS)
        if peer == local:
            # On loopback a connection to a port nobody listens on can be given that port as its own and meet itself.
            raise ConnectionRefusedError
