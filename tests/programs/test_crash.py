"""The promises of dispatch, held while programs are killed, stopped and cheated: the short forms of ``make soak``.

Most of a proof's time is waiting for leases and waits of the real programs, so those that only watch programs run side
by side; a test asks how its own one went.
"""

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from crash.every import PROMISES
from crash.proof import POSTGRES, Promise, beginning
from external_programs import path_of
from needs import needs
from postgres import Server

SEED = os.environ.get("CRASH_SEED", secrets.token_hex(4))
SIDE_BY_SIDE = 5
Shown = tuple[bool, str]


def _cases() -> Iterator[object]:
    for promise in PROMISES.values():
        for engine in promise.short_engines if promise.short is not None else ():
            programs = [*promise.programs, *(["postgres"] if engine == POSTGRES else [])]
            marks = [needs(*programs)] if programs else []
            yield pytest.param(promise.name, engine, id=f"{promise.name}-{engine}", marks=marks)


def _show(promise: Promise, engine: str, server: Server | None) -> Shown:
    with beginning(promise.name, engine, SEED, server) as proof:
        return promise.run(proof, short=True)


@pytest.fixture(scope="module")
def shown(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future[Shown]]]:
    """The proofs that open no database in this process, all of those that were asked for, under way."""
    asked = [
        (item.callspec.params["name"], item.callspec.params["engine"])
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    programs = [(name, engine) for name, engine in asked if not PROMISES[name].in_process]
    wanted = path_of("postgres") is not None and any(engine == POSTGRES for _, engine in programs)
    server = request.getfixturevalue("postgres_server") if wanted else None
    if server is None:
        programs = [(name, engine) for name, engine in programs if engine != POSTGRES]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {key: pool.submit(_show, PROMISES[key[0]], key[1], server) for key in programs}
        pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("name", "engine"), list(_cases()))
def test_the_promise_holds(name: str, engine: str, request: pytest.FixtureRequest) -> None:
    """What was promised holds; what this machine can't try is skipped with the reason."""
    if PROMISES[name].in_process:
        server = request.getfixturevalue("postgres_server") if engine == POSTGRES else None
        held, line = _show(PROMISES[name], engine, server)
    else:
        shown: dict[tuple[str, str], Future[Shown]] = request.getfixturevalue("shown")
        held, line = shown[name, engine].result()
    print(f"seed {SEED}\n{line}")
    if ": not tried: " in line:
        pytest.skip(line)
    assert held, f"seed {SEED}: {line}"
