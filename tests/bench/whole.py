"""Whole simulated calls: start_url posted, the page read, the result posted and acknowledged, all written down."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.bench import calls, loopback, workers
from tests.bench.databases import Databases
from tests.bench.measure import Bench, compare
from tests.live import free_port

COUNT = 4_000
LINES = 50
"""The default of RINGBACK_LINES. More lines make nothing faster here: Python runs one thread at a time."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LEFT = """SELECT (SELECT count(*) FROM call WHERE status IN ('queued', 'dialing', 'connected'))
    + (SELECT count(*) FROM result WHERE state = 'pending')"""


def whole(bench: Bench) -> None:
    """The row, on each database, beside two posts per call with requests sessions in as many threads."""
    with loopback.customer(free_port()) as customer:
        for databases in bench.databases:

            def ours(databases: Databases = databases) -> float:
                databases.copy("whole_queued", "whole")
                environment = {
                    "RINGBACK_DATABASE": databases.url("whole"),
                    "RINGBACK_LINES": str(LINES),
                    "RINGBACK_PACE": "instant",
                }
                command = [sys.executable, "-m", "app", "scheduler"]
                log = bench.folder / "log"
                return workers.per_second(command, environment, log, COUNT, lambda: databases.number("whole", LEFT))

            start, result = f"{customer}/start", f"{customer}/result"
            databases.make("whole_queued", lambda: calls.add(COUNT, start_url=start, result_url=result))  # noqa: B023
            name = f"whole calls, {LINES} lines, {databases.kind} | two bare posts"
            compare(name, "calls/s", ">= 0.5", bench.pairs, ours, lambda: _bare(start, result))  # noqa: B023


def _bare(start_url: str, result_url: str) -> float:
    """Two posts for each call and nothing else; calls per second."""
    own = threading.local()
    body = "phone_number=6175550100&message_reference=&call_id=112850593&campaign_parameters=&call_parameters="

    def call(_: int) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        for url in (start_url, result_url):
            own.session.post(url, body, headers=FORM, timeout=15).raise_for_status()

    with ThreadPoolExecutor(LINES) as pool:
        list(pool.map(call, range(COUNT // 10)))
        began = time.monotonic()
        list(pool.map(call, range(COUNT)))
        return COUNT / (time.monotonic() - began)
