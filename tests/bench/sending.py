"""Sending: results posted and written down."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from app import factory
from app.calls import db
from app.settings import Settings
from scheduler.service import RESULT_THREADS
from tests.bench import loopback
from tests.bench.databases import SqliteFiles, opened
from tests.bench.measure import Bench, compare
from tests.live import free_port

COUNT = 3_000


def results(bench: Bench) -> None:
    """Results posted and written down, beside a bare loop of requests sessions with as many threads."""
    files = SqliteFiles(bench.folder)
    files.make("results", lambda: None)
    settings = Settings.read({"RINGBACK_DATABASE": files.url("results")})
    with loopback.customer(free_port()) as customer, opened(settings.database):
        body = "phone_number=6175550100&message_reference=r&call_id=1&result=Completed&callee_type=voice&attempts=1"
        ids = iter(range(1, 100_000_000))
        _make_finished_call(customer)

        def ours() -> float:
            with db.writing():
                for _ in range(COUNT):
                    _add_result(next(ids), f"{customer}/result", body)
            service = factory.create_scheduler(settings)
            thread = threading.Thread(target=service.run)
            began = time.monotonic()
            thread.start()
            while db.execute("SELECT 1 FROM result WHERE state = 'pending' LIMIT 1").fetchone():
                time.sleep(0.01)
            seconds = time.monotonic() - began
            service.stop()
            thread.join()
            return COUNT / seconds

        def theirs() -> float:
            own = threading.local()

            def post(_: int) -> None:
                if not hasattr(own, "session"):
                    own.session = requests.Session()
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                own.session.post(f"{customer}/result", body, headers=form, timeout=15).raise_for_status()

            with ThreadPoolExecutor(RESULT_THREADS) as pool:
                began = time.monotonic()
                list(pool.map(post, range(COUNT)))
                return COUNT / (time.monotonic() - began)

        compare(
            f"results posted, {RESULT_THREADS} threads | bare session loop",
            "posts/s",
            ">= 0.6",
            bench.pairs,
            ours,
            theirs,
        )


def _make_finished_call(customer: str) -> None:
    with db.writing():
        db.execute("PRAGMA defer_foreign_keys = 1")
        db.execute(
            "INSERT INTO terms VALUES (1, 1, ?, ?, '', 0, 300, 1e9, NULL, 1e9, '')",
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
    db.execute("INSERT INTO result VALUES (?, ?, ?, 'pending', 0, 0, 1e9, NULL, '')", call_id, url, body)
