"""One attempt at one call, from the dial to the row that says how it ended."""

import logging
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls import claims, lifecycle
from app.calls.claims import Claim
from app.calls.db import Busy
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

ACCEPTED = phone.NumberRules()
"""How a number that was accepted is read again: today's stricter settings are no business of a queued call."""


class BadAnswer(Exception):
    """start_url answered, but not with a page."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every attempt works with."""

    carrier: Carrier
    outside: Outside
    clock: Clock
    zone: ZoneInfo


def run(claim: Claim, equipment: Equipment) -> None:
    """Make the attempt that ``claim`` gives the right to, and write down how it ended."""
    now = equipment.clock.now()
    too_late = claim.expires_at is not None and now.timestamp() >= claim.expires_at
    if too_late or clock.machine() >= claim.lease_until:
        claims.give_back([claim])  # this process stood still: the window, or the right to dial, may be gone
        return
    _write_down(_dialled(claim, equipment, now), equipment)


def _dialled(claim: Claim, equipment: Equipment, started_at: datetime) -> Ended:
    """Dial, talk if someone answers, and tell how that ended."""
    events: list[tuple[str, str]] = []

    def converse(answered_at: datetime, callee_type: CalleeType) -> float:
        lifecycle.connect(claim, answered_at)
        try:
            return _talk(claim, equipment)
        except (NotFetched, BadAnswer, document.BadDocument) as wrong:
            events.append(("application error", f"start_url: {wrong}"))
            return 0

    try:
        asked = phone.parse(claim.phone_number, ACCEPTED)
        dial = Dial(claim.call_id, claim.attempt, claim.number, asked.ani, asked.postd)
        log.info("%d dialing: attempt %d", claim.call_id, claim.attempt)
        outcome = equipment.carrier.dial(dial, converse)
    except LostAttempt:
        events.append(("lost", "its scheduler was stopped in mid-call"))
    except Exception:  # whatever breaks one attempt must not take the other lines along
        log.exception("%d lost: attempt %d broke", claim.call_id, claim.attempt)
        events.append(("lost", "the attempt broke off by a fault of ours"))
    else:
        answered = outcome.answered_at is not None
        callee_type = CalleeType.VOICE if answered and not claim.detection else outcome.callee_type
        return Ended(
            claim, callee_type, started_at, outcome.answered_at, outcome.ended_at, outcome.duration, tuple(events)
        )
    return Ended(claim, CalleeType.UNKNOWN, started_at, None, equipment.clock.now(), 0, tuple(events))


def _write_down(ended: Ended, equipment: Equipment) -> None:
    """Somebody was called: that must not be forgotten because the database can't be used for a while."""
    while True:
        try:
            return lifecycle.finish([ended], equipment.zone)
        except Busy:
            log.warning("%d ended, and can't be written down yet", ended.claim.call_id, exc_info=True)
            clock.pause(1)


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
