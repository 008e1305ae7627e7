"""A request that passed its checks: what is to be called, when and how. Which API it came through is no longer told."""

from dataclasses import dataclass
from datetime import datetime

from app.intake.phone import PhoneNumber


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every call of a request. Times are aware UTC; ``retry_interval`` is in seconds.

    ``notes`` are sentences for the call's page, such as which reader understood a time.
    """

    start_url: str
    result_url: str
    campaign_parameters: str
    max_retries: int
    retry_interval: int
    scheduled_at: datetime
    expires_at: datetime | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOrder:
    """One call to queue. ``phone_number`` is the text as sent, ``number`` what will be dialled."""

    terms: Terms
    phone_number: str
    number: PhoneNumber
    message_reference: str
    call_parameters: str


@dataclass(frozen=True, slots=True)
class CampaignOrder:
    """A list of calls to queue, without the list. The two strings stand in for lines that have none."""

    terms: Terms
    name: str
    message_reference: str
    call_parameters: str
