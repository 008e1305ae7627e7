"""One attempt at one call, from the dial to how it ended. It writes nothing: what it returns is written by others."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.calls.accounts import AccountStatus
from app.calls.claims import Claim
from app.calls.lifecycle import Ended
from app.clock import Clock
from app.intake import caller_ids, phone
from app.outside.fetch import Outside
from app.telephony.callees import Callee
from app.telephony.carrier import Carrier, Dial, Line, LostAttempt, TrunkSick
from app.telephony.outcomes import CalleeType
from app.voicexml.limits import DURATIONS, Durations
from app.voicexml.voice import WORDS_PER_MINUTE
from scheduler.permit import NotPermitted, Permit
from scheduler.talk import Party, Talk, living, simulated

log = logging.getLogger(__name__)

ACCEPTED = phone.NumberRules()
"""How a number that was accepted is read again: today's stricter settings are no business of a queued call."""

NOBODY_PAYS = phone.DialRules()

FAULT = "the attempt broke off by a fault of ours"


class NotAllowed(Exception):
    """The call must not be made; ``str()`` says why."""


Answered = Callable[[Claim, datetime], None]
"""Told when someone answers."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every attempt works with."""

    carrier: Carrier
    outside: Outside
    clock: Clock
    zone: ZoneInfo
    dial_rules: phone.DialRules = NOBODY_PAYS
    words_per_minute: float = WORDS_PER_MINUTE
    """How fast simulated people speak, and prompts to them."""
    durations: Durations = DURATIONS


class Attempt:
    """One attempt. ``run`` makes it; the rest is what came up on the way."""

    def __init__(self, claim: Claim, permit: Permit, equipment: Equipment, answered: Answered) -> None:
        self.claim = claim
        self._permit = permit
        self._equipment = equipment
        self._answered = answered
        self._events: list[tuple[str, str]] = []
        self._talk: Talk | None = None

    def run(self) -> Ended | None:
        """Dial, talk if someone answers, and tell how that ended; None when it may not dial."""
        claim = self.claim
        try:
            asked = self._allowed()
            dial = Dial(
                claim.call_id,
                claim.attempt,
                claim.number,
                asked.ani,
                asked.postd,
                self._permit,
                claim.script,
                claim.detection,
            )
            outcome = self._equipment.carrier.dial(dial, self._converse)
        except NotAllowed as rule:
            return self._refused(str(rule))
        except (NotPermitted, TrunkSick) as why:
            if not self._permit.used:
                log.info("%d not dialled: %s", claim.call_id, why)
                return None
            log.exception("%d lost: attempt %d had begun", claim.call_id, claim.attempt)
            self._events.append(("lost", FAULT))
        except LostAttempt:
            self._events.append(("lost", "its scheduler was stopped in mid-call"))
        except Exception:  # whatever breaks one attempt must not take the other lines along
            log.exception("%d lost: attempt %d broke", claim.call_id, claim.attempt)
            self._events.append(("lost", FAULT))
        else:
            answered = outcome.answered_at is not None
            callee_type = CalleeType.VOICE if answered and not claim.detection else outcome.callee_type
            return self._ended(callee_type, outcome.answered_at, outcome.ended_at, outcome.duration)
        return self._ended(CalleeType.UNKNOWN, None, self._equipment.clock.now(), 0)

    def _allowed(self) -> phone.PhoneNumber:
        """What to dial, as it was asked for. Raises NotAllowed: much may have changed since the call was queued."""
        claim, rules = self.claim, self._equipment.dial_rules
        if claim.account_status != AccountStatus.ACTIVE:
            raise NotAllowed(f"its account is {claim.account_status}")
        callers = rules.numbers.callers
        try:
            phone.refuse_to_dial(claim.number, rules)
            asked = phone.parse(claim.phone_number, ACCEPTED)
            caller_ids.refuse_unless_allowed(asked, None if callers is None else callers | claim.callers)
        except phone.BadNumber as rule:
            raise NotAllowed(f"{claim.number}: {rule}") from rule
        return asked

    def _refused(self, rule: str) -> Ended:
        """Never dialled, and not tried again: another attempt would be refused as well."""
        log.warning("%d refused: it must not be dialled", self.claim.call_id)
        self._events.append(("refused", rule))
        self.claim = replace(self.claim, max_retries=0)
        return self._ended(CalleeType.LINEFAILURE, None, self._equipment.clock.now(), 0)

    def _ended(self, callee_type: CalleeType, answered_at: datetime | None, ended_at: datetime, duration: int) -> Ended:
        talk = self._talk
        if talk is None:
            return Ended(self.claim, callee_type, answered_at, ended_at, duration, self._events)
        events, transcript = [*talk.events, *self._events], "\n".join(talk.transcript)
        return Ended(self.claim, callee_type, answered_at, ended_at, duration, events, talk.exchanges, transcript)

    def _converse(self, answered_at: datetime, who: Callee | Line) -> float:
        """Run the customer's application; the seconds that the conversation took."""
        self._answered(self.claim, answered_at)
        equipment = self._equipment
        self._talk = Talk(self.claim, self._met(who), equipment.outside, equipment.clock, equipment.durations)
        return self._talk.run()

    def _met(self, who: Callee | Line) -> Party:
        if isinstance(who, Callee):
            return simulated(who, self._equipment.words_per_minute)
        return living(who)
