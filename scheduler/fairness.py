"""Who goes next when there are fewer lines than calls: equal shares between queues, first due first inside one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from app.calls.claims import Waiting

Queue = TypeVar("Queue", bound=int)


def turns(queues: Iterable[Queue], served: Mapping[Queue, int]) -> list[Queue]:
    """The queues in the order of their turns: who was served longest ago goes first, who never was before all.

    ``served`` tells when each was served last, as a count that grows with every call. ``queues`` stand in the order
    that decides between those who never were.
    """
    return sorted(queues, key=lambda queue: served.get(queue, 0))


def share(queues: Mapping[Queue, Sequence[Waiting]], lines: int) -> list[tuple[int, Queue]]:
    """The calls to dial on ``lines`` free lines, in order, as (call_id, queue): one from each queue in turn.

    ``queues`` stand in the order of their turns, the calls of each first due first. Two calls to one number are never
    among them: the later one waits until the number is free.
    """
    chosen: list[tuple[int, Queue]] = []
    called: set[str] = set()
    rows = [(queue, iter(waiting)) for queue, waiting in queues.items()]
    while rows and len(chosen) < lines:
        left = []
        for queue, waiting in rows:
            call = next((call for call in waiting if call.number not in called), None)
            if call is not None and len(chosen) < lines:
                called.add(call.number)
                chosen.append((call.call_id, queue))
                left.append((queue, waiting))
        rows = left
    return chosen
