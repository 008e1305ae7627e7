"""Each document in conformance/ against a scripted caller: what has to happen, by the section it is named for.

A name begins with the section of VoiceXML 2.0, or with ``v21-`` and the section of VoiceXML 2.1. A transcript lists
what `ringback vxml --json` prints; an event says only what matters (``at`` where time does), prompts that follow one
another are one text, and fetches, beeps and variables are listed where they are what is tested. The ``caller`` does
steps; ``machine`` is what an answering machine says instead; ``hangs_up_at_prompt``, ``hangs_up_after`` end the call.
"""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from conformance_pages import BASE, DIRECTORY, fetch

from app.voicexml.caller import AnsweringMachine, Caller, ScriptedCaller, Step
from app.voicexml.resources import Request
from app.voicexml.session import run

VARIABLES = {
    "connection": {"local": {"uri": "tel:+16175550199"}, "remote": {"uri": "tel:+16175550100"}, "callee_type": "voice"}
}


def _events(name: str, expected: dict[str, Any]) -> list[dict[str, Any]]:
    happened: list[dict[str, Any]] = []
    run(Request("GET", f"{BASE}{name}.vxml"), _caller(expected), fetch, VARIABLES, report=happened.append)
    told = {"prompt", "audio", "log", "throw", "input", "transfer", "exit", "disconnect"}
    told |= {each["event"] for each in expected["events"]}
    return _joined(each for each in happened if each["event"] in told)


def _caller(expected: dict[str, Any]) -> Caller:
    leaves = expected.get("hangs_up_after"), expected.get("hangs_up_at_prompt")
    if "machine" in expected:
        return AnsweringMachine([expected["machine"]], *leaves)
    steps = (
        Step(kind, "" if value is True else value, step.get("after"))
        for step in expected["caller"]
        for kind, value in step.items()
        if kind != "after"
    )
    return ScriptedCaller(steps, *leaves)


def _joined(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What nobody heard is left out, neighbouring prompts are one, which begins with the first; relative addresses."""
    found: list[dict[str, Any]] = []
    for each in events:
        if each.get("heard") is False:
            continue
        told = {key: value.removeprefix(BASE) if key in ("src", "url") else value for key, value in each.items()}
        if told["event"] == "prompt" and found and found[-1]["event"] == "prompt":
            found[-1] = found[-1] | told | {"at": found[-1]["at"], "text": f"{found[-1]['text']} {told['text']}"}
        else:
            found.append(told)
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in DIRECTORY.glob("*.json")))
def test_conformance(name: str) -> None:
    expected = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    happened = _events(name, expected)
    wanted = expected["events"]
    told = [
        {key: value for key, value in event.items() if place >= len(wanted) or key in wanted[place]}
        for place, event in enumerate(happened)
    ]
    assert told == wanted, expected["behaviour"]
