"""What only shows when the application runs: a machine and a silent caller meet it, and nothing is fetched anew.

A run ends well by an exit, a hang-up, or where it would leave what was read, such as by a submit.
"""

import mimetypes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from app.voicexml import session
from app.voicexml.caller import AnsweringMachine, Caller, ScriptedCaller, Step
from app.voicexml.limits import MOST_ITEMS
from app.voicexml.linting.application import Application
from app.voicexml.linting.findings import Finding
from app.voicexml.resources import Answer, NotFetched, Request

DETECTED_AFTER = 4.0
_KEPT = {"cache-control": "max-age=86400"}
"""A caller who stays until the last limit must not meet that of fetches on the way."""
_MACHINE, _SILENT = "an answering machine", "a caller who says nothing"


class _Left(Exception):
    """The application wants something that was not read."""


@dataclass(slots=True)
class _Run:
    """What happened: the errors that nobody handled, and every event as it was reported."""

    errors: tuple[str, ...] = ()
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cut_off(self) -> str:
        """The limit that ended it; empty when something else did."""
        last = self.events[-1] if self.events else {}
        return self.errors[-1] if last.get("event") == "disconnect" and last.get("by") == "platform" else ""

    @property
    def place(self) -> tuple[str, int]:
        """Where the last event was thrown, and what belongs to it."""
        thrown = [each for each in self.events if each["event"] == "throw" and "line" in each]
        return (str(thrown[-1]["document"]), int(thrown[-1]["line"] or 1)) if thrown else ("", 1)

    @property
    def listens(self) -> bool:
        """Whether it still waited for the caller towards its end."""
        later = self.events[len(self.events) // 2 :]
        return any(each["event"] == "input" for each in later)


def check(application: Application, found: list[Finding]) -> Iterator[Finding]:
    """What becomes of the call when nobody answers; ``found`` is what is known already."""
    machine = AnsweringMachine()
    machine.leaves_after = None  # its tape must not be what ends the call
    silent = ScriptedCaller([Step("noinput")] * (MOST_ITEMS + 1))
    stuck: set[tuple[str, int]] = set()
    for caller, who, kind in ((machine, _MACHINE, "answeringmachine"), (silent, _SILENT, "voice")):
        run = _run(application, caller, kind)
        place = run.place if run.place[0] else (application.start, 1)
        if run.cut_off:
            if place not in stuck:
                yield _endless(run, who, place)
            stuck.add(place)
        elif run.errors and not _is_known(run, place, found):
            yield Finding(*place, "error", f"{who} meets {run.errors[-1]}", "fails-unanswered")
            found = [*found, Finding(*place, "error", "", "fails-unanswered")]


def _endless(run: _Run, who: str, place: tuple[str, int]) -> Finding:
    if run.listens:
        advice = 'write a <noinput count="3"> that ends with <exit/>'
        return Finding(*place, "warning", f"{who} would never get past this: {run.cut_off}: {advice}", "never-ends")
    return Finding(*place, "error", f"{run.cut_off} without listening to anybody: find the circle", "endless")


def _is_known(run: _Run, place: tuple[str, int], found: list[Finding]) -> bool:
    """Whether reading has told already what is wrong with the document that the run ended in, or could not get."""
    wrong = {each.url for each in found if each.severity == "error"}
    return place[0] in wrong or any(url in run.errors[-1] for url in wrong)


def _run(application: Application, caller: Caller, kind: str) -> _Run:
    run = _Run()
    connection = {
        "local": {"uri": ""},
        "remote": {"uri": ""},
        "originator": {"uri": ""},
        "protocol": {"name": "simulated", "version": "1"},
        "redirect": [],
        "aai": "",
        "callee_type": "processing",
    }

    def fetch(request: Request) -> Answer:
        answer = application.reader.again(request)
        if answer is not None:
            return replace(answer, headers={**answer.headers, **_KEPT})
        if (mimetypes.guess_type(request.url)[0] or "").startswith("audio/"):
            raise NotFetched("a sound that was not read")
        raise _Left

    with suppress(_Left):
        run.errors = session.run(
            Request("GET", application.start),
            caller,
            fetch,
            {"connection": connection, "telephone": {"ani": "", "dnis": ""}},
            report=run.events.append,
            later=[(DETECTED_AFTER, "connection.callee_type", kind)],
        ).errors
    return run
