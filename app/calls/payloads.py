"""What customers' servers are told about a call: the fields of start_url and of result_url.

Source: Outbound Calling Guide, "start_url Callback" and "result_url Callback".
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.calls.states import Status

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NOTHING: Mapping[str, Any] = MappingProxyType({})


def start_body(
    phone_number: str,
    call_id: int,
    message_reference: str,
    campaign_parameters: str,
    call_parameters: str,
    metadata: Mapping[str, Any] = NOTHING,
) -> bytes:
    """The form posted to start_url: five fields, always all five, and one for each key of the metadata.

    A value that is no text is posted as JSON.
    """
    fields: Sequence[tuple[str, object]] = (
        ("phone_number", phone_number),
        ("call_id", call_id),
        ("message_reference", message_reference),
        ("campaign_parameters", campaign_parameters),
        ("call_parameters", call_parameters),
        *((name, value if isinstance(value, str) else json.dumps(value)) for name, value in metadata.items()),
    )
    return _form(fields).encode("ascii")


def result_body(
    *,
    phone_number: str,
    message_reference: str,
    call_id: int,
    status: Status,
    callee_type: str,
    attempts: int,
    last_attempt_at: datetime | None,
    duration: int,
    zone: ZoneInfo,
) -> str:
    """The form posted to result_url: eight fields. The time is RFC 2822 in ``zone``, empty when never dialled."""
    return _form(
        (
            ("phone_number", phone_number),
            ("message_reference", message_reference),
            ("call_id", call_id),
            ("result", "Completed" if status is Status.COMPLETED else "Failed"),
            ("callee_type", callee_type),
            ("attempts", attempts),
            ("last_attempt_timestamp", format_datetime(last_attempt_at.astimezone(zone)) if last_attempt_at else ""),
            ("duration", duration),
        )
    )


def _form(fields: Sequence[tuple[str, object]]) -> str:
    return urlencode([(name, str(value).encode("utf-8", "replace")) for name, value in fields])
