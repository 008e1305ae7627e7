"""gunicorn's threaded worker with patience that ends: a client that drips can't hold a thread for ever.

gunicorn bounds the silence before a request and nothing after its first byte. Here reading a request and writing its
answer may each take ``GRACE`` seconds and one more for every ``LEAST_RATE`` bytes that really moved, a request that
stands still ``LONGEST_STANDSTILL`` at most, and a connection that has said nothing yet waits without a thread. While
more than half of the threads are taken, it is ``LITTLE_GRACE``.
"""

import errno
import selectors
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.clock import elapsed

GRACE = 10.0
LITTLE_GRACE = 2.0
LEAST_RATE = 32_768
LONGEST_STANDSTILL = 30.0
"""Seconds of patience that a client can have left, however much it sent before."""
AT_ONCE = 65_536
"""Bytes that are taken from a connection together: each of the threads holds so many."""
MOST_UNREAD = 64 * 1024 * 1024
"""Bytes of a refused request that are thrown away so that the client gets to read why."""


class TooSlow(ConnectionResetError):
    """The client took longer than we wait; gunicorn closes the connection as if the client had."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client is too slow")


class PatientSocket(socket.socket):
    """A client's connection whose reading and writing, of one request after the other, end in time."""

    _reading = _writing = 0.0

    def begin(self, grace: float) -> None:
        """A request begins: patience is fresh."""
        self._reading, self._writing = grace, GRACE

    def recv(self, size: int, flags: int = 0) -> bytes:
        began = elapsed()
        data = self._timed(self._reading, partial(super().recv, min(size, AT_ONCE), flags))
        self._reading = min(self._reading + len(data) / LEAST_RATE - (elapsed() - began), LONGEST_STANDSTILL)
        return bytes(data)

    def sendall(self, data: Any, flags: int = 0) -> None:
        began = elapsed()
        size = memoryview(data).nbytes
        self._writing += size / LEAST_RATE
        self._timed(self._writing, partial(super().sendall, data, flags))
        self._writing -= elapsed() - began

    def _timed(self, left: float, act: Any) -> Any:
        before = self.gettimeout()
        if before == 0.0:
            return act()
        if left <= 0:
            raise TooSlow
        self.settimeout(left if before is None else min(left, before))
        try:
            return act()
        except TimeoutError:
            raise TooSlow from None
        finally:
            self.settimeout(before)


class Worker(ThreadWorker):
    """The worker that ``ringback web`` runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._taken = 0
        self._counting = threading.Lock()

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread once it has something to say."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock = PatientSocket(fileno=conn.sock.detach())
        conn.sock.setblocking(False)
        conn.timeout = elapsed() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        """Handle one request."""
        self._count(1)
        grace = GRACE if self._taken <= self.cfg.threads / 2 else LITTLE_GRACE
        conn.sock.begin(grace)  # type: ignore[attr-defined] # a PatientSocket, by enqueue_req
        try:
            goes_on = super().handle(conn)
            if not goes_on:
                _discard_unread(conn)
            return goes_on
        finally:
            self._count(-1)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Whether the connection can have another request: only with nothing left unread of the one before.

        gunicorn reads little of a body that was refused before it closes a connection that it has said goes on.
        """
        if keepalive:
            _discard_unread(conn)
        return bool(super()._keepalive_after(conn, keepalive))  # type: ignore[misc] # missing in the types

    def _count(self, more: int) -> None:
        with self._counting:
            self._taken += more


def _discard_unread(conn: TConn) -> None:
    """Let the client read why it was refused: closed with something unread, the connection would lose the answer.

    Source: RFC 9112 section 9.6.
    """
    refused = conn.parser.mesg if isinstance(conn.parser, RequestParser) else None
    if refused is None or refused.body is None:
        return
    deadline, read = elapsed() + GRACE, 0
    with suppress(OSError, ParseException):  # it may be closed already, or be no HTTP
        while read < MOST_UNREAD and elapsed() < deadline and (piece := refused.body.read(AT_ONCE)):
            read += len(piece)
