"""What was said to customers' servers and what they answered, kept for whoever wants to know why a call went so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.calls.db import execute_many

MOST_KEPT = 16_384
"""Bytes of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``attempt`` is None for a result post; ``status`` is None when no answer came.

    ``purpose`` is ``start_url``, ``page`` (what else the application fetches) or ``result_url``;
    ``seconds`` is how long it took by the machine's clock.
    """

    call_id: int
    attempt: int | None
    purpose: str
    at: datetime
    method: str
    url: str
    request: str
    status: int | None
    answer: str
    error: str
    seconds: float


def text_of(body: bytes) -> str:
    """The beginning of an answer as text that any database takes."""
    return body[:MOST_KEPT].decode("utf-8", "replace").replace("\0", "\ufffd")


def keep(exchanges: Iterable[Exchange]) -> None:
    """Write exchanges down, those of calls that are still there; call it in a write transaction."""
    execute_many(
        """INSERT INTO exchange (call_id, attempt, purpose, at, method, url, request, status, answer, error, seconds)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM call WHERE id = ?)""",
        [
            (
                one.call_id,
                one.attempt,
                one.purpose,
                one.at.timestamp(),
                one.method,
                one.url,
                one.request,
                one.status,
                one.answer,
                one.error,
                one.seconds,
                one.call_id,
            )
            for one in exchanges
        ],
    )
