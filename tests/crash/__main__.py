"""Runs the proofs, long unless told otherwise; a line for each, and exit status 1 when a promise does not hold."""

import argparse
import contextlib
import logging
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from postgres import PROGRAMS, Server

from . import every
from .proof import BOTH, POSTGRES, beginning


@contextlib.contextmanager
def _server(wanted: bool) -> Iterator[Server | None]:
    if not wanted or PROGRAMS is None:
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
    parser.add_argument("--short", action="store_true", help="the short forms, which make test runs too")
    asked = parser.parse_args()
    logging.disable()
    unknown = set(asked.names) - set(every.PROMISES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: no such promise")
    print(f"seed {asked.seed}", flush=True)
    good = True
    engines = [asked.engine] if asked.engine else BOTH
    with _server(POSTGRES in engines) as server:
        for name in asked.names or every.PROMISES:
            promise = every.PROMISES[name]
            if asked.short and promise.short is None:
                continue
            for engine in promise.engines:
                if engine not in engines:
                    continue
                if engine == POSTGRES and server is None:
                    print(f"{name} {engine}: not tried: the PostgreSQL server is not installed", flush=True)
                    continue
                with beginning(name, engine, asked.seed, server) as proof:
                    held, line = promise.run(proof, short=asked.short)
                print(line, flush=True)
                good = good and held
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
