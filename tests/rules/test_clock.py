"""Time that is stepped: who waits on it sleeps until it gets there."""

import threading
from datetime import UTC, datetime, timedelta

from live import until

from app.clock import SteppedClock

START = datetime(2016, 9, 28, tzinfo=UTC)


def _waiter(clock: SteppedClock, seconds: float, woken: list[tuple[float, bool]]) -> threading.Thread:
    thread = threading.Thread(target=lambda: woken.append((seconds, clock.wait(seconds))))
    thread.start()
    return thread


def test_those_who_wait_wake_at_their_moment() -> None:
    """Three wait; time goes on in steps; each wakes at its own and not before."""
    begun: list[int] = []
    clock = SteppedClock(START, lambda: begun.append(1))
    woken: list[tuple[float, bool]] = []
    threads = [_waiter(clock, seconds, woken) for seconds in (30, 10, 20)]
    until(lambda: clock.sleeping() == 3, 5, "all sleep")
    assert clock.next_wake() == START + timedelta(seconds=10)
    clock.step(START + timedelta(seconds=9.999))
    assert clock.sleeping() == 3
    for seconds in (10, 20, 30):
        clock.step(START + timedelta(seconds=seconds))
        assert clock.sleeping() == 3 - seconds // 10
    for thread in threads:
        thread.join(5)
    assert sorted(woken) == [(10, True), (20, True), (30, True)]
    assert len(begun) == 3


def test_an_interrupt_ends_all_waits_for_good() -> None:
    """Who sleeps is told that it did not get there, and so is who comes later."""
    clock = SteppedClock(START)
    woken: list[tuple[float, bool]] = []
    thread = _waiter(clock, 1, woken)
    until(lambda: clock.sleeping() == 1, 5, "it sleeps")
    clock.interrupt()
    thread.join(5)
    assert woken == [(1, False)]
    assert clock.wait(1) is False
    assert clock.now() == START


def test_no_time_takes_no_step() -> None:
    """Waiting for nothing does not wait."""
    assert SteppedClock(START).wait(0) is True


def test_time_never_runs_backwards() -> None:
    clock = SteppedClock(START)
    clock.step(START - timedelta(days=1))
    assert clock.now() == START
