"""From claim to finish: what the dispatcher does to the database for each call, beside the same statements run bare."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from app.calls import claims, db, due_calls, lifecycle
from app.calls.claims import Claim
from app.calls.lifecycle import Ended
from app.calls.sqlite import PRAGMAS
from app.clock import Clock
from app.telephony.outcomes import CalleeType
from scheduler import fairness
from tests.bench import calls
from tests.bench.databases import Databases, PostgresServer, opened
from tests.bench.measure import Bench, compare

COUNT = 10_000
LINES = 50
"""The default of RINGBACK_LINES: as many calls end and begin in one transaction."""

Step = tuple[str, Any]
"""A statement with its values; one for many rows; or, without values, the begin or the end of a transaction."""


def cycle(bench: Bench) -> None:
    """The row, on each database."""
    for databases in bench.databases:
        databases.make("queued", lambda: calls.add(COUNT, result_url="http://127.0.0.1/result"))
        steps = _recorded(databases)
        play = _psycopg if isinstance(databases, PostgresServer) else _sqlite3

        def ours(databases: Databases = databases) -> float:
            databases.copy("queued", "cycle")
            with opened(databases.url("cycle")):
                return _cycles_per_second()

        def bare(databases: Databases = databases, play: Any = play, steps: Sequence[Step] = steps) -> float:
            databases.copy("queued", "cycle")
            return play(databases.url("cycle"), steps)

        name = f"claim to finish, {LINES} at once, {databases.kind} | same SQL bare"
        compare(name, "calls/s", ">= 0.4", bench.pairs, ours, bare)


def _cycles_per_second() -> float:
    """Claim and finish all calls as ``Dispatcher.run`` does, as if each had been answered at once."""
    business, zone = Clock(), ZoneInfo("America/New_York")
    served: dict[int, int] = {}
    claimed: list[Claim] = []
    done = 0
    began = time.monotonic()
    while True:
        now = business.now()
        ended = [Ended(claim, CalleeType.VOICE, now, now, 0) for claim in claimed]
        with db.writing():
            lifecycle.connect([])
            lifecycle.finish(ended, zone)
            claims.give_back([])
            queues = due_calls.queues(business.now())
            running = claims.running_of_queues()
            turns = fairness.turns(queues, served, running, LINES)[:LINES]
            due = {queue: due_calls.due(queue, business.now(), LINES) for queue in turns}
            chosen = [call_id for call_id, _ in fairness.share(due, LINES, running, LINES)]
            claimed = claims.claim(chosen, "bench", LINES, business)
        done += len(ended)
        if not claimed:
            break
    seconds = time.monotonic() - began
    if done != COUNT:
        raise RuntimeError(f"{done} of {COUNT} calls")
    return done / seconds


def _plain(values: Iterable[object]) -> tuple[object, ...]:
    """Members of our enumerations as the text that they are."""
    return tuple(str(value) if isinstance(value, str) else value for value in values)


class _Recorder:
    """Stands before the engine and notes what it is asked to run."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.steps: list[Step] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def execute(self, sql: str, values: Sequence[object]) -> Any:
        self.steps.append((sql, _plain(values)))
        return self._engine.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        rows = [_plain(row) for row in rows]
        self.steps.append((sql, rows))
        self._engine.execute_many(sql, rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.steps.append(("BEGIN", None))
        with self._engine.writing():
            yield
        self.steps.append(("COMMIT", None))


def _recorded(databases: Databases) -> list[Step]:
    """All that one run of ours asks of the database."""
    databases.copy("queued", "cycle")
    with opened(databases.url("cycle")):
        recorder = _Recorder(db._engine)
        db._engine = recorder
        try:
            _cycles_per_second()
        finally:
            db._engine = recorder._engine
    return recorder.steps


def _sqlite3(url: str, steps: Sequence[Step]) -> float:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {value}")
        began = time.monotonic()
        for sql, values in steps:
            if values is None:
                connection.execute("BEGIN IMMEDIATE" if sql == "BEGIN" else sql)
            elif isinstance(values, list):
                connection.executemany(sql, values)
            else:
                connection.execute(sql, values).fetchall()
        return COUNT / (time.monotonic() - began)


def _psycopg(url: str, steps: Sequence[Step]) -> float:
    translated = [(sql.replace("%", "%%").replace("?", "%s"), values) for sql, values in steps]
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        cursor: Any = connection.cursor()
        began = time.monotonic()
        for sql, values in translated:
            if values is None:
                cursor.execute(sql)
            elif isinstance(values, list):
                cursor.executemany(sql, values)
            else:
                cursor.execute(sql, values)
                if cursor.description:
                    cursor.fetchall()
        return COUNT / (time.monotonic() - began)
