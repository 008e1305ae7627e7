"""Threads with the names of the stack's."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PR_SET_NAME = 15


@contextmanager
def named(name: str) -> Iterator[int]:
    """The id of a thread of that name."""
    ready, over = threading.Event(), threading.Event()

    def live() -> None:
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())
        ready.set()
        over.wait()

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait()
    assert thread.native_id is not None
    yield thread.native_id
    over.set()
    thread.join()
