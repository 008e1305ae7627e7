"""One attempt at one call, from the dial to how it ended. It writes nothing: what it returns is written by others."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.calls.claims import Claim
from app.calls.exchanges import Exchange, text_of
from app.calls.lifecycle import Ended
from app.calls.payloads import FORM, start_body
from app.clock import Clock
from app.intake import phone
from app.outside.answers import Answer, NotFetched
from app.outside.fetch import Outside
from app.telephony.carrier import Carrier, Dial, LostAttempt
from app.telephony.outcomes import CalleeType
from app.voicexml import document, session
from scheduler.permit import NotPermitted, Permit

log = logging.getLogger(__name__)

ACCEPTED = phone.NumberRules()
"""How a number that was accepted is read again: today's stricter settings are no business of a queued call."""

NOBODY_PAYS = phone.DialRules()

Answered = Callable[[Claim, datetime], None]
"""Told when someone answers."""


class BadAnswer(Exception):
    """start_url answered, but not with a page."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every attempt works with."""

    carrier: Carrier
    outside: Outside
    clock: Clock
    zone: ZoneInfo
    dial_rules: phone.DialRules = NOBODY_PAYS


class Attempt:
    """One attempt. ``run`` makes it; the rest is what came up on the way."""

    def __init__(self, claim: Claim, permit: Permit, equipment: Equipment, answered: Answered) -> None:
        self.claim = claim
        self._permit = permit
        self._equipment = equipment
        self._answered = answered
        self._events: list[tuple[str, str]] = []
        self._exchanges: list[Exchange] = []
        self._transcript: list[str] = []

    def run(self) -> Ended | None:
        """Dial, talk if someone answers, and tell how that ended; None when it may not dial."""
        claim = self.claim
        try:
            phone.refuse_to_dial(claim.number, self._equipment.dial_rules)
            asked = phone.parse(claim.phone_number, ACCEPTED)
            dial = Dial(claim.call_id, claim.attempt, claim.number, asked.ani, asked.postd, self._permit, claim.script)
            outcome = self._equipment.carrier.dial(dial, self._converse)
        except phone.BadNumber as rule:
            return self._refused(str(rule))
        except NotPermitted:
            return None
        except LostAttempt:
            self._events.append(("lost", "its scheduler was stopped in mid-call"))
        except Exception:  # whatever breaks one attempt must not take the other lines along
            log.exception("%d lost: attempt %d broke", claim.call_id, claim.attempt)
            self._events.append(("lost", "the attempt broke off by a fault of ours"))
        else:
            answered = outcome.answered_at is not None
            callee_type = CalleeType.VOICE if answered and not claim.detection else outcome.callee_type
            return self._ended(callee_type, outcome.answered_at, outcome.ended_at, outcome.duration)
        return self._ended(CalleeType.UNKNOWN, None, self._equipment.clock.now(), 0)

    def _refused(self, rule: str) -> Ended:
        """Never dialled, and not tried again: another attempt would be refused as well."""
        log.warning("%d refused: its number must not be dialled", self.claim.call_id)
        self._events.append(("refused", f"{self.claim.number}: {rule}"))
        self.claim = replace(self.claim, max_retries=0)
        return self._ended(CalleeType.LINEFAILURE, None, self._equipment.clock.now(), 0)

    def _ended(self, callee_type: CalleeType, answered_at: datetime | None, ended_at: datetime, duration: int) -> Ended:
        return Ended(
            self.claim,
            callee_type,
            answered_at,
            ended_at,
            duration,
            self._events,
            self._exchanges,
            "\n".join(self._transcript),
        )

    def _converse(self, answered_at: datetime, callee_type: CalleeType) -> float:
        """Run the customer's application; the seconds that the conversation took."""
        self._answered(self.claim, answered_at)
        try:
            page = document.load(self._start().body)
        except (NotFetched, BadAnswer, document.BadDocument) as wrong:
            self._events.append(("application error", f"start_url: {wrong}"))
            return 0
        self._transcript.append(json.dumps({"at": 0, "event": "prompt", "text": page.spoken_text()}))
        return session.run(page)

    def _start(self) -> Answer:
        """POST start_url."""
        claim = self.claim
        body = start_body(
            claim.phone_number,
            claim.call_id,
            claim.message_reference,
            claim.campaign_parameters,
            claim.call_parameters,
        )
        at = self._equipment.clock.now()
        try:
            answer = self._equipment.outside.post(claim.start_url, body, FORM)
        except NotFetched as wrong:
            self._exchanges.append(self._exchange(at, body, error=str(wrong)))
            raise
        text, seconds = text_of(answer.body), answer.seconds
        self._exchanges.append(self._exchange(at, body, status=answer.status, answer=text, seconds=seconds))
        if answer.status != 200:
            raise BadAnswer(f"it answered HTTP {answer.status}")
        return answer

    def _exchange(
        self,
        at: datetime,
        body: bytes,
        *,
        status: int | None = None,
        answer: str = "",
        error: str = "",
        seconds: float = 0,
    ) -> Exchange:
        return Exchange(
            self.claim.call_id,
            self.claim.attempt,
            "start_url",
            at,
            "POST",
            self.claim.start_url,
            body.decode("ascii"),
            status,
            answer,
            error,
            seconds,
        )
