"""The classic API's form fields: their names, aliases, limits and defaults, and the orders that they make.

Source: Outbound API Parameter Notes. Fields are checked in the order in which they are echoed, and the first thing
wrong is reported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.errors import BadField
from app.intake import fields
from app.intake.orders import CallOrder, CampaignOrder, Terms
from app.intake.phone import NumberRules
from app.posted import Fields

LONGEST = {
    "login": 128,
    "pin": 16,
    "phone_number": 128,
    "campaign_name": 255,
    "campaign": 255,
    "name": 255,
    "start_url": 255,
    "result_url": 255,
    "message_reference": 255,
    "call_parameters": 255,
    "campaign_parameters": 255,
    "max_retries": fields.LONGEST_NUMBER,
    "max_retry": fields.LONGEST_NUMBER,
    "retry_interval": fields.LONGEST_NUMBER,
    "scheduled_timestamp": fields.LONGEST_NUMBER,
    "scheduled_time": 80,
    "expiration_timestamp": fields.LONGEST_NUMBER,
    "expiration_time": 80,
}
"""The fields that are known, in the order of the echo, and how many characters each may have."""
_OF_CAMPAIGNS = ("campaign_name", "campaign", "name", "campaign_parameters")
CALL_FIELDS = tuple(name for name in LONGEST if name not in _OF_CAMPAIGNS)
CAMPAIGN_FIELDS = tuple(name for name in LONGEST if name != "phone_number")
REPEATED_FIELDS = ("phone_number", "message_reference", "start_url")
"""What makes a call the same as an earlier one, where the account has a repeat window."""

MAX_RETRIES = (0, 10)
RETRY_INTERVAL = (60, 172_800)
DEFAULT_RETRY_INTERVAL = 300


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about reading a form: the zone of a time without one, who reads times and numbers."""

    zone: ZoneInfo
    php_only: bool
    numbers: NumberRules


def echo(sent: Fields, names: Sequence[str], *, pin: bool) -> list[tuple[str, str]]:
    """Those of ``names`` that were sent, with their values, in that order; the PIN emptied unless ``pin``.

    What is longer than it may be is left out; the blanks around what is not are no part of it.
    """
    told = [(name, _echoed(sent[name], LONGEST[name])) for name in names if name in sent and name not in sent.too_long]
    return [(name, value if pin or name != "pin" else "") for name, value in told if len(value) <= LONGEST[name]]


def _echoed(value: str, longest: int) -> str:
    return value if value.strip() and len(value) <= longest else value.strip()


def read_call(posted: Mapping[str, str], now: datetime, rules: Rules) -> CallOrder:
    """The order that a queuecall form makes. Raises BadField."""
    phone_number = fields.required("phone_number", posted.get("phone_number", "").strip())
    number = fields.phone_number("phone_number", posted["phone_number"], rules.numbers)
    start_url, result_url = _urls(posted)
    reference, parameters = _references(posted)
    terms = _terms(posted, start_url, result_url, "", now, rules)
    return CallOrder(terms, phone_number, number, reference, parameters)


def read_campaign(
    posted: Mapping[str, str], now: datetime, rules: Rules, name_is_taken: Callable[[str], bool]
) -> CampaignOrder:
    """The order that a queuecalls form makes, without its list. Raises BadField."""
    field, name = _aliased(posted, "campaign_name", "campaign", "name")
    name = fields.text(field, name, 255).strip()
    if name and name_is_taken(name):
        raise BadField(field, f"{name} is the name of another campaign of yours")
    start_url, result_url = _urls(posted)
    reference, parameters = _references(posted)
    campaign_parameters = fields.text("campaign_parameters", posted.get("campaign_parameters", ""), 255)
    terms = _terms(posted, start_url, result_url, campaign_parameters, now, rules)
    return CampaignOrder(terms, name, reference, parameters)


def _urls(posted: Mapping[str, str]) -> tuple[str, str]:
    start_url = fields.url("start_url", fields.required("start_url", posted.get("start_url", "").strip()))
    result_url = posted.get("result_url", "").strip()
    return start_url, result_url and fields.url("result_url", result_url)


def _references(posted: Mapping[str, str]) -> tuple[str, str]:
    reference = fields.text("message_reference", posted.get("message_reference", ""), 255)
    return reference, fields.text("call_parameters", posted.get("call_parameters", ""), 255)


def _terms(
    posted: Mapping[str, str], start_url: str, result_url: str, campaign_parameters: str, now: datetime, rules: Rules
) -> Terms:
    field, max_retries = _aliased(posted, "max_retries", "max_retry")
    retry_interval = posted.get("retry_interval", "").strip()
    retries = fields.whole_number(field, max_retries, *MAX_RETRIES) if max_retries else 0
    interval = DEFAULT_RETRY_INTERVAL
    if retry_interval:
        interval = fields.whole_number("retry_interval", retry_interval, *RETRY_INTERVAL, unit=" of seconds")
    scheduled = _moment(posted, "scheduled", now, rules)
    expiration = _moment(posted, "expiration", now, rules)
    scheduled_at = max(scheduled.instant or now, now)
    if expiration.instant and expiration.instant <= scheduled_at:
        after = "the scheduled time" if scheduled_at > now else "now"
        raise BadField(expiration.field, f"must be later than {after}, not {expiration.instant:%Y-%m-%d %H:%M:%S} UTC")
    return Terms(
        start_url,
        result_url,
        campaign_parameters,
        retries,
        interval,
        scheduled_at,
        expiration.instant,
        scheduled.notes + expiration.notes,
    )


def _aliased(posted: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The first of several names for one field that is not blank, and its value."""
    return next(((name, posted[name]) for name in names if posted.get(name, "").strip()), (names[0], ""))


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time that a form gives, the field that gave it, and how it was read."""

    instant: datetime | None
    field: str
    notes: tuple[str, ...] = ()


def _moment(posted: Mapping[str, str], which: str, now: datetime, rules: Rules) -> _Moment:
    """``which``_timestamp, or ``which``_time when that is absent or 0."""
    field = f"{which}_timestamp"
    text = posted.get(field, "").strip()
    instant = fields.timestamp(field, text) if text else None
    if instant:
        return _Moment(instant, field)
    field = f"{which}_time"
    expression = fields.text(field, posted.get(field, ""), 80)
    if not expression:
        return _Moment(None, field)
    reading = fields.time(field, expression, now, rules.zone, php_only=rules.php_only)
    return _Moment(reading.instant, field, (f"{field} {expression!r} was read by {reading.layer}",))
