"""Hearing the caller: when it begins to say or press something, what prompts that cuts off, and what nobody listens to.

Source: VoiceXML 2.0 sections 4.1.5 (barge-in), 4.1.7 (timeout), 4.1.8 (input collection) and 6.3.6 (inputmodes).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.voicexml.caller import Heard, Listening
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.events import Event
from app.voicexml.leaving import Exit
from app.voicexml.playing import said
from app.voicexml.voice import Part

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
    conversation.catch_up()
    conversation.scopes.set("application.lastresult$", UNDEFINED)  # until there is a result (section 5.1.5)
    if conversation.gone:
        said(conversation)
        raise Exit
    queue = conversation.queue
    if conversation.typed_ahead and (not queue or queue[0].bargein):
        said(conversation, 0)
        return Input("dtmf", conversation.typed_ahead, 0)
    conversation.typed_ahead = ""  # a prompt that can't be interrupted deletes what was typed before it
    if wanted.voice and not wanted.keys and not wanted.recording and not conversation.caller.understands:
        conversation.tell("unheard", message="nobody recognises speech on this line, and no key is waited for")
    silence = sum(part.seconds for part in queue)

    def takes(heard: Heard) -> bool:
        begins = _begins(heard, silence)
        part = _playing(queue, begins)
        hotword = _hotword(conversation, part or (queue[-1] if queue else None))
        in_time = begins < silence + timeout
        taken = in_time and _is_listened_to(conversation, heard, part) and (not hotword or fits(heard))
        if not taken:
            told = {heard.kind: heard.value}
            conversation.at(conversation.seconds + begins, lambda: conversation.tell("input", **told, ignored=True))
        return taken

    heard = conversation.caller.answers(replace(wanted, parts=queue, timeout=timeout, takes=takes))
    begins = _begins(heard, silence)
    if heard.kind == "hangup":
        conversation.caller.leaves_after = conversation.seconds + begins
    elif heard.kind != "noinput" and takes(heard):
        part = _playing(queue, begins)
        return _begun(conversation, heard, begins, lasting=part is not None and _hotword(conversation, part))
    said(conversation)
    if heard.kind == "noinput":
        conversation.tell("input", noinput=True)
    conversation.pass_time(timeout)
    raise Event("noinput", "nothing was said")


def _begins(heard: Heard, silence: float) -> float:
    return silence if heard.after is None else heard.after


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
    seconds = conversation.lasts(heard)
    told = {heard.kind: heard.value}
    ends = begins + seconds if lasting else begins
    if lasting:
        conversation.at(now + begins, lambda: conversation.tell("input", **told))
    said(conversation, ends)
    conversation.pass_time(max(0.0, now + ends - conversation.seconds))
    if not lasting:
        conversation.tell("input", **told)
    return Input(heard.kind, heard.value, 0 if lasting else seconds)
