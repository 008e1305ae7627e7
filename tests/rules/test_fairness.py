"""Whose turn it is: equal shares between queues, first due first inside one, never two calls to one number."""

import pytest

from app.calls.due_calls import Waiting
from scheduler import fairness


def _calls(*numbers: str, first: int = 1) -> list[Waiting]:
    return [Waiting(float(place), place, number) for place, number in enumerate(numbers, first)]


@pytest.mark.parametrize(
    ("served", "order"),
    [
        pytest.param({}, [3, 1, 2], id="nobody was served: as they stand"),
        pytest.param({3: 5, 1: 4, 2: 6}, [1, 3, 2], id="who was served longest ago goes first"),
        pytest.param({3: 5, 1: 4}, [2, 1, 3], id="who never was goes before all"),
    ],
)
def test_turns_go_by_who_was_served_longest_ago(served: dict[int, int], order: list[int]) -> None:
    assert fairness.turns([3, 1, 2], served, {}, 9) == order


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        pytest.param(0, [], id="no line"),
        pytest.param(1, [1], id="one line: the first queue"),
        pytest.param(4, [1, 11, 2, 12], id="one from each in turn"),
        pytest.param(9, [1, 11, 2, 12, 3], id="a queue that is used up leaves its turns to the others"),
    ],
)
def test_lines_go_round(lines: int, chosen: list[int]) -> None:
    """Queue 1 has three calls, queue 2 has two."""
    queues = {1: _calls("a", "b", "c"), 2: _calls("x", "y", first=11)}
    assert [call_id for call_id, _ in fairness.share(queues, lines, {}, 9)] == chosen


@pytest.mark.parametrize(
    ("running", "lines", "chosen"),
    [
        pytest.param({1: 2}, 1, [11], id="who has its share goes after who has not"),
        pytest.param({1: 1}, 3, [1, 11, 12], id="up to its share it takes part in the turns"),
        pytest.param({1: 2}, 3, [11, 12, 1], id="when nobody below its share wants a line, it gets one"),
        pytest.param({1: 5, 2: 2}, 2, [1, 11], id="when all have their share, lines do not stay free"),
    ],
)
def test_a_queue_with_its_share_waits_for_the_others(running: dict[int, int], lines: int, chosen: list[int]) -> None:
    """Two lines are a share."""
    queues = {1: _calls("a", "b", "c"), 2: _calls("x", "y", first=11)}
    turns = fairness.turns(queues, {}, running, 2)
    found = fairness.share({queue: queues[queue] for queue in turns}, lines, running, 2)
    assert [call_id for call_id, _ in found] == chosen


def test_a_number_that_two_queues_want_is_called_once() -> None:
    """The second queue's turn goes to its next call."""
    queues = {1: _calls("a", "a", "b"), 2: _calls("a", "x", first=11)}
    assert fairness.share(queues, 9, {}, 9) == [(1, 1), (12, 2), (3, 1)]


def test_a_small_queue_beside_a_huge_one_is_done_within_twice_its_calls() -> None:
    """One line at a time, 10,000 calls beside 100: the last of the 100 is dialled within the first 200."""
    queues = {1: _calls(*map(str, range(10_000))), 2: _calls(*map(str, range(20_000, 20_100)), first=20_000)}
    served: dict[int, int] = {}
    order = []
    while queues[2]:
        turns = fairness.turns([queue for queue in queues if queues[queue]], served, {}, 1)
        ((call_id, queue),) = fairness.share({queue: queues[queue] for queue in turns}, 1, {}, 1)
        queues[queue].pop(0)
        order.append(call_id)
        served[queue] = len(order)
    assert len(order) <= 200
