"""Holds 500 conversations in mid-turn, or as many bare JavaScript contexts, and prints the MB of memory for each.

A program of its own, so that nothing else is in its memory: ``python -m tests.bench.talking ours|bare``.
"""

import sys
import threading
from pathlib import Path

import quickjs

from app.voicexml import session
from app.voicexml.caller import Heard, Listening, ScriptedCaller
from app.voicexml.resources import Request
from tests.bench import voicexml

COUNT = 500
HALFWAY = voicexml.TURNS // 2


class _Holding(ScriptedCaller):
    """Says yes, and in the middle of the conversation waits until all are there."""

    def __init__(self, here: threading.Barrier, release: threading.Event) -> None:
        super().__init__()
        self._here, self._release, self._turns = here, release, 0

    def answers(self, wanted: Listening) -> Heard:
        self._turns += 1
        if self._turns == HALFWAY:
            self._here.wait()
            self._release.wait()
        return Heard("say", "yes")


def _held() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _ours() -> float:
    here, release = threading.Barrier(COUNT + 1), threading.Event()

    def talk() -> None:
        session.run(Request("GET", voicexml.URL), _Holding(here, release), voicexml.fetch, report=[].append)

    voicexml.talk()
    before = _held()
    threads = [threading.Thread(target=talk) for _ in range(COUNT)]
    for thread in threads:
        thread.start()
    here.wait()
    growth = _held() - before
    release.set()
    for thread in threads:
        thread.join()
    return growth


def _bare() -> float:
    before = _held()
    contexts = [quickjs.Context() for _ in range(COUNT)]
    growth = _held() - before
    del contexts
    return growth


if __name__ == "__main__":
    print((_ours if sys.argv[1] == "ours" else _bare)() / COUNT)
