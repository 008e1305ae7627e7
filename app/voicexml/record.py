"""The record item: what the caller says is kept until it is silent, presses a key or leaves.

Its own grammars end the recording; others, where it is not modal, take the caller elsewhere. Source: VoiceXML 2.0
section 2.3.6.
"""

from collections.abc import Callable
from typing import Any

from app.voicexml import properties
from app.voicexml.active import grammars_for
from app.voicexml.caller import Heard
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element
from app.voicexml.hearing import Input, hear
from app.voicexml.recognition import Recognized, understand
from app.voicexml.recording import LONGEST_SECONDS, check_type, sound

Kept = Callable[[Any, dict[str, Any]], None]


def record(conversation: Conversation, element: Element, timeout: float, kept: Kept) -> Recognized | None:
    """Record; ``kept`` takes the recording and its shadow. What was recognised instead, for another than the item.

    Raises Event noinput and error.unsupported.format, and the hang-up after keeping what was said before.
    """
    check_type(element.get("type", "audio/x-wav"), element)
    longest = properties.seconds(element.get("maxtime", f"{LONGEST_SECONDS:.0f}s"))
    active = grammars_for(conversation, element)
    conversation.typed_ahead = ""
    heard = hear(conversation, timeout, conversation.listening())
    found = understand(conversation, active, heard.value, "voice" if heard.kind == "say" else "dtmf")
    if found is not None and found.active.owner is not element:
        conversation.pass_time(heard.seconds)
        return found
    ended = _ended(conversation, element, heard)
    by_key = ended is not None and ended.kind == "dtmf"
    seconds = min(heard.seconds, longest)
    kept({"recording": seconds}, _shadow(conversation, heard, longest, ended.value[:1] if ended and by_key else None))
    conversation.pass_time(seconds)
    if ended is not None and ended.kind == "hangup":
        conversation.hang_up()
    if found is None and not by_key and heard.seconds <= longest:
        conversation.pass_time(properties.seconds(element.get("finalsilence", "3s")))
    return None


def _ended(conversation: Conversation, element: Element, heard: Input) -> Heard | None:
    """What ended it before the caller was silent: one key, where keys do that, or that it hung up."""
    keys = properties.is_true(element.get("dtmfterm", "true"))
    if heard.kind == "dtmf":
        return Heard("dtmf", heard.value) if keys else None
    ended = conversation.caller.cuts_short(
        lambda it: it.kind == "hangup" or (keys and it.kind == "dtmf" and len(it.value) == 1)
    )
    if ended is not None and ended.kind == "dtmf":
        conversation.tell("input", dtmf=ended.value)
    return ended


def _shadow(conversation: Conversation, heard: Input, longest: float, key: str | None) -> dict[str, Any]:
    seconds = min(heard.seconds, longest)
    shadow = {
        "duration": round(seconds * 1000),
        "size": len(sound(seconds)),
        "termchar": key,
        "maxtime": heard.seconds > longest,
    }
    if conversation.mark is not None:
        shadow |= {"markname": conversation.mark[0], "marktime": conversation.mark[1]}
    return shadow
