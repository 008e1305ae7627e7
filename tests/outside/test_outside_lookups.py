"""Name servers that never answer hold up those alone who ask them."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from live import until

from app.outside import sockets
from app.outside.sockets import Lookups


class Resolver:
    """Names under evil.example hang, others are 192.0.2.1."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = threading.Event()

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host.endswith(("evil.example", "evil.co.uk")):
            self.answer.wait(20)
        return ["192.0.2.1"]


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    resolver = Resolver()
    yield resolver
    resolver.answer.set()


def _give_up(lookups: Lookups, names: Sequence[str]) -> None:
    def ask(name: str) -> None:
        with pytest.raises(TimeoutError):
            lookups.addresses(name, 80, 0.05)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(ask, names))


@pytest.mark.parametrize(("evil", "good"), [("evil.example", "good.example"), ("evil.co.uk", "good.co.uk")])
def test_a_zone_that_hangs_leaves_room_for_others(resolver: Resolver, evil: str, good: str) -> None:
    """A thousand names, each made up anew: their zone holds its share of threads, and others are looked up at once."""
    lookups = Lookups(resolver)
    _give_up(lookups, [f"{number}.{number}.{evil}" for number in range(1_000)])
    assert len(resolver.asked) == sockets._MOST_OF_ONE_ZONE
    assert lookups.addresses(good, 80, 5) == ["192.0.2.1"]


def test_a_name_is_looked_up_once_for_all_who_ask_meanwhile(resolver: Resolver) -> None:
    """And anew afterwards."""
    lookups = Lookups(resolver)
    _give_up(lookups, ["evil.example"] * 20)
    assert resolver.asked == ["evil.example"]
    resolver.answer.set()
    until(lambda: not lookups._running, 5, "the first lookup has ended")
    assert lookups.addresses("evil.example", 80, 5) == ["192.0.2.1"]
    assert len(resolver.asked) == 2
    assert not lookups._zones
