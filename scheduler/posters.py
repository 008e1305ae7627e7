"""The threads that post letters: each goes to where it went before, over the connection it has kept, if it is needed.

They are made as they are needed, and write nothing down.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue

from app import clock
from app.calls.outbox import Letter
from scheduler.destinations import SLOW_SECONDS, Destinations

Post = Callable[[Letter], bool]
"""Posts a letter; whether an answer came. It raises nothing."""


class _Poster:
    """A thread's inbox, and where it went last."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[Letter | None] = SimpleQueue()
        self.destination = ""


class Posters:
    """``threads`` threads at most. ``ring`` is called by them whenever one has posted a letter."""

    def __init__(self, threads: int, post: Post, ring: Callable[[], None]) -> None:
        self._threads = threads
        self._post = post
        self._ring = ring
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._destinations = Destinations(threads)
        self._queued: dict[str, deque[Letter]] = {}
        self._posting: Counter[str] = Counter()
        self._idle: list[_Poster] = []
        self._count = 0

    def wanted(self, waiting: Sequence[str]) -> dict[str, int]:
        """How many letters for each of the destinations that wait they can do with, in turn."""
        with self._lock:
            return self._destinations.wanted(waiting, self._held())

    def put(self, letters: Iterable[Letter]) -> None:
        """Post these, each as soon as its destination may have one more. Raises RuntimeError without a thread to do it.

        The letters are kept then, and posted after the next ``put``.
        """
        with self._lock:
            for letter in letters:
                self._queued.setdefault(letter.destination, deque()).append(letter)
            self._begin()

    def surplus(self) -> list[Letter]:
        """Take back the letters whose destination has become too slow for them."""
        surplus = []
        with self._lock:
            for destination, queued in list(self._queued.items()):
                most = 2 * self._destinations.width(destination)
                while queued and len(queued) + self._posting[destination] > most:
                    surplus.append(queued.pop())
                if not queued:
                    del self._queued[destination]
        return surplus

    def take_back(self) -> list[Letter]:
        """Take back all letters whose posts have not begun."""
        with self._lock:
            letters = [letter for queued in self._queued.values() for letter in queued]
            self._queued.clear()
            return letters

    def close(self, grace: float) -> None:
        """Let the posts that run end within ``grace`` seconds; who is still at it then ends with its post."""
        with self._lock:
            self._queued.clear()
            self._ended.wait_for(lambda: not self._posting.total(), grace)
            for poster in self._idle:
                poster.inbox.put(None)
            self._idle.clear()
            self._threads = 0

    def _held(self) -> Counter[str]:
        return Counter({one: len(queued) for one, queued in self._queued.items()}) + self._posting

    def _begin(self) -> None:
        while (destination := self._next("")) is not None:
            self._take(destination, self._poster(destination))

    def _take(self, destination: str, poster: _Poster) -> None:
        queued = self._queued[destination]
        letter = queued.popleft()
        if not queued:
            del self._queued[destination]
        self._posting[destination] += 1
        poster.destination = destination
        poster.inbox.put(letter)

    def _next(self, last: str) -> str | None:
        """The destination that is served next: of those with the fewest posts running the one that went before."""
        startable = [one for one in self._queued if self._destinations.may_start(one, self._posting)]
        return min(startable, key=lambda one: (self._posting[one], one != last), default=None)

    def _poster(self, destination: str) -> _Poster:
        """One that has been there before, or else a new one while there may be more, or else the longest idle."""
        for place, poster in enumerate(self._idle):
            if poster.destination == destination:
                return self._idle.pop(place)
        if self._count < self._threads:
            poster = _Poster()
            thread = threading.Thread(target=self._work, args=(poster,), name="result", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the machine has no thread left
                if not self._idle:
                    raise
            else:
                self._count += 1
                return poster
        return self._idle.pop(0)

    def _work(self, poster: _Poster) -> None:
        """What a thread does until it is told to end."""
        while (letter := poster.inbox.get()) is not None:
            began = clock.elapsed()
            answered = self._post(letter)
            quick = answered and clock.elapsed() - began <= SLOW_SECONDS
            with self._lock:
                self._end(letter.destination, quick=quick)
                closed = self._threads == 0
                if not closed:
                    self._go_on(poster)
            self._ring()
            if closed:
                return

    def _go_on(self, poster: _Poster) -> None:
        destination = self._next(poster.destination)
        if destination is None:
            self._idle.append(poster)
        else:
            self._take(destination, poster)
            with suppress(RuntimeError):  # without a thread to do it, the next letters will begin them
                self._begin()  # a quick answer lets more of them begin

    def _end(self, destination: str, *, quick: bool) -> None:
        self._destinations.ended(destination, quick=quick)
        self._posting[destination] -= 1
        if not self._posting[destination]:
            del self._posting[destination]
        self._ended.notify_all()
