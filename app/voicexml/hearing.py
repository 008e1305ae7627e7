"""Hearing the caller: when it begins to say or press something, what prompts that cuts off, and what nobody listens to.

Source: VoiceXML 2.0 sections 4.1.5 (barge-in), 4.1.7 (timeout), 4.1.8 (input collection) and 6.3.6 (inputmodes).
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.voicexml.caller import SECONDS_PER_KEY, Heard, Listening
from app.voicexml.conversation import Conversation, Part
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.events import Event
from app.voicexml.leaving import Exit
from app.voicexml.playing import play

HOTWORD = "hotword"


@dataclass(frozen=True, slots=True)
class Input:
    """Words (``kind`` say) or keys (dtmf) that begin now; ``seconds`` is how long they still take."""

    kind: str
    value: str
    seconds: float


def hear(
    conversation: Conversation, timeout: float, wanted: Listening, fits: Callable[[Heard], bool] = lambda _: False
) -> Input:
    """Say what is queued and wait ``timeout`` seconds for input; ``fits`` says whether a grammar matches it.

    Raises Event noinput and connection.disconnect.hangup; Exit when nobody is there.
    """
    queue = conversation.queue
    conversation.scopes.set("application.lastresult$", UNDEFINED)  # until there is a result (section 5.1.5)
    if conversation.gone:
        play(conversation)
        raise Exit
    if conversation.typed_ahead and (not queue or queue[0].bargein):
        play(conversation, 0)
        return Input("dtmf", conversation.typed_ahead, 0)
    conversation.typed_ahead = ""  # a prompt that can't be interrupted deletes what was typed before it
    heard = conversation.caller.answers(wanted)
    silence = sum(part.seconds for part in queue)
    begins = silence if heard.after is None else heard.after
    if heard.kind == "hangup":
        conversation.caller.leaves_after = conversation.seconds + begins
    elif heard.kind != "noinput":
        part = _playing(queue, begins)
        hotword = _hotword(conversation, part or (queue[-1] if queue else None))
        in_time = begins < silence + timeout
        if in_time and _is_listened_to(conversation, heard, part) and (not hotword or fits(heard)):
            return _begun(conversation, heard, begins, lasting=hotword and part is not None)
        told = {heard.kind: heard.value}
        conversation.at(conversation.seconds + begins, lambda: conversation.tell("input", **told, ignored=True))
    play(conversation)
    if heard.kind == "noinput":
        conversation.tell("input", noinput=True)
    conversation.pass_time(timeout)
    raise Event("noinput", "nothing was said")


def lasts(conversation: Conversation, heard: Heard) -> float:
    """How many seconds saying or pressing it takes."""
    return conversation.speaks(heard.value) if heard.kind == "say" else len(heard.value) * SECONDS_PER_KEY


def _playing(queue: list[Part], second: float) -> Part | None:
    """What of the queue is being said at that second; None when it is over."""
    for part in queue:
        if second < part.seconds:
            return part
        second -= part.seconds
    return None


def _hotword(conversation: Conversation, part: Part | None) -> bool:
    """Whether only what matches counts: of the prompt that is said, of the last one while silence is waited for."""
    return part.hotword if part is not None else conversation.property("bargeintype") == HOTWORD


def _is_listened_to(conversation: Conversation, heard: Heard, part: Part | None) -> bool:
    mode = "voice" if heard.kind == "say" else "dtmf"
    return (part is None or part.bargein) and mode in conversation.property("inputmodes").split()


def _begun(conversation: Conversation, heard: Heard, begins: float, *, lasting: bool) -> Input:
    """Up to where the input begins. ``lasting``: prompts go on until it is complete, as they do for a hotword."""
    now = conversation.seconds
    seconds = lasts(conversation, heard)
    told = {heard.kind: heard.value}
    ends = begins + seconds if lasting else begins
    if lasting:
        conversation.at(now + begins, lambda: conversation.tell("input", **told))
    play(conversation, ends)
    conversation.pass_time(max(0.0, now + ends - conversation.seconds))
    if not lasting:
        conversation.tell("input", **told)
    return Input(heard.kind, heard.value, 0 if lasting else seconds)
