"""The right to begin one dial, and taking it back."""

import threading
import time

import pytest

from scheduler.permit import NotPermitted, Permit


def test_a_permit_is_good_once() -> None:
    """Two dials on one claim would call somebody twice."""
    permit = Permit(lambda: True)
    with permit:
        pass
    with pytest.raises(NotPermitted), permit:
        pytest.fail("it dialled again")
    assert not permit.recall()


def test_a_recalled_permit_is_no_good() -> None:
    permit = Permit(lambda: True)
    assert permit.recall()
    with pytest.raises(NotPermitted), permit:
        pytest.fail("it dialled")


def test_a_permit_whose_lease_is_over_is_no_good() -> None:
    with pytest.raises(NotPermitted), Permit(lambda: False):
        pytest.fail("it dialled")


def test_a_recall_waits_for_a_dial_that_is_just_beginning() -> None:
    """Whoever is told that nothing is dialled any more must not see a phone ring afterwards."""
    permit, inside = Permit(lambda: True), threading.Event()
    rung = []

    def dial() -> None:
        with permit:
            inside.set()
            time.sleep(0.1)
            rung.append(True)

    thread = threading.Thread(target=dial)
    thread.start()
    inside.wait(5)
    assert permit.recall() is False
    assert rung == [True]
    thread.join()
