"""Clients that drip, stall and never read: they are cut off in time, and others are served meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Live, running, until

from app.worker import LONGEST_STANDSTILL, PatientSocket, TooSlow

SLOW = 100
LONGEST = 20.0


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One web worker with the usual 32 threads."""
    folder: Path = tmp_path_factory.mktemp("slow")
    with running(folder, workers="1") as one:
        yield one


def _head(length: int) -> bytes:
    return (
        f"POST /queuecall.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()


def _drip(port: int, first: bytes, over: threading.Event, begun: list[float], ended: list[float]) -> None:
    """Send ``first`` and then a byte a second, until the server has had enough."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(1.0)
        connection.sendall(first)
        begun.append(began)
        while not over.is_set():
            try:
                if not connection.recv(4096):
                    break
                connection.settimeout(3.0)
            except TimeoutError:
                try:
                    connection.sendall(b"a")
                except OSError:
                    break
            except OSError:
                break
    ended.append(time.monotonic() - began)


def test_a_hundred_slow_clients(live: Live) -> None:
    """Against 32 threads, half in the head and half in the body: others are served, and none of the hundred stays."""
    over, begun, ended = threading.Event(), list[float](), list[float]()
    threads = [
        threading.Thread(target=_drip, args=(live.port, first, over, begun, ended))
        for first in (_head(100_000), b"GET / HT") * (SLOW // 2)
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(begun) == SLOW, 30, "all of them have said something")
        began = time.monotonic()
        assert "status=" in live.post("/queuecall.php", login="x", pin="y")
        honest = time.monotonic() - began
        until(lambda: len(ended) == SLOW, 60, "all of them are cut off")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    print(f"\nhonest request {honest:.1f} s, slow clients cut off after {min(ended):.1f} to {max(ended):.1f} s")
    assert honest < LONGEST
    assert max(ended) < 60


def _answer(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_dripping_body_is_told(live: Live) -> None:
    """In XML, like all that goes wrong with a form."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection:
        connection.sendall(_head(100) + b"login=x&pin=")
        answer = _answer(connection)
    assert b'<queuecall status="failed">' in answer
    assert b"came too slowly" in answer


def test_a_slow_upload_that_keeps_moving_arrives(live: Live) -> None:
    """A megabyte over 15 s is longer than the patience for a standstill."""
    body = b"login=x&pin=y&phone_number=" + b"1" * 1_000_000
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection:
        connection.sendall(_head(len(body)))
        for start in range(0, len(body), 16_384):
            connection.sendall(body[start : start + 16_384])
            time.sleep(15 * 16_384 / len(body))
        assert b"login or pin not accepted" in _answer(connection)


def test_a_client_that_does_not_read_is_left(live: Live) -> None:
    """Its answer does not hold a thread for ever."""
    ours, theirs = socket.socketpair()
    with theirs, PatientSocket(fileno=ours.detach()) as patient:
        patient.begin(0.2)
        patient._writing = 0.2
        began = time.monotonic()
        with pytest.raises(TooSlow):
            _send_for_ever(patient)
        assert time.monotonic() - began < 30


def test_what_was_sent_fast_is_no_leave_to_stand_still_for_long() -> None:
    """After 63 MiB in a moment a client would otherwise have half an hour."""
    ours, theirs = socket.socketpair()
    with theirs, PatientSocket(fileno=ours.detach()) as patient:
        patient.begin(10.0)
        for _ in range(64):
            theirs.sendall(bytes(65_536))
            received = 0
            while received < 65_536:
                received += len(patient.recv(1_048_576))
        assert 0 < patient._reading <= LONGEST_STANDSTILL


def test_no_more_than_64_kib_are_taken_at_once() -> None:
    """Each thread holds what it takes, however much is asked for."""
    ours, theirs = socket.socketpair()
    with theirs, PatientSocket(fileno=ours.detach()) as patient:
        patient.begin(10.0)
        theirs.setblocking(False)
        sent = theirs.send(bytes(1_000_000))
        assert sent > 65_536
        assert len(patient.recv(1_000_000)) <= 65_536


def _send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(bytes(65_536))
