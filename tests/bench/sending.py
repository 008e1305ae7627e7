"""Sending: results posted and written down."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from app import factory
from app.calls import db, outbox
from app.clock import instant
from app.settings import Settings
from scheduler.results import THREADS
from tests.bench import loopback
from tests.bench.databases import SqliteFiles, opened
from tests.bench.measure import Bench, compare
from tests.live import free_port

COUNT = 3_000
LONG_AGO = instant(1e9)
TO_ONE = THREADS // 4
"""How many results are posted at once to one destination."""
LEFT = 200
"""How many results to post a destination leaves that never answers."""


def results(bench: Bench) -> None:
    """Results posted and written down, beside a bare loop of requests sessions with as many threads."""
    _results(bench, f"results posted, {TO_ONE} threads | bare session loop", hanging=False)


def beside_one_that_hangs(bench: Bench) -> None:
    """The same while another destination takes connections and never answers; the bare loop has none of that."""
    _results(bench, "results posted while another hangs | bare session loop", hanging=True)


def _results(bench: Bench, name: str, *, hanging: bool) -> None:
    files = SqliteFiles(bench.folder)
    files.make(f"results{hanging}", lambda: None)
    settings = Settings.read({"RINGBACK_DATABASE": files.url(f"results{hanging}")})
    with (
        loopback.customer(free_port()) as customer,
        socket.create_server(("127.0.0.1", 0), backlog=LEFT) as silent,
        opened(settings.database),
    ):
        silence = f"http://127.0.0.1:{silent.getsockname()[1]}"
        body = "phone_number=6175550100&message_reference=r&call_id=1&result=Completed&callee_type=voice&attempts=1"
        ids = iter(range(1, 100_000_000))
        _make_finished_call(customer)

        def ours() -> float:
            with db.writing():
                for _ in range(LEFT if hanging else 0):
                    _add_result(next(ids), f"{silence}/result", body)
                for _ in range(COUNT):
                    _add_result(next(ids), f"{customer}/result", body)
            service = factory.create_scheduler(settings)
            thread = threading.Thread(target=service.run)
            began = time.monotonic()
            thread.start()
            left = "SELECT 1 FROM result WHERE state = 'pending' AND destination = ? LIMIT 1"
            while db.execute(left, customer).fetchone():
                time.sleep(0.01)
            seconds = time.monotonic() - began
            service.stop()
            thread.join()
            with db.writing():
                db.execute("DELETE FROM result")
            return COUNT / seconds

        def theirs() -> float:
            own = threading.local()

            def post(_: int) -> None:
                if not hasattr(own, "session"):
                    own.session = requests.Session()
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                own.session.post(f"{customer}/result", body, headers=form, timeout=15).raise_for_status()

            with ThreadPoolExecutor(TO_ONE) as pool:
                began = time.monotonic()
                list(pool.map(post, range(COUNT)))
                return COUNT / (time.monotonic() - began)

        compare(name, "posts/s", ">= 0.7", bench.pairs, ours, theirs)


def _make_finished_call(customer: str) -> None:
    with db.writing():
        db.execute("PRAGMA defer_foreign_keys = 1")
        db.execute(
            "INSERT INTO terms VALUES (1, 1, ?, ?, '', 0, 300, 1e9, NULL, 1e9, '', 'form', 'failed', 0)",
            f"{customer}/start",
            f"{customer}/result",
        )


def _add_result(call_id: int, url: str, body: str) -> None:
    db.execute(
        """INSERT INTO call (id, terms_id, campaign_id, phone_number, number, message_reference, call_parameters,
            due_at, queued_at, status, attempts, callee_type, duration, fence)
        VALUES (?, 1, 1, '', '', '', '', 1e9, 1e9, 'completed', 1, 'voice', 0, 1)""",
        call_id,
    )
    outbox.add(call_id, url, body, LONG_AGO)
