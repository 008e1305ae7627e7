"""The Fuse API's fields: their names, ranges and defaults, and the orders that they make.

Source: "Outbound Parameters" and "Queue Call". Fields are checked in the order of the latter, and the first thing wrong
is reported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.errors import BadField
from app.intake import fields, metadata
from app.intake.orders import CallOrder, CampaignOrder, ResultFormat, Terms
from app.intake.phone import NumberRules

LIST = "csv"
MAX_ATTEMPTS = (1, 10)
REATTEMPT_WAIT = (60, 86_400)
DEFAULT_REATTEMPT_WAIT = 300
LONGEST = {
    "phone_number": 128,
    "start_timestamp": fields.LONGEST_NUMBER,
    "end_timestamp": fields.LONGEST_NUMBER,
    "max_attempts": fields.LONGEST_NUMBER,
    "reattempt_wait": fields.LONGEST_NUMBER,
    "metadata": 4 * metadata.LONGEST,  # JSON may be written at length: what is kept of it is short
    "result_url": 255,
    "is_pci": fields.LONGEST_NUMBER,
}
"""The fields that are known, and how many characters are read of each: no rule lets pass more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about reading a request: how numbers are judged, which URLs may be called at all."""

    numbers: NumberRules
    may_call: Callable[[str], bool]


def read_call(sent: Mapping[str, str], start_url: str, now: datetime, rules: Rules) -> CallOrder:
    """The order that a queue request makes. Raises BadField."""
    phone_number = fields.required("phone_number", sent.get("phone_number", "").strip())
    number = fields.phone_number("phone_number", phone_number, rules.numbers)
    terms, given = _terms(sent, start_url, now, rules)
    return CallOrder(terms, phone_number, number, metadata=given)


def read_list(sent: Mapping[str, str], start_url: str, now: datetime, rules: Rules) -> CampaignOrder:
    """The order that a bulk_queue request makes, without its list. Raises BadField."""
    terms, given = _terms(sent, start_url, now, rules)
    return CampaignOrder(terms, name="", metadata=given)


def _terms(sent: Mapping[str, str], start_url: str, now: datetime, rules: Rules) -> tuple[Terms, str]:
    """What holds for every call of a request, and its metadata."""
    scheduled_at, expires_at = _window(sent, now)
    max_attempts, reattempt_wait = _attempts(sent)
    given = metadata.read("metadata", sent.get("metadata", ""))
    terms = Terms(
        start_url,
        _result_url(sent, rules),
        "",
        max_attempts - 1,
        reattempt_wait,
        scheduled_at,
        expires_at,
        result_format=ResultFormat.JSON,
        cancels=True,
        is_pci=_is_pci(sent),
    )
    return terms, given


def _window(sent: Mapping[str, str], now: datetime) -> tuple[datetime, datetime | None]:
    start, end = (_moment(sent, name) for name in ("start_timestamp", "end_timestamp"))
    scheduled_at = max(start or now, now)
    if end and end <= scheduled_at:
        after = "start_timestamp" if scheduled_at > now else f"now, {int(now.timestamp())}"
        raise BadField("end_timestamp", f"must be later than {after}, not {int(end.timestamp())}")
    return scheduled_at, end


def _moment(sent: Mapping[str, str], name: str) -> datetime | None:
    text = sent.get(name, "").strip()
    return fields.timestamp(name, text) if text else None


def _attempts(sent: Mapping[str, str]) -> tuple[int, int]:
    """max_attempts and reattempt_wait, of which neither goes without the other unless there is one attempt only."""
    attempts, wait = (sent.get(name, "").strip() for name in ("max_attempts", "reattempt_wait"))
    max_attempts = fields.whole_number("max_attempts", attempts, *MAX_ATTEMPTS) if attempts else 1
    reattempt_wait = DEFAULT_REATTEMPT_WAIT
    if wait:
        reattempt_wait = fields.whole_number("reattempt_wait", wait, *REATTEMPT_WAIT, unit=" of seconds")
    if max_attempts > 1 and not wait:
        raise BadField("max_attempts", "needs reattempt_wait too, the seconds between two attempts")
    if wait and not attempts:
        raise BadField("reattempt_wait", "needs max_attempts too, the number of attempts")
    return max_attempts, reattempt_wait


def _result_url(sent: Mapping[str, str], rules: Rules) -> str:
    text = sent.get("result_url", "").strip()
    if not text:
        return ""
    url = fields.url("result_url", text)
    if not rules.may_call(url):
        raise BadField("result_url", f"{url} is not a URL that is called from here")
    return url


def _is_pci(sent: Mapping[str, str]) -> bool:
    text = sent.get("is_pci", "").strip()
    return bool(text) and fields.whole_number("is_pci", text, 0, 1) == 1
