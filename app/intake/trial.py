"""A list read on trial: what would be queued and what refused, with the first lines of both. Nothing is queued."""

from dataclasses import asdict, dataclass
from typing import Any

from app.intake.lists import BadLine, CallList, GoodLine
from app.intake.orders import Terms

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


def report(trial: Trial, terms: Terms) -> dict[str, Any]:
    """What a trial found and what its calls would be queued with, as JSON can have it. ``window`` is in seconds."""
    window = terms.expires_at and (terms.expires_at - terms.scheduled_at).total_seconds()
    return asdict(trial) | {
        "scheduled_at": terms.scheduled_at.isoformat(),
        "expires_at": terms.expires_at and terms.expires_at.isoformat(),
        "window": window,
        "max_retries": terms.max_retries,
        "retry_interval": terms.retry_interval,
        "notes": terms.notes,
    }


def try_list(numbers: CallList) -> Trial:
    """Read a list to its end. Raises BadList."""
    accepted: list[GoodLine] = []
    rejected: list[BadLine] = []
    for batch in numbers.batches():
        accepted += batch.good[: MOST_SHOWN - len(accepted)]
        rejected += batch.bad[: MOST_SHOWN - len(rejected)]
    return Trial(numbers.good_count, numbers.bad_count, numbers.duplicates, numbers.encoding, accepted, rejected)
