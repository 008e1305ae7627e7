"""What a match means: Semantic Interpretation 1.0, its literals, and the ways tags were written before it.

A rule without tags means what the last rule in it means, else its words (SISR 1.0). In grammars that name no tag format
rules that have no tag in them either don't count there: four references to a digit mean all four digits (VoiceXML 2.0
section 3.1.6). Scripts run in JavaScript of their own, which knows neither the call nor its page.
"""

import json
import re
from dataclasses import dataclass
from typing import TypeAlias, cast

from app.voicexml.ecmascript import ScriptError, call_apart, decoded
from app.voicexml.grammars.derivations import Event
from app.voicexml.grammars.linking import Key, Linked
from app.voicexml.grammars.rules import DTMF, BadGrammar, Tag
from app.voicexml.grammars.sisr import SISR

Meaning: TypeAlias = "str | int | float | bool | list[Meaning] | dict[str, Meaning] | None"
Step: TypeAlias = tuple[str, object, bool]
"""("words", [word, …], _) · ("set", value, _) · ("run", code, _) · ("enter", rule, _) · ("leave", _, strict).

``strict`` is whether the rule's tag format is one of SISR.
"""

SECONDS = 0.1
"""The processor time that all tags of an answer may take."""

_LITERALS = "semantics/1.0-literals"
_SCRIPTS = re.compile(r"semantics/1\.0(\.\d+)?")
_QUOTED = re.compile(r"""(?:'([^'\\]*)'|"([^"\\]*)")\s*;?""")
_ASSIGNED = re.compile(r"""(?:out|\$)\s*=\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*;?""")
_BARE = re.compile(r"[^='\"(){};$\[\]]*")

_NONE = object()


@dataclass(slots=True)
class _Frame:
    """A rule that is being read: where its words begin, its own value, and the value that it has without one."""

    start: int
    value: object = _NONE
    latest: object = _NONE


def utterance(words: list[str], mode: str) -> str:
    """Words as a sentence; keys side by side."""
    return ("" if mode == DTMF else " ").join(words)


def meaning(events: list[Event], rules: dict[Key, Linked], mode: str) -> tuple[Meaning, str]:
    """The interpretation of a derivation and its utterance. Raises BadGrammar when a tag's script fails."""
    steps = [_step(event, rule, rules) for event, rule in _inside(events)]
    said = [word for kind, words, _ in steps if kind == "words" and isinstance(words, list) for word in words]
    if any(kind == "run" for kind, _, _ in steps):
        return _scripted(steps, rules, mode), utterance(said, mode)
    return _literal(steps, mode), utterance(said, mode)


def _inside(events: list[Event]) -> list[tuple[Event, Key]]:
    """Each event with the rule that it happens in; a rule's own beginning and end are in it."""
    found: list[tuple[Event, Key]] = []
    path: list[Key] = []
    for event in events:
        kind, what = event
        if kind == "enter":
            path.append(what)  # type: ignore[arg-type]  # as the matcher says
        found.append((event, path[-1]))
        if kind == "leave":
            path.pop()
    return found


def _step(event: Event, key: Key, rules: dict[Key, Linked]) -> Step:
    kind, what = event
    tag_format = rules[key].source.tag_format.strip().lower()
    scripts = _SCRIPTS.fullmatch(tag_format) is not None
    strict = scripts or tag_format == _LITERALS
    if isinstance(what, Tag):
        literal = _read(what.text, tag_format, scripts)
        return ("run", what.text, strict) if literal is None else ("set", literal, strict)
    if kind == "words":
        return kind, list(what), strict  # type: ignore[call-overload]  # as the matcher says
    if kind == "value":
        return "set", what, strict
    return kind, key[1], strict


def _read(text: str, tag_format: str, strict: bool) -> str | None:
    """The text that a tag stands for, or None where it is a script.

    ``out = "x"`` needs no engine. Without a tag format a text in quotes and bare words stand for themselves, as in the
    drafts of SISR and in JSGF.
    """
    text = text.strip()
    if tag_format == _LITERALS:
        return text
    quoted = _ASSIGNED.fullmatch(text) or (None if strict else _QUOTED.fullmatch(text))
    if quoted:
        return quoted[1] if quoted[1] is not None else quoted[2]
    return text if text and not strict and _BARE.fullmatch(text) else None


def _literal(steps: list[Step], mode: str) -> Meaning:
    """The meaning where no tag is a script."""
    said: list[str] = []
    frames = [_Frame(0)]
    for kind, what, strict in steps:
        if kind == "words":
            said += cast(list[str], what)
        elif kind == "set":
            frames[-1].value = what
        elif kind == "enter":
            frames.append(_Frame(len(said)))
        else:
            frame = frames.pop()
            known = frame.latest if frame.value is _NONE else frame.value
            if known is not _NONE or strict or len(frames) == 1:
                frames[-1].latest = utterance(said[frame.start :], mode) if known is _NONE else known
    return cast(Meaning, frames[0].latest)


def _scripted(steps: list[Step], rules: dict[Key, Linked], mode: str) -> Meaning:
    """The meaning where a tag is a script: the same steps, in JavaScript."""
    sources = {id(linked.source): linked.source for linked in rules.values()}
    first = [tag for source in sources.values() if source.tag_format != _LITERALS for tag in source.tags]
    given = json.dumps({"steps": steps, "tags": first, "joint": "" if mode == DTMF else " "})
    try:
        found = call_apart(SISR, given, seconds=SECONDS)
        return cast(Meaning, decoded(found))
    except ScriptError as failure:
        raise BadGrammar(f"a tag of the grammar failed: {failure}") from failure
