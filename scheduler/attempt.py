"""One attempt at one call, from the dial to the row that says how it ended."""

import logging
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls import lifecycle
from app.calls.claims import Claim
from app.calls.lifecycle import Ended
from app.calls.payloads import FORM, start_body
from app.clock import Clock
from app.intake import phone
from app.outside.answers import NotFetched
from app.outside.fetch import Outside
from app.telephony.carrier import Carrier, Dial, LostAttempt
from app.telephony.outcomes import CalleeType
from app.voicexml import document, session

log = logging.getLogger(__name__)


class BadAnswer(Exception):
    """start_url answered, but not with a page."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every attempt works with."""

    carrier: Carrier
    outside: Outside
    clock: Clock
    zone: ZoneInfo
    rules: phone.NumberRules


def run(claim: Claim, equipment: Equipment) -> None:
    """Make the attempt that ``claim`` gives the right to, and write down how it ended."""
    if clock.machine() >= claim.lease_until:
        return  # this process stood still: the attempt may already have been settled as lost
    started_at = equipment.clock.now()
    events: list[tuple[str, str]] = []

    def converse(answered_at: datetime, callee_type: CalleeType) -> float:
        lifecycle.connect(claim, answered_at)
        try:
            return _talk(claim, equipment)
        except (NotFetched, BadAnswer, document.BadDocument) as wrong:
            events.append(("application error", f"start_url: {wrong}"))
            return 0

    try:
        number = phone.parse(claim.phone_number, equipment.rules)
        dial = Dial(claim.call_id, claim.attempt, number.number, number.ani, number.postd)
        log.info("%d dialing: attempt %d", claim.call_id, claim.attempt)
        outcome = equipment.carrier.dial(dial, converse)
    except LostAttempt:
        events.append(("lost", "its scheduler was stopped in mid-call"))
        ended = Ended(claim, CalleeType.UNKNOWN, started_at, None, equipment.clock.now(), 0, events)
    except Exception:  # whatever breaks one attempt must not take the other lines along
        log.exception("%d lost: attempt %d broke", claim.call_id, claim.attempt)
        events.append(("lost", "the attempt broke off by a fault of ours"))
        ended = Ended(claim, CalleeType.UNKNOWN, started_at, None, equipment.clock.now(), 0, events)
    else:
        callee_type = outcome.callee_type
        if outcome.answered_at is not None and not claim.detection:
            callee_type = CalleeType.VOICE
        ended = Ended(claim, callee_type, started_at, outcome.answered_at, outcome.ended_at, outcome.duration, events)
    lifecycle.finish([ended], equipment.zone)


def _talk(claim: Claim, equipment: Equipment) -> float:
    """POST start_url and run what it answers; the seconds that took."""
    body = start_body(
        claim.phone_number,
        claim.call_id,
        claim.message_reference,
        claim.campaign_parameters,
        claim.call_parameters,
    )
    answer = equipment.outside.post(claim.start_url, body, FORM)
    if answer.status != 200:
        raise BadAnswer(f"it answered HTTP {answer.status}")
    return session.run(document.load(answer.body))
