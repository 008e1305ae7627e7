"""Conversations: how many a core makes, what a live one holds, how soon it speaks, and 500 at once in one scheduler.

What is counted for a core is processor time: other work on the machine does not change it. The pages are there already,
as between two calls of a campaign; nothing is fetched over a network but in the row of the scheduler.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import quickjs
from lxml import etree

from app.voicexml import session
from app.voicexml.caller import ScriptedCaller, Step
from app.voicexml.resources import Answer, Request
from app.voicexml.voice import Reckoned
from tests.bench.measure import ROOT, Bench, compare, tell
from tests.customer import Customer, Received, Reply
from tests.live import Live, until

TURNS = 10
SESSIONS = 60
LINES = 500
URL = "http://customer.example/menu"
FIELD = """<field name="f{n}"><prompt>Question {n}. So far <value expr="yes"/>. Do you agree?</prompt>
  <grammar root="r"><rule id="r"><one-of><item>yes<tag>out = 'y'</tag></item>
  <item>no<tag>out = 'n'</tag></item></one-of></rule></grammar>
  <filled><if cond="f{n} == 'y'"><assign name="yes" expr="yes + 1"/><prompt>Good.</prompt>
  <else/><prompt>Pity.</prompt></if></filled></field>"""
PAGE = (
    '<vxml version="2.1"><var name="yes" expr="0"/><form>'
    + "".join(FIELD.format(n=n) for n in range(TURNS))
    + '<block>You agreed <value expr="yes"/> times.</block></form></vxml>'
).encode()
AGAIN = """<vxml version="2.1"><property name="completetimeout" value="0s"/><var name="turns" expr="0"/>
  <form><field name="f"><prompt>More?</prompt><grammar root="r"><rule id="r">yes</rule></grammar>
  <filled><assign name="turns" expr="turns + 1"/>
  <if cond="turns &lt; {turns}"><clear namelist="f"/></if></filled></field></form></vxml>"""
FIRST = b"""<vxml version="2.1"><form><block>
  <submit next="next" method="post" fetchtimeout="300s"/></block></form></vxml>"""
LAST = b'<vxml version="2.1"><form><block>Thank you.</block></form></vxml>'
EMPTY = "SELECT 1 FROM call WHERE status NOT IN ('completed', 'failed') LIMIT 1"


def fetch(request: Request) -> Answer:
    return Answer(200, request.url, {}, PAGE)


def talk(report: Callable[[dict[str, object]], None] = [].append) -> None:
    """One conversation of ten turns."""
    session.run(Request("GET", URL), ScriptedCaller([Step("say", "yes")] * TURNS), fetch, report=report)


def sessions(bench: Bench) -> None:
    """Conversations of one core, beside only parsing their page and making a JavaScript context."""
    name = f"conversations of {TURNS} turns, one core | page and context alone"
    talk()
    compare(name, "calls/s", ">= 150/s", bench.pairs, lambda: _per_second(talk), lambda: _per_second(_bare))


def first_prompt(bench: Bench) -> None:
    """From the page's bytes to the first words, beside the same."""

    def said() -> None:
        def report(entry: dict[str, object]) -> None:
            if entry["event"] == "prompt":
                raise InterruptedError

        try:
            talk(report)
        except InterruptedError:
            return

    said()
    name = "context and first prompt | page and context alone"
    compare(name, "ms", "< 5 ms", bench.pairs, lambda: 1000 / _per_second(said), lambda: 1000 / _per_second(_bare))


def growth(bench: Bench) -> None:
    """What a turn costs in a conversation of 10, 100 and 1,000."""

    def turn(turns: int) -> float:
        page = AGAIN.format(turns=turns).encode()
        steps = [Step("say", "yes")] * turns

        def talk_on() -> None:
            session.run(
                Request("GET", URL),
                ScriptedCaller(steps),
                lambda request: Answer(200, request.url, {}, page),
                report=[].append,
                voice=Reckoned(1e6),
            )

        talk_on()
        return 1000 / _per_second(talk_on, max(2, SESSIONS // turns)) / turns

    for turns in (100, 1000):
        name = f"a turn among {turns:,} | among 10"
        compare(name, "ms", "<= 1.5", bench.pairs, lambda turns=turns: turn(turns), lambda: turn(10))  # type: ignore[misc]


def memory(bench: Bench) -> None:
    """What a conversation holds while 500 are in mid-turn, beside as many bare contexts."""
    compare(
        "a live conversation of 500 | a bare context",
        "MB",
        "<= 0.5 MB",
        bench.pairs,
        lambda: _held("ours"),
        lambda: _held("bare"),
    )


def command(bench: Bench) -> None:
    """``ringback vxml`` on a page in a file, start-up included, beside Python that imports what it needs."""
    page = bench.folder / "page.vxml"
    page.write_bytes(LAST)
    ours = [sys.executable, "-m", "app", "vxml", str(page)]
    theirs = [sys.executable, "-c", "import click, quickjs, lxml.etree"]
    compare(
        "ringback vxml, one page | bare imports",
        "s",
        "< 0.5 s",
        bench.pairs,
        lambda: _wall(ours),
        lambda: _wall(theirs),
    )


def at_once(bench: Bench) -> None:
    """500 conversations in one scheduler: the second page is answered when all of them wait for it."""
    figures = [_at_once(bench.folder / f"at-once-{place}") for place in range(min(2, bench.pairs))]
    seconds, grown = (max(each) for each in zip(*figures, strict=True))
    tell(f"{LINES} live at once: s to complete | MB each", "s | MB", "all complete | <= 0.5", seconds, grown, "max")


def _at_once(folder: Path) -> tuple[float, float]:
    """The seconds until all had completed and the MB that the scheduler had grown by, for each call."""
    everybody = threading.Barrier(LINES, timeout=280)

    def last(_: Received) -> Reply:
        everybody.wait()
        return Reply(body=LAST)

    folder.mkdir()
    with Customer().open() as customer, Live(folder, lines=str(LINES)) as live:
        customer.answers |= {"/start": lambda _: Reply(body=FIRST), "/next": last}
        pid = live.children()["scheduler"]
        before = _peak(pid)
        form = {
            "login": "demo",
            "pin": "1234",
            "start_url": f"{customer.url}/start",
            "result_url": f"{customer.url}/result",
        }
        began = time.monotonic()
        for place in range(LINES):
            live.post("/webservice/queuecall.php", phone_number=f"617300{place:04d}", **form)
        until(lambda: not live.rows(EMPTY), 300, "all calls end")
        seconds = time.monotonic() - began
        ended = live.rows("SELECT count(*) FROM call WHERE status = 'completed'")
        if ended != [(LINES,)] or len(customer.posts("/next")) != LINES:
            raise RuntimeError(f"{ended} calls completed")
        return seconds, (_peak(pid) - before) / LINES


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _per_second(work: Callable[[], None], times: int = SESSIONS) -> float:
    """How often a core does some work in a second of processor time."""
    before = time.thread_time()
    for _ in range(times):
        work()
    return times / (time.thread_time() - before)


def _bare() -> None:
    etree.fromstring(PAGE)
    quickjs.Context().eval("0")


def _held(whose: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.talking", whose], cwd=ROOT, capture_output=True, check=True
    )
    return float(ran.stdout)


def _wall(arguments: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(arguments, cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - began
