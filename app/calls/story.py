"""One call as people read it: everything that happened to it in order of time, and what it was made with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.calls import reports
from app.calls.db import execute
from app.calls.delivery import ResultState
from app.calls.states import FINAL
from app.voicexml import transcript

_QUEUED, _DIALLED, _ANSWERED, _SAID, _ENDED, _FINAL, _RESULT = range(7)
"""The order of what happened in one instant."""


class Moment(NamedTuple):
    """Something that happened. ``at`` is ISO 8601 in UTC; ``word`` is a status, a callee type or the like."""

    at: str
    place: int
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Story:
    """A call: ``told`` is what ``reports.call`` tells of it, ``transcripts`` are lines by attempt."""

    told: Mapping[str, Any]
    metadata: str
    deployment_id: int | None
    result_format: str
    timeline: list[Moment]
    transcripts: Mapping[int, list[str]]

    @property
    def is_final(self) -> bool:
        return self.told["status"] in FINAL

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        result = self.told["result"]
        return self.is_final and (result is None or result["state"] != ResultState.PENDING)


def story(call_id: int) -> Story:
    """The story of a call. Raises NoSuchCall."""
    told = reports.call(call_id)
    metadata, deployment_id, result_format = execute(
        """SELECT metadata, deployment_id, result_format FROM call JOIN terms ON terms.id = terms_id
            JOIN campaign ON campaign.id = call.campaign_id WHERE call.id = ?""",
        call_id,
    ).fetchone()
    transcripts = {
        each["attempt"]: [transcript.line(entry) for entry in each["transcript"]]
        for each in told["history"]
        if each["transcript"]
    }
    return Story(told, metadata, deployment_id, result_format, sorted(_moments(told), key=_in_time), transcripts)


def _in_time(moment: Moment) -> tuple[str, int]:
    return moment.at, moment.place


def _moments(told: Mapping[str, Any]) -> Iterator[Moment]:
    yield Moment(told["queued_at"], _QUEUED, "queued", "")
    for attempt in told["history"]:
        yield from _of_attempt(attempt)
    for event in told["events"]:
        yield Moment(event["at"], _QUEUED if event["event"] == "note" else _SAID, event["event"], event["detail"])
    for exchange in told["exchanges"]:
        met = exchange["error"] if exchange["status"] is None else f"HTTP {exchange['status']}"
        what = f"{exchange['method']} {exchange['url']}: {met} in {exchange['seconds']:.2f} s"
        is_result = exchange["purpose"] == "result_url"
        yield Moment(exchange["at"], _RESULT if is_result else _SAID, exchange["purpose"], what)
    if told["finished_at"]:
        yield Moment(told["finished_at"], _FINAL, told["status"], "")


def _of_attempt(attempt: Mapping[str, Any]) -> Iterator[Moment]:
    number = attempt["attempt"]
    yield Moment(attempt["started_at"], _DIALLED, "dialing", f"attempt {number}")
    if attempt["answered_at"]:
        yield Moment(attempt["answered_at"], _ANSWERED, "connected", f"attempt {number} is answered")
    if attempt["ended_at"]:
        seconds = f", after {attempt['duration']} s" if attempt["duration"] else ""
        yield Moment(attempt["ended_at"], _ENDED, attempt["callee_type"], f"attempt {number} has ended{seconds}")
