"""A list read on trial: what would be queued and what refused, with the first lines of both. Nothing is queued."""

from dataclasses import dataclass

from app.intake.lists import BadLine, CallList, GoodLine

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Trial:
    """Counts of all lines and the first hundred accepted and rejected ones. ``encoding`` as CallList says it."""

    accepted: int
    rejected: int
    duplicates: int
    encoding: str
    first_accepted: list[GoodLine]
    first_rejected: list[BadLine]


def try_list(numbers: CallList) -> Trial:
    """Read a list to its end. Raises BadList."""
    accepted: list[GoodLine] = []
    rejected: list[BadLine] = []
    for batch in numbers.batches():
        accepted += batch.good[: MOST_SHOWN - len(accepted)]
        rejected += batch.bad[: MOST_SHOWN - len(rejected)]
    return Trial(numbers.good_count, numbers.bad_count, numbers.duplicates, numbers.encoding, accepted, rejected)
