"""Waiting for something that other processes write, without a database connection in between."""

from collections.abc import Callable

from app import clock
from app.calls import db


def until(condition: Callable[[], bool], timeout: float, pause: float) -> bool:
    """Ask again and again, ``pause`` seconds apart; False after ``timeout`` seconds.

    A question that takes long is asked less often.
    """
    began = clock.elapsed()
    while True:
        asked_at = clock.elapsed()
        if condition():
            return True
        now = clock.elapsed()
        left = began + timeout - now
        if left <= 0:
            return False
        db.release()
        clock.pause(min(left, max(pause, now - asked_at)))
