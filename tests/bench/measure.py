"""How a row is measured and printed: both sides in turn, several pairs, and the median of the pairs' ratios."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.databases import Databases

ROOT = Path(__file__).parent.parent.parent
HEAD = f"{'ours | beside':<58} {'ours':>10} {'beside':>10} {'':<10} {'ratio':>6}  (spread)  bar"


@dataclass(frozen=True)
class Bench:
    """What every row is given: a folder that is removed afterwards, how often, and how long each HTTP run lasts."""

    folder: Path
    pairs: int
    seconds: float
    databases: Sequence[Databases]


def compare(name: str, unit: str, bar: str, pairs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    """Print one row: medians of both sides, and the median of the ratios of the pairs."""
    mine, peers = [], []
    for _ in range(pairs):
        mine.append(ours())
        peers.append(theirs())
    show(name, unit, bar, mine, peers)


def show(name: str, unit: str, bar: str, mine: Sequence[float], peers: Sequence[float]) -> None:
    """Print what the pairs of a row came to."""
    ratios = [our / their for our, their in zip(mine, peers, strict=True)]
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    ours, theirs, ratio = map(statistics.median, (mine, peers, ratios))
    tell(name, unit, bar, ours, theirs, spread, f"{ratio:.2f}")


def tell(name: str, unit: str, bar: str, left: float, right: float, spread: str, ratio: str = "") -> None:
    """Print one row."""
    print(f"{name:<58} {left:>10.4g} {right:>10.4g} {unit:<10} {ratio:>6}  ({spread})  {bar}", flush=True)
