"""Playing what is queued: all of it, or as much as the caller hears before it interrupts or leaves.

Source: VoiceXML 2.0 sections 4.1.5 and 4.1.8, VoiceXML 2.1 section 4 (marks). Who interrupts is hearing's business.
"""

from math import inf

from app.voicexml.conversation import Conversation
from app.voicexml.events import Event
from app.voicexml.voice import Part


def play(conversation: Conversation, until: float = inf) -> None:
    """Say what is queued, for ``until`` seconds at most. Raises Event when the caller leaves in the middle of it."""
    conversation.catch_up()
    if not conversation.gone:
        conversation.caller.hears(conversation.queue, until)
    said(conversation, until)


def said(conversation: Conversation, until: float = inf) -> None:
    """What is queued has been said, for ``until`` seconds at most: tell it, and let the time pass. Raises as above."""
    queue, conversation.queue = conversation.queue, []
    conversation.mark = None
    passed: tuple[str, float] | None = None
    ends = conversation.seconds + until
    for place, part in enumerate(queue):
        begins = conversation.seconds
        try:
            _play(conversation, part, ends - begins)
        except Event:
            for unheard in queue[place + 1 :]:
                _tell(conversation, unheard, heard=False)
            raise
        for name, offset in part.marks:
            if begins + offset <= min(ends, conversation.seconds):
                passed = name, begins + offset
    if passed is not None:
        conversation.mark = passed[0], round((conversation.seconds - passed[1]) * 1000)


def _play(conversation: Conversation, part: Part, left: float) -> None:
    """One part, to whoever is there; ``left`` are the seconds until it is interrupted."""
    if conversation.gone or left <= 0:
        _tell(conversation, part, heard=False)
        return
    conversation.parts += 1
    if conversation.parts == conversation.caller.leaves_at_prompt:
        conversation.caller.leaves_after = conversation.seconds
    leaves = conversation.caller.leaves_after
    if leaves is not None:
        left = min(left, max(0.0, leaves - conversation.seconds))
    _tell(conversation, part, heard=left > 0, cut_after=left)
    conversation.pass_time(min(part.seconds, left))


def _tell(conversation: Conversation, part: Part, *, heard: bool, cut_after: float = inf) -> None:
    facts: dict[str, object] = {}
    if not heard:
        facts["heard"] = False
    elif round(cut_after, 3) < round(part.seconds, 3):
        facts["cut_after"] = round(cut_after, 3)
    if part.src:
        conversation.tell("audio", src=part.src, played=part.played and heard, **facts)
    elif part.text:
        conversation.tell("prompt", text=part.text, **facts)
