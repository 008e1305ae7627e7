"""A request that passed its checks: what is to be called, when and how. Which API it came through is no longer told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.intake.phone import PhoneNumber


class ResultFormat(StrEnum):
    """How a result is told to result_url, and acknowledged."""

    FORM = "form"  # eight form fields; acknowledged by the word "completed"
    JSON = "json"  # the call_details object; acknowledged by any 2xx


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every call of a request. Times are aware UTC; ``retry_interval`` is in seconds.

    ``start_url`` "" is the built-in greeting. ``cancels`` tells whether a call that was never dialled is canceled when
    its window ends, not failed. ``is_pci``: neither metadata nor what was said is kept after the call. ``notes`` are
    sentences for the call's page, such as which reader understood a time.
    """

    start_url: str
    result_url: str
    campaign_parameters: str
    max_retries: int
    retry_interval: int
    scheduled_at: datetime
    expires_at: datetime | None
    notes: tuple[str, ...] = ()
    result_format: ResultFormat = ResultFormat.FORM
    cancels: bool = False
    is_pci: bool = False


@dataclass(frozen=True, slots=True)
class CallOrder:
    """One call to queue. ``phone_number`` is the text as sent, ``number`` what will be dialled.

    ``metadata`` is a JSON object for the application, or "".
    """

    terms: Terms
    phone_number: str
    number: PhoneNumber
    message_reference: str = ""
    call_parameters: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class CampaignOrder:
    """A list of calls to queue, without the list. ``name`` "" is made up; the others stand in for lines without."""

    terms: Terms
    name: str
    message_reference: str = ""
    call_parameters: str = ""
    metadata: str = ""
