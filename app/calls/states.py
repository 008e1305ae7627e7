"""What a call can be and what becomes of it after an attempt: pure rules, no rows.

Source: Outbound Calling Guide, "Understanding Callee Types and Outbound Statuses" and "Outbound process for an
unsuccessful call".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.telephony.outcomes import REACHED, CalleeType


class Status(StrEnum):
    """Where a call stands."""

    QUEUED = "queued"  # waits for its time, its turn, or its next attempt
    DIALING = "dialing"  # claimed: a line is taken, the number is being called
    CONNECTED = "connected"  # someone or something answered
    COMPLETED = "completed"  # reached; final
    FAILED = "failed"  # not reached within its retries and its window; final
    CANCELED = "canceled"  # taken back before it was reached; final


class CampaignStatus(StrEnum):
    """Whether a campaign's calls may be dialled."""

    LOADING = "loading"  # its list is still being read: nobody sees it
    STARTED = "started"
    STOPPED = "stopped"


APPLICATION_ERROR = "application error"
"""The event of an attempt that was answered and whose application then failed; the call is completed all the same."""

RUNNING = (Status.DIALING, Status.CONNECTED)
FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call becomes: its status and, when it goes back into the queue, when it is due."""

    status: Status
    due_at: datetime | None = None


def verdict(
    callee_type: CalleeType, *, answered: bool, attempts: int, max_retries: int, retry_interval: int, ended_at: datetime
) -> Verdict:
    """What becomes of a call whose attempt number ``attempts`` ended so at ``ended_at``.

    ``answered`` tells the two meanings of ``unknown`` apart. ``retry_interval`` is in seconds. A retry that
    falls after the expiration is queued all the same: the call fails when its window ends, not before.
    """
    if callee_type in REACHED or (callee_type is CalleeType.UNKNOWN and answered):
        return Verdict(Status.COMPLETED)
    if attempts <= max_retries:
        return Verdict(Status.QUEUED, ended_at + timedelta(seconds=retry_interval))
    return Verdict(Status.FAILED)
