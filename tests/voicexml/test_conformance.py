"""Each document in conformance/ against a scripted caller: what has to happen, by the section it is named for.

A name begins with the section of VoiceXML 2.0, or with ``v21-`` and the section of VoiceXML 2.1. A transcript lists
what `ringback vxml --json` prints, without times; an event says only what matters, prompts that follow one another are
one text, and fetches are listed where they are what is tested.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from app.voicexml.caller import ScriptedCaller, Step
from app.voicexml.resources import Answer, Request
from app.voicexml.session import run

DIRECTORY = Path(__file__).parent / "conformance"
BASE = "http://customer.example/"
VARIABLES = {"connection": {"remote": {"uri": "tel:+16175550100"}, "callee_type": "voice"}}


def _fetch(request: Request) -> Answer:
    """The files of the directory, those of ``pages`` also under ``kept``, where they stay fresh for a minute.

    ``echo`` speaks what was sent to it, ``echo-return`` returns it as ``sent``, ``echo-kind`` speaks its media types.
    """
    path, _, query = request.url.removeprefix(BASE).partition("?")
    if path in ("echo", "echo-return"):
        sent = f"{request.method} {query if request.body is None else request.body.decode()}"
        return _answer(request, _echo(sent, returns=path == "echo-return"))
    if path == "echo-kind":
        kinds = re.findall(rb"Content-Type: (\S+)", request.body or b"")
        return _answer(request, _echo(" ".join([request.content_type.partition(";")[0], *map(bytes.decode, kinds)])))
    file = DIRECTORY / re.sub("^kept/", "pages/", path)
    if path.startswith("status-"):
        return Answer(int(path.removeprefix("status-")), request.url, {}, b"")
    if not file.is_file():
        return Answer(404, request.url, {"content-type": "text/plain"}, b"no such page")
    return _answer(request, file.read_bytes(), kept=path.startswith("kept/"))


def _answer(request: Request, body: bytes, *, kept: bool = False) -> Answer:
    headers = {"content-type": "application/voicexml+xml"} | ({"cache-control": "max-age=60"} if kept else {})
    return Answer(200, request.url, headers, body)


def _echo(sent: str, *, returns: bool = False) -> bytes:
    expr = quoteattr(json.dumps(sent))
    content = '<return namelist="sent"/>' if returns else '<value expr="sent"/>'
    return f'<vxml version="2.0"><form><var name="sent" expr={expr}/><block>{content}</block></form></vxml>'.encode()


def _events(name: str, expected: dict[str, Any]) -> list[dict[str, Any]]:
    happened: list[dict[str, Any]] = []
    steps = [Step(kind, "" if value is True else value) for step in expected["caller"] for kind, value in step.items()]
    run(Request("GET", f"{BASE}{name}.vxml"), ScriptedCaller(steps), _fetch, VARIABLES, report=happened.append)
    told = {"prompt", "audio", "log", "throw", "input", "transfer", "exit", "disconnect"}
    if any(each["event"] == "fetch" for each in expected["events"]):
        told.add("fetch")
    return _joined(each for each in happened if each["event"] in told)


def _joined(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without times; what nobody heard is left out, neighbouring prompts are one, addresses are relative."""
    found: list[dict[str, Any]] = []
    for each in events:
        if each.get("heard") is False:
            continue
        told = {key: value.removeprefix(BASE) if key in ("src", "url") else value for key, value in each.items()}
        del told["at"]
        if told["event"] == "prompt" and found and found[-1]["event"] == "prompt":
            found[-1] = {"event": "prompt", "text": f"{found[-1]['text']} {told['text']}"}
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
