"""Listening: what the caller says or presses, held against the active grammars (sections 3.1 and appendix D)."""

import json
from dataclasses import dataclass, field
from typing import Any

from app.voicexml import properties
from app.voicexml.active import Active
from app.voicexml.caller import Heard
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import ScriptError
from app.voicexml.elements import whole
from app.voicexml.events import Event
from app.voicexml.grammars import Answer, BadGrammar, Match
from app.voicexml.hearing import Input, hear
from app.voicexml.recording import check_type, silence

DTMF, VOICE = "dtmf", "voice"
MOST_RESULTS = 10
"""Interpretations that application.lastresult$ has at most, whatever maxnbest is."""

Answers = list[tuple[Active, Match]]
"""What an input is to each active grammar, in their order of precedence."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """What was understood, and whose grammar understood it."""

    active: Active
    interpretation: Any
    utterance: str
    mode: str
    details: dict[str, Any] = field(default_factory=dict)
    """What the conversation adds: the last mark of the prompt, a recording of the utterance."""

    def shadow(self) -> dict[str, Any]:
        """The fields of section 2.3.1's shadow variables and of application.lastresult$; nobody is ever unsure here."""
        return _fields(1.0, self.utterance, self.mode, self.interpretation) | self.details


def _fields(confidence: float, utterance: str, mode: str, interpretation: Any) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "utterance": utterance,
        "inputmode": mode,
        "interpretation": interpretation,
    }


def listen(conversation: Conversation, active: list[Active], timeout: float) -> Recognized:
    """Say what is queued and wait for input.

    Raises Event noinput, nomatch, maxspeechtimeout and connection.disconnect.hangup, and Exit when nobody is there.
    """

    def fits(heard: Heard) -> bool:
        mode = VOICE if heard.kind == "say" else DTMF
        return any(match for _, match in _answers(conversation, active, heard.value, mode))

    wanted = conversation.listening([each.grammar.mode for each in active])
    given = hear(conversation, timeout, wanted, fits)
    if given.kind == "say":
        return _spoken(conversation, active, given)
    conversation.typed_ahead = given.value
    return _keyed(conversation, active)


def _spoken(conversation: Conversation, active: list[Active], given: Input) -> Recognized:
    """Words, and the silence after which they are taken for all of it (section 6.3.2, appendix D.2)."""
    longest = conversation.duration("maxspeechtimeout")
    if given.seconds > longest:
        conversation.pass_time(longest)
        raise Event("maxspeechtimeout", f"spoke for more than {longest:g} s")
    conversation.pass_time(given.seconds)
    answers = _answers(conversation, active, given.value, VOICE)
    conversation.pass_time(conversation.duration("completetimeout" if _is_final(answers) else "incompletetimeout"))
    return _understood(conversation, answers, given.value, VOICE)


def _keyed(conversation: Conversation, active: list[Active]) -> Recognized:
    """Keys one by one until a grammar is satisfied (appendix D.1); those beyond it are for the next one who listens."""
    typed, keys = "", conversation.typed_ahead
    ends = conversation.property("termchar")
    answers: Answers = []
    between = conversation.duration("interdigittimeout")
    while keys or (keys := _another_key(conversation, between)):
        key, keys = keys[0], keys[1:]
        conversation.pass_time(conversation.lasts(Heard("dtmf", key)))
        now = _answers(conversation, active, typed + key, DTMF)
        if all(match.answer is Answer.NO for _, match in now):
            if key == ends and typed:
                break  # the key that says: that was all
            conversation.typed_ahead = ""
            raise _no_match(conversation, typed + key + keys, DTMF)
        typed, answers = typed + key, now
        if _is_final(answers):
            keys = _terminated(conversation, keys, ends)
            break
    else:
        conversation.pass_time(between)
    conversation.typed_ahead = keys
    return _understood(conversation, answers, typed, DTMF)


def _terminated(conversation: Conversation, keys: str, ends: str) -> str:
    """Where no more keys can follow, the termchar still may, for the termtimeout; the keys that are left."""
    if ends and not keys:
        longest = conversation.duration("termtimeout")
        keys = _another_key(conversation, longest)
        if not keys:
            conversation.pass_time(longest)
    if ends and keys.startswith(ends):
        conversation.pass_time(conversation.lasts(Heard("dtmf", ends)))
        return keys.removeprefix(ends)
    return keys


def _another_key(conversation: Conversation, within: float) -> str:
    """A key that a living caller presses after the others."""
    key = conversation.caller.another_key(within)
    if key:
        conversation.catch_up()
        conversation.tell("input", dtmf=key)
    return key


def _is_final(answers: Answers) -> bool:
    """Whether more input can't change anything: one grammar is satisfied and none waits for more."""
    kinds = {match.answer for _, match in answers}
    return Answer.FULL in kinds and not kinds & {Answer.PREFIX, Answer.EXTENDABLE}


def _answers(conversation: Conversation, active: list[Active], text: str, mode: str) -> Answers:
    most = _most_results(conversation)
    return [(each, _match(conversation, each, text, mode, most)) for each in active]


def _most_results(conversation: Conversation) -> int:
    return max(1, min(whole(conversation.property("maxnbest"), 1), MOST_RESULTS))


def _match(conversation: Conversation, active: Active, text: str, mode: str, most: int) -> Match:
    conversation.limits.seconds_left()
    try:
        return active.grammar.match([text], mode, most)
    except BadGrammar as wrong:
        cause = wrong.__cause__
        kind = cause.kind if isinstance(cause, ScriptError) else "Error"
        raise conversation.semantic(ScriptError(kind, f"grammar: {wrong}"), active.owner) from wrong


def understand(conversation: Conversation, active: list[Active], text: str, mode: str) -> Recognized | None:
    """The first grammar that all of an input matches, in the order of precedence; application.lastresult$ tells too."""
    return _first(conversation, _answers(conversation, active, text, mode), text, mode)


def _understood(conversation: Conversation, answers: Answers, text: str, mode: str) -> Recognized:
    found = _first(conversation, answers, text, mode)
    if found is None:
        raise _no_match(conversation, text, mode)
    return found


def _first(conversation: Conversation, answers: Answers, text: str, mode: str) -> Recognized | None:
    details = _details(conversation, text, mode)
    results = [
        Recognized(each, value, match.utterance, mode, details)
        for each, match in answers
        for value in _meanings(each, match)
    ]
    if not results:
        return None
    found = results[0]
    told = list({json.dumps(each.shadow(), sort_keys=True): each.shadow() for each in results}.values())
    _remember(conversation, told[: _most_results(conversation)])
    source, whose = found.active.source, found.active.whose
    conversation.tell("match", utterance=found.utterance, value=found.interpretation, grammar=source, owner=whose)
    return found


def _meanings(active: Active, match: Match) -> list[Any]:
    """What an input means to one grammar: the value of an option, else its interpretations."""
    if not match:
        return []
    return [match.interpretation, *match.others] if active.value is None else [active.value]


def _details(conversation: Conversation, text: str, mode: str) -> dict[str, Any]:
    """VoiceXML 2.1: markname and marktime (section 4); the recording of what was said, if it is wanted (section 7)."""
    fields: dict[str, Any] = {}
    if conversation.mark is not None:
        fields |= {"markname": conversation.mark[0], "marktime": conversation.mark[1]}
    if mode == VOICE and properties.is_true(conversation.property("recordutterance")):
        check_type(conversation.property("recordutterancetype"), conversation.frame.item)
        seconds = conversation.lasts(Heard("say", text))
        fields["recording"] = {"recording": seconds}
        fields |= {"recordingsize": len(silence(seconds)), "recordingduration": round(seconds * 1000)}
    return fields


def _remember(conversation: Conversation, results: list[dict[str, Any]]) -> None:
    """Section 5.1.5: application.lastresult$, the list of the results, which has the fields of the first itself."""
    conversation.scopes.set("application.lastresult$", results)
    conversation.scopes.truth("Object.assign(application.lastresult$, application.lastresult$[0])")


def _no_match(conversation: Conversation, text: str, mode: str) -> Event:
    """Section 5.1.5: what matches nothing is a result as well; of its values only what came is known."""
    _remember(conversation, [_fields(0.0, text, mode, None) | _details(conversation, text, mode)])
    return Event("nomatch", f"{'said' if mode == VOICE else 'pressed'}: {text}")
