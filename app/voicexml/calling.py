"""Calling another dialog as a subdialog, another party by transfer (VoiceXML 2.0 sections 2.3.4, 2.3.7)."""

from math import inf
from typing import Any

from app.voicexml import properties, transitions
from app.voicexml.active import from_element
from app.voicexml.caller import ANSWERED
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element, children
from app.voicexml.events import Event
from app.voicexml.leaving import Exit, Target
from app.voicexml.playing import play
from app.voicexml.recognition import Recognized, understand
from app.voicexml.submitting import names_in, request_of

TALK_SECONDS = 30.0
"""How long a bridged conversation lasts when nobody ends it before."""
CONNECT_SECONDS = "30s"
BLIND, BRIDGE, CONSULTATION = "blind", "bridge", "consultation"
NEAR_END, FAR_END, MAXTIME = "near_end_disconnect", "far_end_disconnect", "maxtime_disconnect"
_TALKED = frozenset((ANSWERED, NEAR_END, FAR_END, MAXTIME, "network_disconnect"))
_PUT_THROUGH = _TALKED | {"blind_ok"}
_EVENTS = ("error.", "connection.")
_REFUSED = frozenset(("noauthorization", "baddestination", "noroute", "noresource"))
"""Outcomes that may be named without the error.connection before them."""


def target_of(conversation: Conversation, element: Element) -> Target:
    """The dialog that a subdialog element calls, fetched with what its namelist names."""
    url, names = conversation.given(element, "src") or "", names_in(element)
    submitted = request_of(conversation, element, url, names) if names or "method" in element.attrib else None
    return transitions.find(conversation, element, url, submitted=submitted, apart=True)


def transfer(conversation: Conversation, element: Element) -> tuple[Any, dict[str, Any]]:
    """Transfer the call; the value of the item's variable and its shadow. Raises the events of section 2.3.7."""
    kind = element.get("type") or (BRIDGE if properties.is_true(element.get("bridge", "")) else BLIND)
    destination = conversation.given(element, "dest") or ""
    if not destination:
        raise Event("error.connection.baddestination", "there is no dest", element)
    play(conversation)
    if conversation.gone:
        raise Exit
    outcome = conversation.caller.transferred(destination, kind)
    conversation.tell("transfer", dest=destination, type=kind, outcome=outcome)
    if outcome == "hangup":
        conversation.hang_up()
    if outcome in _REFUSED:
        outcome = f"error.connection.{outcome}"
    if outcome.startswith(_EVENTS):
        raise Event(outcome, f"the transfer to {destination} failed", element)
    if kind == BLIND or (kind == CONSULTATION and outcome in _PUT_THROUGH):
        conversation.gone = True
        raise Event("connection.disconnect.transfer", f"the caller was transferred to {destination}", element)
    if outcome == "noanswer":
        conversation.pass_time(properties.seconds(element.get("connecttimeout", CONNECT_SECONDS)))
    return _bridged(conversation, element, outcome) if outcome in _TALKED else (outcome, {"duration": 0})


def _bridged(conversation: Conversation, element: Element, outcome: str) -> tuple[Any, dict[str, Any]]:
    """While both talk, the caller may say what ends it; else the other party leaves, or time is up."""
    began = conversation.seconds
    longest = min(properties.seconds(element.get("maxtime", "0s")) or inf, conversation.durations.transfer)
    with conversation.bridge():
        said = _interrupted(conversation, element, longest) if outcome == ANSWERED else None
        if said is not None:
            return NEAR_END, said.shadow() | {"duration": conversation.seconds - began}
        conversation.pass_time(max(0.0, min(TALK_SECONDS, longest) - (conversation.seconds - began)))
    if outcome == ANSWERED:
        outcome = FAR_END if longest > TALK_SECONDS else MAXTIME
    return outcome, {"duration": conversation.seconds - began}


def _interrupted(conversation: Conversation, element: Element, longest: float) -> Recognized | None:
    """What the caller says or presses that a grammar of the transfer matches; the rest only the other party hears."""
    until = conversation.seconds + longest
    base = conversation.frame.document.base
    active = [from_element(conversation, grammar, element, base) for grammar in children(element, "grammar")]
    kinds = ("hangup", "say", "dtmf") if active else ("hangup",)
    while (heard := conversation.caller.cuts_short(lambda next_one: next_one.kind in kinds)) is not None:
        conversation.pass_time(min(heard.after or 0.0, TALK_SECONDS, until - conversation.seconds))
        if conversation.seconds >= until:
            return None
        if heard.kind == "hangup":
            conversation.hang_up()
        conversation.tell("input", **{heard.kind: heard.value})
        conversation.pass_time(conversation.lasts(heard))
        found = understand(conversation, active, heard.value, "voice" if heard.kind == "say" else "dtmf")
        if found is not None:
            return found
    return None
