"""From due to dialled while lines are free: the programs as ``ringback serve`` runs them, and their dial ledger."""

import random
import re
import statistics
import time
from pathlib import Path

from app import clock
from app.calls import db
from tests.bench import calls, loopback
from tests.bench.databases import Databases, opened
from tests.bench.measure import Bench, tell
from tests.live import Live, free_port, until

SCHEDULED, SECONDS = 100, 2.0
AT_ONCE, LONGEST_PAUSE = 50, 0.1
BAR = "< 50 | < 500"


def lag(bench: Bench) -> None:
    """The rows: calls at moments to come, and calls queued over HTTP to be dialled at once; on each database."""
    with loopback.customer(free_port()) as customer:
        for databases in bench.databases:
            databases.make("lag", lambda: None)
            folder = bench.folder / f"lag-{databases.kind}"
            folder.mkdir()
            with Live(folder, database=databases.url("lag")) as live:
                later, now = _Lags(live, databases), _Lags(live, databases)
                for _ in range(bench.pairs):
                    later.add(_schedule(databases, customer))
                    now.add(_queue(live, customer))
            later.tell(f"due to dialled, scheduled, {databases.kind}")
            now.tell(f"due to dialled, at once over HTTP, {databases.kind}")


def _schedule(databases: Databases, customer: str) -> set[int]:
    """Queue calls for random moments that begin a second from now; their ids."""
    moments = sorted(clock.machine() + 1 + random.random() * SECONDS for _ in range(SCHEDULED))
    with opened(databases.url("lag")), db.writing():
        ids = calls.add(SCHEDULED, due=moments, start_url=f"{customer}/start", result_url=f"{customer}/result")
        db.ring()
    return set(ids)


def _queue(live: Live, customer: str) -> set[int]:
    """Queue calls one by one, with pauses between; their ids."""
    fields = {"login": "demo", "pin": "1234", "start_url": f"{customer}/start", "result_url": f"{customer}/result"}
    ids = set()
    for place in range(AT_ONCE):
        time.sleep(random.random() * LONGEST_PAUSE)
        answer = live.post("/webservice/queuecall.php", phone_number=f"617300{place:04d}", **fields)
        if (found := re.search('status="queued" call_id="([0-9]+)"', answer)) is None:
            raise RuntimeError(answer)
        ids.add(int(found[1]))
    return ids


class _Lags:
    """The lags of some calls, in milliseconds."""

    def __init__(self, live: Live, databases: Databases) -> None:
        self._live = live
        self._databases = databases
        self._lags: list[float] = []

    def add(self, ids: set[int]) -> None:
        """Wait until these have been dialled."""
        until(lambda: ids <= _dialled(self._live.ledger).keys(), 30, "all are dialled")
        dialled = _dialled(self._live.ledger)
        with opened(self._databases.url("lag")):
            due = dict(db.execute("SELECT id, due_at FROM call").fetchall())
        self._lags += [(dialled[call] - due[call]) * 1000 for call in ids]

    def tell(self, name: str) -> None:
        hundredths = statistics.quantiles(self._lags, n=100)
        tell(f"{name}: half | 99 %", "ms", BAR, hundredths[49], hundredths[98], f"max {max(self._lags):.0f}")


def _dialled(ledger: Path) -> dict[int, float]:
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return {int(call): float(at) for call, _, at, _ in (line.split() for line in lines)}
