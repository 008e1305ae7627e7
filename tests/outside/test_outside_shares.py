"""An account's share of the places that wait on its servers."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.errors import Crowded
from app.outside.shares import Shares

PATIENCE = 0.3


@contextmanager
def _taken(shares: Shares, account: int, count: int) -> Iterator[threading.Event]:
    """So many places of an account are taken until the event is set."""
    leave = threading.Event()
    inside = threading.Barrier(count + 1)

    def stay() -> None:
        with shares.place(account):
            inside.wait()
            leave.wait()

    with ThreadPoolExecutor(count) as pool:
        for _ in range(count):
            pool.submit(stay)
        inside.wait()
        try:
            yield leave
        finally:
            leave.set()


def _refused_after(shares: Shares, account: int) -> float:
    began = time.monotonic()
    with pytest.raises(Crowded), shares.place(account):
        pass
    return time.monotonic() - began


def test_who_gets_no_place_is_refused_and_later_ones_at_once() -> None:
    """The first waits as long as there is hope; then nobody does until a place comes free."""
    shares = Shares(2, PATIENCE)
    with _taken(shares, 1, 2) as leave:
        assert PATIENCE * 0.9 < _refused_after(shares, 1) < PATIENCE + 1
        assert _refused_after(shares, 1) < PATIENCE / 2
        leave.set()
    with shares.place(1):
        pass


def test_other_accounts_have_their_own() -> None:
    """One is full, another is not."""
    shares = Shares(2, PATIENCE)
    with _taken(shares, 1, 2), shares.place(2):
        pass


def test_quick_ones_wait_for_each_other() -> None:
    """Far more than there are places, each done in a moment: all get one, though the last waits beyond the patience."""
    shares, most, together, lock = Shares(2, PATIENCE), 0, 0, threading.Lock()

    def pass_through(_: int) -> None:
        nonlocal most, together
        with shares.place(1):
            with lock:
                together += 1
                most = max(most, together)
            time.sleep(0.02)
            with lock:
                together -= 1

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(pass_through, range(60)))
    assert most == 2


def test_nothing_is_remembered_of_accounts_that_wait_for_nothing() -> None:
    """However many accounts there are."""
    shares = Shares(1, 0)
    for account in range(100):
        with shares.place(account):
            pass
    with shares.place(0):
        _refused_after(shares, 0)
    assert not shares._shares
