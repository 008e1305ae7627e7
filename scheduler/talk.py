"""The conversation of one attempt: the customer's application runs against the callee. It writes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.calls.claims import Claim
from app.calls.exchanges import Exchange, text_of
from app.calls.payloads import FORM, start_body
from app.calls.states import APPLICATION_ERROR
from app.clock import Clock
from app.intake import phone
from app.outside.applications import fetching
from app.outside.fetch import Outside
from app.telephony.callees import Callee
from app.telephony.carrier import Line
from app.telephony.outcomes import CalleeType
from app.voicexml import session
from app.voicexml.caller import AnsweringMachine, Caller, News, Respondent, ScriptedCaller, Step
from app.voicexml.limits import DURATIONS, Durations
from app.voicexml.resources import Answer, NotFetched, Request
from app.voicexml.voice import Reckoned, Voice
from scheduler import greeting
from scheduler.live import LiveCaller, told

DETECTING_SECONDS = 4.0
DETECTING = "processing"
_VERSIONS = {"simulated": "1", "sip": "2.0"}
MOST_TRANSCRIPT = 1_000
MOST_CHARACTERS = 4_000
"""Entries of a transcript that are kept, and of each value in one."""
NOT_KEPT = "what went wrong is not kept: is_pci is 1"


@dataclass(frozen=True, slots=True)
class Party:
    """Who answered, as the application meets it, and whose voice speaks to it.

    ``later`` is when it becomes known who that is; a living one tells by itself.
    """

    caller: Caller
    voice: Voice
    protocol: str
    later: Sequence[News] = ()


def simulated(callee: Callee, words_per_minute: float) -> Party:
    """A callee of the simulated carrier: both speak at that pace."""
    caller = _caller(callee, words_per_minute)
    later: list[News] = [(DETECTING_SECONDS, "connection.callee_type", told(callee.callee_type))]
    if caller.beeps_after is not None:
        later.append((caller.beeps_after, "connection.beep", True))
    return Party(caller, Reckoned(words_per_minute), "simulated", later)


def living(line: Line) -> Party:
    """Somebody on a real line."""
    return Party(LiveCaller(line), line.speaker, line.protocol)


class Talk:
    """One conversation. After ``run``: ``events`` for the call's page, ``exchanges`` and the ``transcript``."""

    def __init__(
        self, claim: Claim, party: Party, outside: Outside, clock: Clock, durations: Durations = DURATIONS
    ) -> None:
        self.events: list[tuple[str, str]] = []
        self.exchanges: list[Exchange] = []
        self.transcript: list[str] = []
        self._claim = claim
        self._party = party
        self._metadata: dict[str, Any] = json.loads(claim.metadata) if claim.metadata else {}
        self._fetch = fetching(outside)
        self._clock = clock
        self._durations = durations

    def run(self) -> float:
        """POST start_url and run what it answers; the seconds that the conversation took."""
        claim, party = self._claim, self._party
        asked = phone.parse(claim.phone_number, phone.NumberRules())
        if asked.postd:
            self._told({"at": 0.0, "event": "postd", "keys": asked.postd})
        body = start_body(
            claim.phone_number,
            claim.call_id,
            claim.message_reference,
            claim.campaign_parameters,
            claim.call_parameters,
            self._metadata,
        )
        result = session.run(
            Request("POST", claim.start_url or greeting.URL, body, FORM),
            party.caller,
            self._fetched,
            _session_variables(claim, asked.ani, self._metadata, party.protocol),
            report=self._told,
            later=party.later if claim.detection else (),
            voice=party.voice,
            durations=self._durations,
        )
        self.events += [
            (APPLICATION_ERROR, NOT_KEPT if claim.is_pci else error[:MOST_CHARACTERS]) for error in result.errors
        ]
        return result.seconds

    def _told(self, entry: dict[str, Any]) -> None:
        kept = len(self.transcript)
        if kept > MOST_TRANSCRIPT or self._claim.is_pci:
            return
        if kept == MOST_TRANSCRIPT:
            entry = {"at": entry["at"], "event": "cut", "message": f"more than {kept} entries: the rest is not kept"}
        self.transcript.append(json.dumps({name: _short(value) for name, value in entry.items()}))

    def _fetched(self, request: Request) -> Answer:
        """Fetch, and keep what was said and answered."""
        if request.url == greeting.URL:
            return Answer(200, greeting.URL, {}, greeting.DOCUMENT)
        at = self._clock.now()
        try:
            answer = self._fetch(request)
        except NotFetched as wrong:
            self._keep(at, request, error=str(wrong), seconds=wrong.seconds)
            raise
        self._keep(at, request, status=answer.status, answer=text_of(answer.body), seconds=answer.seconds)
        return answer

    def _keep(
        self,
        at: datetime,
        request: Request,
        *,
        status: int | None = None,
        answer: str = "",
        error: str = "",
        seconds: float = 0,
    ) -> None:
        purpose = "page" if self.exchanges else "start_url"
        claim = self._claim
        sent = text_of(request.body or b"")
        exchange = Exchange(
            claim.call_id, claim.attempt, purpose, at, request.method, request.url, sent, status, answer, error, seconds
        )
        self.exchanges.append(_emptied(exchange) if claim.is_pci else exchange)


def _emptied(exchange: Exchange) -> Exchange:
    """What is kept of an exchange of an is_pci call: a submit may have what the callee said in its URL."""
    url = exchange.url.partition("?")[0]
    return replace(exchange, url=url, request="", answer="", error=exchange.error and NOT_KEPT)


def _short(value: object) -> object:
    """A value as the transcript keeps it: a page may say as much as it likes."""
    if isinstance(value, str):
        return value[:MOST_CHARACTERS].replace("\0", "\ufffd")
    text = json.dumps(value)
    return value if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _caller(callee: Callee, words_per_minute: float) -> Caller:
    """The simulated callee as the application meets it."""
    leaves = callee.hangs_up_after, callee.hangs_up_at_prompt
    if callee.does:
        return ScriptedCaller((Step(*step) for step in callee.does), *leaves)
    if callee.callee_type is CalleeType.ANSWERINGMACHINE:
        return AnsweringMachine(callee.says, *leaves, words_per_minute=words_per_minute)
    return Respondent(callee.says, callee.dtmf, *leaves)


def _session_variables(claim: Claim, ani: str, metadata: Mapping[str, Any], protocol: str) -> Mapping[str, Any]:
    """Section 5.1.4 of VoiceXML 2.0; callee_type (Outbound Calling Guide); the metadata, as Fuse has it.

    ``beep`` is ours: whether a machine has begun to record.
    """
    local, remote = {"uri": f"tel:{ani}" if ani else ""}, {"uri": f"tel:{claim.number}"}
    return {
        **metadata,
        "metadata": metadata,
        "connection": {
            "local": local,
            "remote": remote,
            "protocol": {"name": protocol, "version": _VERSIONS[protocol]},
            "redirect": [],
            "aai": "",
            "callee_type": DETECTING if claim.detection else CalleeType.VOICE.value,
            "beep": False,
        },
        "telephone": {"ani": ani, "dnis": claim.number},
    }
