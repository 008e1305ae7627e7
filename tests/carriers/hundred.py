"""Many real calls at once in one scheduler: whether each is right, what it costs, and how evenly callees hear it.

``python tests/carriers/hundred.py [--lines 100] [--seconds 60]`` prints the figures. Each callee presses keys of its
own, which the customer must get; the machine should do nothing else meanwhile.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from customer import Customer, Received, Reply  # noqa: E402 - after the path
from fleet import Fleet  # noqa: E402
from heard import Heard  # noqa: E402
from live import until  # noqa: E402
from peer import Peer  # noqa: E402
from standstill import Standstill, watched  # noqa: E402

PRESSES_AFTER = 8
DETECTING_SECONDS = 5
LONGEST_GAP = 40
WORDS_A_SECOND = 3
PAGE = """<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"><form>
  <property name="interdigittimeout" value="2s"/>
  <field name="keys" type="digits?minlength=1;maxlength=3">
    <prompt timeout="20s">Please press the keys that you were given.</prompt></field>
  <block><submit next="/keys" method="post" namelist="keys session.telephone.dnis"/></block>
</form></vxml>"""
STORY = """<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"><form><block><prompt>{words}</prompt></block></form></vxml>"""


@dataclass(frozen=True)
class Figures:
    """What came of it. Shares of one core; streams with a gap above 40 ms, and the longest gap in ms.

    A gap while the machine itself stood still is nobody's: ``stood_still`` tells how often it did, and
    ``with_any_gaps`` counts the streams with those gaps too.
    """

    calls: int
    voices: int
    keys: int
    busy_at_first: float
    busy: float
    mebibytes: float
    with_gaps: int
    longest_gap: float
    with_any_gaps: int
    stood_still: int
    lost: int


def measure(folder: Path, calls: int, seconds: int) -> Figures:
    """Have so many callees at once on the line for about so many seconds."""
    numbers = [f"61720{PRESSES_AFTER}{number:04}" for number in range(1, calls + 1)]
    pressed: dict[str, str] = {}
    with watched() as standstills, Customer().open() as customer, Peer(folder, ring=1.0, timeout=45.0) as peer:
        words = " ".join(["tomorrow"] * WORDS_A_SECOND * (seconds - PRESSES_AFTER - 4))

        def keys(received: Received) -> Reply:
            pressed[received.form["session.telephone.dnis"]] = received.form["keys"]
            return Reply(body=STORY.format(words=words).encode())

        customer.answers["/start"] = lambda _: Reply(body=PAGE.encode())
        customer.answers["/keys"] = keys
        trunk = {"carrier": "sip", "sip_trunk": peer.address, "sip_caller_id": "+16175559999", "lines": str(calls)}
        with Fleet(folder, f"sqlite:///{folder}/ringback.db", **trunk) as programs:
            programs.start()
            urls = {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}
            programs.upload({**programs.account, "max_retries": 0, **urls}, numbers)
            process = programs.schedulers[0].pid
            connected = "SELECT count(*) FROM call WHERE status = 'connected'"
            until(lambda: programs.one(connected) > 0, 60, "somebody answers")
            began, spent = time.monotonic(), _processor_seconds(process)
            time.sleep(DETECTING_SECONDS)
            at_first = (_processor_seconds(process) - spent) / (time.monotonic() - began)
            time.sleep(seconds - DETECTING_SECONDS)
            overall = (_processor_seconds(process) - spent) / (time.monotonic() - began)
            mebibytes = _mebibytes(process)
            programs.wait_until_ended(120)
            voices = programs.one("SELECT count(*) FROM call WHERE status = 'completed' AND callee_type = 'voice'")
        heard = peer.heard_by_each(peer.calls())
    gaps = [_longest_gap(each, standstills) for each in heard]
    return Figures(
        calls=len(heard),
        voices=voices,
        keys=sum(pressed.get(f"+1{number}") == str(int(number[-4:])) for number in numbers),
        busy_at_first=at_first,
        busy=overall,
        mebibytes=mebibytes,
        with_gaps=sum(gap > LONGEST_GAP for gap in gaps),
        longest_gap=max(gaps, default=0.0),
        with_any_gaps=sum(_longest_gap(each, []) > LONGEST_GAP for each in heard),
        stood_still=len(standstills),
        lost=sum(each.lost for each in heard),
    )


def _longest_gap(heard: Heard, standstills: list[Standstill]) -> float:
    """Milliseconds from a packet to the next, but for those between which the machine stood still."""
    arrived = [packet.at for packet in heard.packets]
    return max(
        (
            (after - before) * 1000
            for before, after in pairwise(arrived)
            if not any(begin < after and before < end for begin, end in standstills)
        ),
        default=0.0,
    )


def _processor_seconds(process: int) -> float:
    """What a process and the children it has waited for have spent."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _mebibytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder), asked.lines, asked.seconds))


if __name__ == "__main__":
    main()
