"""Calling another dialog as a subdialog, another party by transfer (VoiceXML 2.0 sections 2.3.4, 2.3.7)."""

from typing import Any

from app.voicexml import properties, transitions
from app.voicexml.active import from_element
from app.voicexml.caller import ANSWERED
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element, children
from app.voicexml.events import Event
from app.voicexml.hearing import lasts
from app.voicexml.leaving import Exit, Target
from app.voicexml.playing import play
from app.voicexml.recognition import Recognized, understand
from app.voicexml.submitting import names_in, request_of

TALK_SECONDS = 30.0
"""How long a bridged conversation lasts when nobody ends it before."""
CONNECT_SECONDS = "30s"
BLIND, BRIDGE, CONSULTATION = "blind", "bridge", "consultation"
_PUT_THROUGH = frozenset((ANSWERED, "blind_ok", "far_end_disconnect"))
_EVENTS = ("error.", "connection.")


def target_of(conversation: Conversation, element: Element) -> Target:
    """The dialog that a subdialog element calls, fetched with what its namelist names."""
    url, names = conversation.given(element, "src") or "", names_in(element)
    submitted = request_of(conversation, element, url, names) if names or "method" in element.attrib else None
    return transitions.find(conversation, element, url, submitted=submitted, apart=True)


def transfer(conversation: Conversation, element: Element) -> tuple[Any, dict[str, Any]]:
    """Transfer the call; the value of the item's variable and its shadow. Raises the events of section 2.3.7."""
    kind = element.get("type") or (BRIDGE if properties.is_true(element.get("bridge", "")) else BLIND)
    if kind not in (BLIND, BRIDGE, CONSULTATION):
        raise Event("error.badfetch", f"there is no transfer of type {kind}", element)
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
    if outcome.startswith(_EVENTS):
        raise Event(outcome, f"the transfer to {destination} failed", element)
    if kind == BLIND or (kind == CONSULTATION and outcome in _PUT_THROUGH):
        conversation.gone = True
        raise Event("connection.disconnect.transfer", f"the caller was transferred to {destination}", element)
    if outcome == "noanswer":
        conversation.pass_time(properties.seconds(element.get("connecttimeout", CONNECT_SECONDS)))
    if outcome == ANSWERED:
        return _bridged(conversation, element)
    return outcome, {"duration": 0}


def _bridged(conversation: Conversation, element: Element) -> tuple[Any, dict[str, Any]]:
    """While both talk, the caller may say what ends it; else the other party leaves, or time is up."""
    began = conversation.seconds
    longest = properties.seconds(element.get("maxtime", "0s"))
    said = _interrupted(conversation, element) if children(element, "grammar") else None
    if said is not None:
        return "near_end_disconnect", said.shadow() | {"duration": conversation.seconds - began}
    seconds = min(TALK_SECONDS, longest or TALK_SECONDS)
    conversation.pass_time(seconds)
    return "far_end_disconnect" if seconds < (longest or seconds + 1) else "maxtime_disconnect", {"duration": seconds}


def _interrupted(conversation: Conversation, element: Element) -> Recognized | None:
    base = conversation.frame.document.base
    active = [from_element(conversation, grammar, element, base) for grammar in children(element, "grammar")]
    heard = conversation.caller.answers(conversation.listening([each.grammar.mode for each in active]))
    conversation.pass_time(min(heard.after or 0.0, TALK_SECONDS))
    if heard.kind == "hangup":
        conversation.hang_up()
    conversation.tell("input", **{heard.kind: heard.value or True})
    conversation.pass_time(lasts(conversation, heard))
    if heard.kind == "noinput":
        return None
    return understand(conversation, active, heard.value, "voice" if heard.kind == "say" else "dtmf")
