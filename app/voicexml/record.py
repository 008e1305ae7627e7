"""The record item: what the caller says is kept until it is silent, presses a key or leaves.

Its own grammars end the recording; others, where it is not modal, take the caller elsewhere. Source: VoiceXML 2.0
section 2.3.6.
"""

from collections.abc import Callable
from typing import Any

from app.voicexml import properties
from app.voicexml.active import grammars_for
from app.voicexml.caller import Heard, Recorded
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element
from app.voicexml.hearing import Input, hear
from app.voicexml.recognition import Recognized, understand
from app.voicexml.recording import LONGEST_SECONDS, check_type, silence

Kept = Callable[[Any, dict[str, Any]], None]


def record(conversation: Conversation, element: Element, timeout: float, kept: Kept) -> Recognized | None:
    """Record; ``kept`` takes the recording and its shadow. What was recognised instead, for another than the item.

    Raises Event noinput and error.unsupported.format, and the hang-up after keeping what was said before.
    """
    check_type(element.get("type", "audio/x-wav"), element)
    longest = properties.seconds(element.get("maxtime", f"{LONGEST_SECONDS:.0f}s"))
    final = properties.seconds(element.get("finalsilence", "3s"))
    active = grammars_for(conversation, element)
    conversation.typed_ahead = ""
    beep = properties.is_true(element.get("beep", "false"))
    heard = hear(conversation, timeout, conversation.listening(recording=True, beep=beep))
    mode = "voice" if heard.kind == "say" else "dtmf"
    found = understand(conversation, active, heard.value, mode) if heard.value else None
    if found is not None and found.active.owner is not element:
        conversation.pass_time(heard.seconds)
        return found
    keys = properties.is_true(element.get("dtmfterm", "true"))
    if heard.kind == "say":
        most = min(longest, LONGEST_SECONDS)
        taken = conversation.caller.records(most, final, keys=keys)
        if taken is not None:
            _taken(conversation, taken, most, kept)
            return None
    ended = _ended(conversation, heard, keys=keys)
    by_key = ended is not None and ended.kind == "dtmf"
    seconds = min(heard.seconds, longest)
    shadow = _shadow(conversation, seconds, len(silence(seconds)), ended.value[:1] if ended and by_key else None)
    kept({"recording": seconds}, shadow | {"maxtime": heard.seconds > longest})
    conversation.pass_time(seconds)
    if ended is not None and ended.kind == "hangup":
        conversation.hang_up()
    if found is None and not by_key and heard.seconds <= longest:
        conversation.pass_time(final)
    return None


def _taken(conversation: Conversation, taken: Recorded, longest: float, kept: Kept) -> None:
    """Keep what a living caller has said."""
    conversation.tell("recorded", seconds=round(taken.seconds, 3), bytes=len(taken.sound))
    shadow = _shadow(conversation, taken.seconds, len(taken.sound), taken.key or None)
    value = conversation.recordings.keep(taken.seconds, taken.sound)
    kept(value, shadow | {"maxtime": taken.seconds >= longest})
    conversation.catch_up()
    if taken.key:
        conversation.tell("input", dtmf=taken.key)


def _ended(conversation: Conversation, heard: Input, *, keys: bool) -> Heard | None:
    """What ended it before the caller was silent: one key, where keys do that, or that it hung up."""
    if heard.kind == "dtmf":
        return Heard("dtmf", heard.value) if keys else None
    ended = conversation.caller.cuts_short(
        lambda it: it.kind == "hangup" or (keys and it.kind == "dtmf" and len(it.value) == 1)
    )
    if ended is not None and ended.kind == "dtmf":
        conversation.tell("input", dtmf=ended.value)
    return ended


def _shadow(conversation: Conversation, seconds: float, size: int, key: str | None) -> dict[str, Any]:
    shadow: dict[str, Any] = {"duration": round(seconds * 1000), "size": size, "termchar": key}
    if conversation.mark is not None:
        shadow |= {"markname": conversation.mark[0], "marktime": conversation.mark[1]}
    return shadow
