"""Runs the rows that are named, or all that need nothing but this project and, for half of some, PostgreSQL."""

import argparse
import tempfile
from pathlib import Path

from tests.bench import (
    console,
    cycle,
    databases,
    fuse,
    guard,
    lag,
    others,
    picking,
    queueing,
    sending,
    sip,
    voicexml,
    whole,
)
from tests.bench.measure import HEAD, Bench

ROWS = {
    "queuecall": queueing.queuecall,
    "guard": guard.guard,
    "queuecalls": queueing.queuecalls,
    "fuse": fuse.queue,
    "bulk": fuse.bulk_queue,
    "reading": queueing.reading,
    "million": queueing.million,
    "results": sending.results,
    "hanging": sending.beside_one_that_hangs,
    "cycle": cycle.cycle,
    "picking": picking.picking,
    "whole": whole.whole,
    "lag": lag.lag,
    "console": console.pages,
    "viewers": console.beside_viewers,
    "sessions": voicexml.sessions,
    "first_prompt": voicexml.first_prompt,
    "turns": voicexml.growth,
    "live": voicexml.memory,
    "vxml": voicexml.command,
    "at_once": voicexml.at_once,
    "sip": sip.sip,
}
PEERS = {"huey": others.huey, "dramatiq": others.dramatiq, "procrastinate": others.procrastinate}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each HTTP run")
    every = ROWS | PEERS
    parser.add_argument("rows", nargs="*", choices=[*every], default=[*ROWS], metavar="row", help=", ".join(every))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, databases.running(Path(name)) as both:
        bench = Bench(Path(name), options.pairs, options.seconds, both)
        print(HEAD)
        for row in options.rows:
            every[row](bench)


if __name__ == "__main__":
    main()
