"""How many posts each destination may have at once, so that no slow one holds up another. Pure rules.

A destination begins with two threads. A quick answer doubles them, up to a quarter of all; a slow one, or none, leaves
it one until it is quick again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

SLOW_SECONDS = 1.0
"""A post that takes longer is slow."""
SLOW, NEW = 1, 2
MOST_REMEMBERED = 10_000


class Destinations:
    """What is known of destinations, for ``threads`` threads."""

    def __init__(self, threads: int) -> None:
        self.most = max(threads // 4, 1)
        self._threads = threads
        self._widths: dict[str, int] = {}
        self._served: dict[str, int] = {}
        self._turn = 0

    def width(self, destination: str) -> int:
        """How many posts it may have at once."""
        return min(self._widths.get(destination, NEW), self.most)

    def ended(self, destination: str, *, quick: bool) -> None:
        """A post has ended."""
        self._widths[destination] = min(2 * self.width(destination), self.most) if quick else SLOW
        if len(self._widths) > MOST_REMEMBERED:
            del self._widths[next(iter(self._widths))]

    def may_start(self, destination: str, posting: Mapping[str, int]) -> bool:
        """Whether one more post may begin beside those that run, counted by destination.

        None may have more than are left for the others. All slow ones together may have a quarter of the threads, and
        with those that nobody knows yet a half.
        """
        width, own = self.width(destination), posting.get(destination, 0)
        if own >= min(width, self._threads - sum(posting.values())):
            return False
        return self._room(width, posting) > 0

    def wanted(self, waiting: Sequence[str], held: Mapping[str, int]) -> dict[str, int]:
        """How many letters to take from each of those that wait, in turn: who was served longest ago comes first.

        ``held`` counts the letters that were taken and are not done. A quick destination gets as many again as it may
        post at once, so that its threads never wait for a transaction, but not a handful at a time.
        """
        held = Counter(held)
        wanted = {}
        for destination in sorted(waiting, key=lambda one: self._served.get(one, 0)):
            width = self.width(destination)
            ahead = 2 * width if width > NEW else width
            room = ahead - held[destination]
            if room < ahead // 2 or room < 1:
                continue
            count = min(room, self._room(width, held), 2 * self._threads - held.total())
            if count > 0:
                wanted[destination] = count
                held[destination] += count
                self._serve(destination)
        return wanted

    def _room(self, width: int, counts: Mapping[str, int]) -> int:
        """How many more of the share of destinations that are as slow as this one is left."""
        if width > NEW or self.most <= NEW:
            return 2 * self._threads
        widths = [(self.width(other), count) for other, count in counts.items()]
        room = self._threads // 2 - sum(count for other, count in widths if other <= NEW)
        if width == SLOW:
            room = min(room, self.most - sum(count for other, count in widths if other == SLOW))
        return room

    def _serve(self, destination: str) -> None:
        self._turn += 1
        self._served.pop(destination, None)
        self._served[destination] = self._turn
        if len(self._served) > MOST_REMEMBERED:
            del self._served[next(iter(self._served))]
