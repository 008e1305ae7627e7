"""Who goes next when there are fewer lines than calls: equal shares between queues, first due first inside one."""

from collections.abc import Mapping, Sequence


def share(queues: Mapping[int, Sequence[tuple[float, int]]], lines: int) -> list[int]:
    """The call_ids to dial on ``lines`` free lines, in order: one from each queue in turn.

    ``queues`` holds (due time, call_id) pairs, first due first. The queue whose first call has waited longest
    begins each round.
    """
    turns = sorted((waiting for waiting in queues.values() if waiting), key=lambda waiting: waiting[0])
    rounds = max(map(len, turns), default=0)
    order = [waiting[place][1] for place in range(rounds) for waiting in turns if place < len(waiting)]
    return order[:lines]
