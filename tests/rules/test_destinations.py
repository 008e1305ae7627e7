"""How many results may be posted to which destination at once."""

from scheduler.destinations import Destinations

THREADS = 64


def _known(*quick: str, slow: tuple[str, ...] = ()) -> Destinations:
    known = Destinations(THREADS)
    for destination in quick:
        for _ in range(5):
            known.ended(destination, quick=True)
    for destination in slow:
        known.ended(destination, quick=False)
    return known


def _started(known: Destinations, *wanting: str) -> dict[str, int]:
    """What runs when each of them in turn has started all that it may."""
    posting: dict[str, int] = {}
    for destination in wanting:
        while known.may_start(destination, posting):
            posting[destination] = posting.get(destination, 0) + 1
    return posting


def test_quick_answers_widen_up_to_a_quarter() -> None:
    """Two, four, eight, sixteen, and no more."""
    known, widths = Destinations(THREADS), []
    for _ in range(5):
        widths.append(known.width("a"))
        known.ended("a", quick=True)
    assert widths == [2, 4, 8, 16, 16]


def test_a_slow_post_leaves_one_until_it_is_quick_again() -> None:
    """One post at a time, then two, then four."""
    known = _known("a")
    known.ended("a", quick=False)
    assert known.width("a") == 1
    known.ended("a", quick=True)
    assert known.width("a") == 2


def test_however_many_destinations_stop_answering_some_threads_are_left() -> None:
    """Quick ones that hang all of a sudden: none takes more than are left, so a thread is there for the next."""
    quick = [f"quick-{number}" for number in range(6)]
    posting = _started(_known(*quick), *quick)
    assert list(posting.values()) == [16, 16, 16, 8, 4, 2]
    assert _started(_known(*quick), *quick, "another")["another"] == 1


def test_slow_ones_share_a_quarter_and_with_new_ones_a_half() -> None:
    """A hundred dead destinations leave a half of the threads, and a quarter for those that nobody knows yet."""
    slow = tuple(f"slow-{number}" for number in range(100))
    new = tuple(f"new-{number}" for number in range(100))
    known = _known("quick", slow=slow)
    assert sum(_started(known, *slow).values()) == 16
    posting = _started(known, *slow, *new, "quick")
    assert sum(posting.get(one, 0) for one in new) == 16
    assert posting["quick"] == 16


def test_letters_are_wanted_in_turn() -> None:
    """Who was served longest ago comes first; a quick one gets as many again as it may post at once."""
    known = _known("quick", slow=("slow",))
    assert list(known.wanted(["new", "quick", "slow"], {}).items()) == [("new", 2), ("quick", 32), ("slow", 1)]
    assert list(known.wanted(["slow", "other"], {})) == ["other", "slow"]


def test_letters_are_not_wanted_by_the_handful() -> None:
    """A transaction for each letter would cost more than its post."""
    known = _known("quick")
    assert known.wanted(["quick"], {"quick": 20}) == {}
    assert known.wanted(["quick"], {"quick": 16}) == {"quick": 16}


def test_no_more_letters_are_taken_than_can_be_posted_soon() -> None:
    """However many destinations wait, twice as many letters as there are threads."""
    quick = [f"quick-{number}" for number in range(100)]
    assert sum(_known(*quick).wanted(quick, {}).values()) == 2 * THREADS


def test_few_threads() -> None:
    """A single thread serves everybody, one at a time."""
    known = Destinations(1)
    assert known.wanted(["a", "b", "c"], {}) == {"a": 1, "b": 1}
    assert _started(known, "a", "b") == {"a": 1}
