"""Answers that many ask for and that cost something: each is worked out at most once a second, whoever asks."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app import clock

KEEP_SECONDS = 1.0
LARGEST_SHARE = 1 / 20
"""How much of the time may go into working one out, however often somebody asks and however much there is to do."""
MOST = 1_000
"""So many are kept."""

V = TypeVar("V")


@dataclass(slots=True)
class _Answer:
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    good_until: float = float("-inf")


class Recent:
    """The answers of one process, by key; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Answer] = {}

    def get(self, key: Hashable, work_out: Callable[[], V]) -> V:
        """What ``work_out`` returned a moment ago, or returns now; whoever asks meanwhile waits for it.

        What it raises goes to the one who asked, and the next one has it tried again.
        """
        with self._lock:
            answer = self._answers.pop(key, None) or _Answer()
            self._answers[key] = answer  # the last to go
            while len(self._answers) > MOST:
                del self._answers[next(iter(self._answers))]
        with answer.lock:
            began = clock.elapsed()
            if began >= answer.good_until:
                answer.value = work_out()
                ended = clock.elapsed()
                answer.good_until = ended + max(KEEP_SECONDS, (ended - began) / LARGEST_SHARE)
            found: V = answer.value
            return found
