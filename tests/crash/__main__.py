"""Runs the proofs, long unless told otherwise; a line for each, and exit status 1 when a promise does not hold.

Most of a proof's time is waiting: those that only start programs run side by side. What opens the database in this
process, and what measures how long something takes, runs when nothing else does.
"""

import argparse
import contextlib
import logging
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from external_programs import path_of
from postgres import Server

from . import every
from .proof import BOTH, POSTGRES, Promise, beginning


@contextlib.contextmanager
def _server(wanted: bool) -> Iterator[Server | None]:
    if not wanted or path_of("postgres") is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="ringback-postgres-"))
    try:
        server = Server(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(every.PROMISES)}; none: all")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="to repeat a run")
    parser.add_argument("--engine", choices=BOTH, help="one of the two databases alone")
    parser.add_argument("--side-by-side", type=int, default=1, metavar="N", help="how many proofs run at once")
    parser.add_argument("--short", action="store_true", help="the short forms, which make test runs too")
    asked = parser.parse_args()
    logging.disable()
    unknown = set(asked.names) - set(every.PROMISES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: no such promise")
    print(f"seed {asked.seed}", flush=True)
    promises = [every.PROMISES[name] for name in asked.names or every.PROMISES]
    if asked.short:
        promises = [promise for promise in promises if promise.short is not None]
    engines = [asked.engine] if asked.engine else BOTH
    cases = [(promise, engine) for promise in promises for engine in promise.engines if engine in engines]
    together = [case for case in cases if not case[0].in_process and not case[0].timed]
    good = True
    with _server(POSTGRES in engines) as server:

        def show(promise: Promise, engine: str) -> bool:
            if engine == POSTGRES and server is None:
                print(f"{promise.name} {engine}: not tried: the PostgreSQL server is not installed", flush=True)
                return True
            with beginning(promise.name, engine, asked.seed, server) as proof:
                held, line = promise.run(proof, short=asked.short)
            print(line, flush=True)
            return held

        with ThreadPoolExecutor(asked.side_by_side) as pool:
            for shown in as_completed([pool.submit(show, *case) for case in together]):
                good = shown.result() and good
        for case in cases:
            if case not in together:
                good = show(*case) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
