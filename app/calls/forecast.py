"""How long a list of calls will take and how many of them will not be reached in their window: an estimate.

It assumes that every line is free for the list, and that an attempt holds its line for as long as those before it did.
"""

import math
from dataclasses import dataclass

from app.calls.db import execute

USUAL_SECONDS = 30.0
"""How long an attempt is taken to hold its line while too few were made to say."""
_FEWEST, _LOOK_BACK = 20, 1_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """``seconds`` until the last call ends when each is reached at its first attempt; ``longest`` when none ever is.

    ``late`` is the number of calls whose first attempt would begin after their window.
    """

    seconds: float
    longest: float
    late: int


def line_seconds() -> float | None:
    """How long the last thousand attempts held their lines, on average; None when there were hardly any."""
    average, count = execute(
        """SELECT avg(ended_at - started_at), count(*) FROM
            (SELECT started_at, ended_at FROM attempt WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT ?) AS last""",
        _LOOK_BACK,
    ).fetchone()
    return None if count < _FEWEST else float(average)


def forecast(
    calls: int, *, lines: int, each: float, window: float | None, max_retries: int = 0, retry_interval: int = 0
) -> Forecast:
    """The estimate for so many calls at so many lines. ``each`` attempt, ``window`` and interval are in seconds."""
    once = math.ceil(calls / lines) * each
    reached = calls if window is None or each == 0 else lines * math.ceil(max(window, 0) / each)
    return Forecast(once, once * (1 + max_retries) + max_retries * retry_interval, max(calls - reached, 0))
