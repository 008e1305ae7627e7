"""What becomes of a result after it was posted: acknowledged, to be posted again, or given up. Pure rules.

Source: Outbound Calling Guide, "result_url Callback" (the acknowledgement); the waits are ours.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

MINUTE, HOUR = 60, 3600
WAITS = (5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR)
JITTER = 0.2
UNACKNOWLEDGED_POSTS = 3
LONGEST_WAIT = 7 * 24 * HOUR


class ResultState(StrEnum):
    """How far the delivery of a result got."""

    PENDING = "pending"  # to be posted, for the first time or again
    ACKNOWLEDGED = "acknowledged"  # the customer said "completed"
    UNACKNOWLEDGED = "unacknowledged"  # taken with a 2xx, never acknowledged: as good as it gets
    GIVEN_UP = "given up"  # not taken within the last wait
    GONE = "gone"  # 410: the customer wants no more


@dataclass(frozen=True, slots=True)
class Reply:
    """What a post met. ``status`` is None when no answer came; ``error`` then says why.

    ``acknowledges`` tells whether a 2xx is all that was asked for.
    """

    status: int | None
    acknowledges: bool = False
    retry_after: str = ""
    error: str = ""

    def __str__(self) -> str:
        return self.error if self.status is None else f"HTTP {self.status}"


@dataclass(frozen=True, slots=True)
class Next:
    """The state a result is in now; ``due_at`` when it is posted again, ``unacknowledged`` the 2xx so far."""

    state: ResultState
    unacknowledged: int
    due_at: datetime | None = None

    @property
    def outcome(self) -> str:
        """What the post came to, in one word."""
        return "retried" if self.state is ResultState.PENDING else self.state.value.replace(" ", "_")


def after(reply: Reply, *, call_id: int, tries: int, unacknowledged: int, now: datetime, seed: str) -> Next:
    """What becomes of a result whose post number ``tries`` (from 1) met ``reply`` at ``now``."""
    if reply.acknowledges:
        return Next(ResultState.ACKNOWLEDGED, unacknowledged)
    if reply.status == 410:
        return Next(ResultState.GONE, unacknowledged)
    if reply.status is not None and 200 <= reply.status < 300:
        unacknowledged += 1
        if unacknowledged >= UNACKNOWLEDGED_POSTS:
            return Next(ResultState.UNACKNOWLEDGED, unacknowledged)
    if tries > len(WAITS):
        return Next(ResultState.GIVEN_UP, unacknowledged)
    draw = random.Random(f"{seed}:{call_id}:result:{tries}")  # noqa: S311 - jitter, to be repeated
    wait = WAITS[tries - 1] * draw.uniform(1 - JITTER, 1 + JITTER)
    wait = min(max(wait, _seconds(reply.retry_after, now)), LONGEST_WAIT)
    return Next(ResultState.PENDING, unacknowledged, now + timedelta(seconds=wait))


def _seconds(retry_after: str, now: datetime) -> float:
    """The wait that a Retry-After header asks for (RFC 9110 section 10.2.3); 0 when it says nothing readable."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        until = parsedate_to_datetime(retry_after)
        return (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return 0
