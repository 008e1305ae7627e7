"""The right to begin one dial, which can be taken back until the phone rings."""

import threading
from collections.abc import Callable
from types import TracebackType


class NotPermitted(Exception):
    """The dial must not begin: its claim goes back into the queue."""


class Permit:
    """Entered by the carrier around the moment in which it begins to ring; raises NotPermitted instead of that.

    ``still_good`` is asked at the last moment: a process that stood still may have lost its lease, or the window
    of the call may be over.
    """

    def __init__(self, still_good: Callable[[], bool]) -> None:
        self._still_good = still_good
        self._lock = threading.Lock()
        self._recalled = False
        self.used = False

    def recall(self) -> bool:
        """Take the permit back; False when the dial has begun. If it is just beginning, wait until it has."""
        with self._lock:
            self._recalled = not self.used
            return self._recalled

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._recalled or self.used or not self._still_good():
            self._lock.release()
            raise NotPermitted("the right to dial it was taken back")
        self.used = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
