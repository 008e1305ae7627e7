"""Recording what the caller says (VoiceXML 2.0 section 2.3.6). A recording is silence of the length that was spoken."""

import struct
from collections.abc import Callable
from typing import Any

from app.voicexml import properties
from app.voicexml.conversation import Conversation
from app.voicexml.elements import Element
from app.voicexml.hearing import hear

LONGEST_SECONDS = 60.0
RATE = 8000
_SILENCE = b"\xff"  # of G.711 mu-law

Kept = Callable[[Any, dict[str, Any]], set[str]]


def record(conversation: Conversation, element: Element, timeout: float, kept: Kept) -> set[str]:
    """Record; ``kept`` takes the recording and its shadow. Raises Event noinput, and the hang-up after keeping it."""
    longest = properties.seconds(element.get("maxtime", f"{LONGEST_SECONDS:.0f}s"))
    conversation.typed_ahead = ""
    heard = hear(conversation, timeout, conversation.listening())
    seconds = min(heard.seconds, longest)
    key = heard.value[:1] if heard.kind == "dtmf" and element.get("dtmfterm", "true") == "true" else None
    shadow = {
        "duration": round(seconds * 1000),
        "size": len(sound(seconds)),
        "termchar": key,
        "maxtime": heard.seconds > longest,
    }
    if conversation.mark is not None:
        shadow |= {"markname": conversation.mark[0], "marktime": conversation.mark[1]}
    filled = kept({"recording": seconds}, shadow)
    conversation.pass_time(seconds)
    if key is None and heard.seconds <= longest:
        conversation.pass_time(properties.seconds(element.get("finalsilence", "3s")))
    return filled


def length(value: Any) -> float | None:
    """The seconds of a variable's value that is a recording; None for any other."""
    seconds = value.get("recording") if isinstance(value, dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) else None


def sound(seconds: float) -> bytes:
    """A WAV file of silence, 8 kHz mu-law as telephones have it."""
    data = _SILENCE * round(min(seconds, LONGEST_SECONDS) * RATE)
    form = b"fmt " + struct.pack("<IHHIIHHH", 18, 7, 1, RATE, RATE, 1, 8, 0)
    content = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(content)) + content
