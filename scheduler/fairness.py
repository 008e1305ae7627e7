"""Who goes next when there are fewer lines than calls: equal shares between queues, first due first inside one.

A queue that has its share of the lines gets another one only when no queue that has not wants it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from app.calls.due_calls import Waiting

Queue = TypeVar("Queue", bound=int)


def turns(queues: Iterable[Queue], served: Mapping[Queue, int], running: Mapping[Queue, int], most: int) -> list[Queue]:
    """The queues in the order of their turns: who was served longest ago goes first, who never was before all.

    Those with ``most`` lines or more go last. ``served`` tells when each was served last, as a count that grows with
    every call, ``running`` how many lines each has. ``queues`` stand in the order that decides between those who never
    were served.
    """
    return sorted(queues, key=lambda queue: (running.get(queue, 0) >= most, served.get(queue, 0)))


def share(
    queues: Mapping[Queue, Sequence[Waiting]], lines: int, running: Mapping[Queue, int], most: int
) -> list[tuple[int, Queue]]:
    """The calls to dial on ``lines`` free lines, in order, as (call_id, queue): one from each queue in turn.

    ``queues`` stand in the order of their turns, the calls of each first due first. None gets more than ``most`` lines
    with those that it has, ``running``, until all others have what they want or as many. Two calls to one number are
    never chosen: the later one waits until the number is free.
    """
    chosen: list[tuple[int, Queue]] = []
    called: set[str] = set()
    left = {queue: iter(waiting) for queue, waiting in queues.items()}
    has = Counter({queue: running.get(queue, 0) for queue in queues})
    for limit in (most, math.inf):
        while len(chosen) < lines and (takers := [queue for queue in left if has[queue] < limit]):
            for queue in takers:
                call = next((call for call in left[queue] if call.number not in called), None)
                if call is None:
                    del left[queue]
                elif len(chosen) < lines:
                    called.add(call.number)
                    chosen.append((call.call_id, queue))
                    has[queue] += 1
    return chosen
