"""Listening: what the caller says or presses, held against the active grammars (sections 3.1 and appendix D)."""

from dataclasses import dataclass
from typing import Any

from app.voicexml import properties
from app.voicexml.active import Active
from app.voicexml.caller import SECONDS_PER_KEY, Heard
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.events import Event
from app.voicexml.grammars import Answer, BadGrammar, Match
from app.voicexml.leaving import Exit

DTMF, VOICE = "dtmf", "voice"


@dataclass(frozen=True, slots=True)
class Recognized:
    """What was understood, and whose grammar understood it."""

    active: Active
    interpretation: Any
    utterance: str
    mode: str
    mark: tuple[str, int] | None = None
    """The last mark of the prompt and how long ago it was passed, in milliseconds."""

    def shadow(self) -> dict[str, Any]:
        """The fields of section 2.3.1's shadow variables and of application.lastresult$; nobody is ever unsure here."""
        fields = {
            "confidence": 1.0,
            "utterance": self.utterance,
            "inputmode": self.mode,
            "interpretation": self.interpretation,
        }
        if self.mark is not None:
            fields |= {"markname": self.mark[0], "marktime": self.mark[1]}
        return fields


def listen(conversation: Conversation, active: list[Active], timeout: float) -> Recognized:
    """Say what is queued and wait for input. Raises Event noinput, nomatch and connection.disconnect.hangup."""
    conversation.play()
    if conversation.gone:
        raise Exit
    if conversation.typed_ahead:
        return _keyed(conversation, active)
    heard = conversation.caller.answers(conversation.listening(timeout, [each.grammar.mode for each in active]))
    if heard.kind == "hangup":
        conversation.hang_up()
    _tell(conversation, heard)
    if heard.kind == "noinput":
        conversation.pass_time(timeout)
        raise Event("noinput", "nothing was said")
    if heard.kind == "say":
        conversation.pass_time(heard.seconds)
        return _understood(conversation, active, heard.value, VOICE)
    conversation.typed_ahead = heard.value
    return _keyed(conversation, active)


def _tell(conversation: Conversation, heard: Heard) -> None:
    conversation.tell("input", **{heard.kind: heard.value or True})


def _keyed(conversation: Conversation, active: list[Active]) -> Recognized:
    """Keys one by one until a grammar is satisfied; keys beyond that are for the next one who listens."""
    typed, keys = "", conversation.typed_ahead
    ends = conversation.property("termchar")
    while keys:
        key, keys = keys[0], keys[1:]
        conversation.pass_time(SECONDS_PER_KEY)
        answers = _answers(active, typed + key, DTMF)
        if all(match.answer is Answer.NO for _, match in answers):
            if key == ends and typed:
                break  # the key that says: that was all
            conversation.typed_ahead = ""
            raise _no_match(conversation, typed + key + keys, DTMF)
        typed += key
        if _is_final(answers):
            keys = keys.removeprefix(ends) if ends else keys
            break
    else:
        conversation.pass_time(properties.seconds(conversation.property("interdigittimeout")))
    conversation.typed_ahead = keys
    return _understood(conversation, active, typed, DTMF)


def _is_final(answers: list[tuple[Active, Match]]) -> bool:
    """Whether more keys can't change anything: one grammar is satisfied and none waits for more."""
    kinds = {match.answer for _, match in answers}
    return Answer.FULL in kinds and not kinds & {Answer.PREFIX, Answer.EXTENDABLE}


def _answers(active: list[Active], text: str, mode: str) -> list[tuple[Active, Match]]:
    return [(each, _match(each, text, mode)) for each in active]


def _match(active: Active, text: str, mode: str) -> Match:
    try:
        return active.grammar.match([text], mode)
    except BadGrammar as wrong:
        raise Event("error.semantic", f"grammar: {wrong}", active.owner) from wrong


def _understood(conversation: Conversation, active: list[Active], text: str, mode: str) -> Recognized:
    found = understand(conversation, active, text, mode)
    if found is None:
        raise _no_match(conversation, text, mode)
    return found


def understand(conversation: Conversation, active: list[Active], text: str, mode: str) -> Recognized | None:
    """The first grammar that all of an input matches, in the order of precedence; application.lastresult$ tells too."""
    for each, match in _answers(active, text, mode):
        if match:
            value = match.interpretation if each.value is None else each.value
            found = Recognized(each, value, match.utterance, mode, _since(conversation))
            _remember(conversation, found)
            conversation.tell("match", utterance=match.utterance, value=value, grammar=each.source, owner=each.whose)
            return found
    return None


def _since(conversation: Conversation) -> tuple[str, int] | None:
    if conversation.mark is None:
        return None
    name, at = conversation.mark
    return name, round((conversation.seconds - at) * 1000)


def _remember(conversation: Conversation, found: Recognized) -> None:
    """Section 5.1.5: application.lastresult$, a list of one result that has the fields itself as well."""
    conversation.scopes.set("application.lastresult$", [found.shadow()])
    for name in found.shadow():
        conversation.scopes.evaluate(f"application.lastresult$.{name} = application.lastresult$[0].{name}")


def _no_match(conversation: Conversation, text: str, mode: str) -> Event:
    conversation.scopes.set("application.lastresult$", UNDEFINED)
    return Event("nomatch", f"{'said' if mode == VOICE else 'pressed'}: {text}")
