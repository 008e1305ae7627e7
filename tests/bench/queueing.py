"""Queueing: one call over HTTP, a long list over HTTP, and the reader of lists by itself."""

import io
import sqlite3
import time
from pathlib import Path

import requests

from app.calls.sqlite import PRAGMAS
from app.intake.phone import NumberRules
from app.intake.phonelist import PhoneList
from tests import multipart
from tests.bench import loopback
from tests.bench.databases import SqliteFiles
from tests.bench.measure import Bench, compare
from tests.bench.web import gunicorn
from tests.live import free_port

CLIENTS = 32


def form(path: str, port: int, customer: str) -> bytes:
    fields = f"login=demo&pin=1234&phone_number=6175550100&start_url={customer}/start&result_url={customer}/result"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(fields)}\r\n\r\n{fields}".encode()


def queuecall(bench: Bench) -> None:
    """One call over HTTP, with and without the pre-flight, beside the bare endpoint."""
    bare = bench.folder / "bare.db"
    files = SqliteFiles(bench.folder)
    with sqlite3.connect(bare) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, login, phone_number, start_url, result_url)")
    connection.close()
    marker = b'status="queued"'
    rows = (
        ("queuecall.php, two probes of 1 ms | bare: two GETs, insert", "wsgi", "/probe", ">= 0.7"),
        ("queuecall.php without probes      | bare: insert", "tests.bench.unprobed", "/insert", ">= 0.4"),
    )
    for place, (name, application, path, bar) in enumerate(rows):
        files.make(f"queuecall{place}", lambda: None)
        environment = {"RINGBACK_DATABASE": files.url(f"queuecall{place}")}
        with (
            loopback.customer(free_port()) as customer,
            gunicorn(f"{application}:application", environment) as our_port,
            gunicorn("tests.bench.bare:application", {"BENCH_DATABASE": str(bare)}) as bare_port,
        ):
            request = form("/webservice/queuecall.php", our_port, customer)
            peer = form(path, bare_port, customer)
            loopback.requests_per_second(our_port, request, 4, 1, marker)
            loopback.requests_per_second(bare_port, peer, 4, 1, marker)
            compare(
                name,
                "requests/s",
                bar,
                bench.pairs,
                lambda: loopback.requests_per_second(our_port, request, CLIENTS, bench.seconds, marker),  # noqa: B023
                lambda: loopback.requests_per_second(bare_port, peer, CLIENTS, bench.seconds, marker),  # noqa: B023
            )


def _list(lines: int) -> bytes:
    return b"".join(b"1617%07d,reference-%d,parameters-%d\n" % (2_000_000 + n, n, n) for n in range(lines))


def queuecalls(bench: Bench) -> None:
    """A long list over HTTP, the whole answer read, beside raw executemany of the same rows."""
    _queuecalls(bench, 100_000)


def million(bench: Bench) -> None:
    """The same with a million lines."""
    _queuecalls(bench, 1_000_000)


def _queuecalls(bench: Bench, lines: int) -> None:
    numbers = _list(lines)
    files = SqliteFiles(bench.folder)
    files.make(f"list{lines}", lambda: None)
    files.make(f"raw{lines}", lambda: None)
    environment = {"RINGBACK_DATABASE": files.url(f"list{lines}")}
    with (
        loopback.customer(free_port()) as customer,
        gunicorn("wsgi:application", environment, tell_memory=True) as port,
    ):
        fields = {"login": "demo", "pin": "1234", "start_url": f"{customer}/start", "result_url": f"{customer}/result"}
        body = multipart.encode(fields, numbers)
        url = f"http://127.0.0.1:{port}/webservice/queuecalls.php"

        def ours() -> float:
            began = time.monotonic()
            answer = requests.post(url, body, headers={"Content-Type": multipart.CONTENT_TYPE}, timeout=600)
            seconds = time.monotonic() - began
            if f'queued="{lines}"' not in answer.text[:500] or not answer.text.endswith("</queuecalls>\n"):
                raise RuntimeError(answer.text[:500])
            return seconds

        rows = call_rows(lines)
        name = f"queuecalls.php, {lines:,} lines | raw executemany"
        compare(name, "seconds", "<= 3", bench.pairs, ours, lambda: raw_insert(files.path(f"raw{lines}"), rows))


def reading(bench: Bench) -> None:
    """The reader and checker of lists alone, and what a line costs at a million beside ten thousand."""
    rules = NumberRules(countries=frozenset({"US", "CA"}))

    def speed(lines: int, numbers: bytes, times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            for _ in PhoneList(io.BytesIO(numbers), rules, max_lines=lines).batches():
                pass
        return lines * times / (time.process_time() - began)

    few, many = _list(10_000), _list(1_000_000)
    name = "reading a list of 1,000,000 lines | of 10,000 (bar 500,000/s)"
    compare(
        name, "lines/s", ">= 1/1.3", bench.pairs, lambda: speed(1_000_000, many, 1), lambda: speed(10_000, few, 100)
    )


def call_rows(lines: int) -> list[tuple[object, ...]]:
    return [
        (1, 1, f"1617{2_000_000 + n:07d}", f"+1617{2_000_000 + n:07d}", f"reference-{n}", f"parameters-{n}", 1e9, 1e9)
        for n in range(lines)
    ]


def raw_insert(path: Path, rows: list[tuple[object, ...]]) -> float:
    """Insert the same rows into the same tables with the same indices and pragmas; the seconds it took."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.execute(
        "INSERT OR IGNORE INTO terms VALUES (1, 1, 'u', 'u', '', 0, 300, 1e9, NULL, 1e9, '', 'form', 'failed', 0)"
    )
    began = time.monotonic()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        """INSERT INTO call (terms_id, campaign_id, phone_number, number, message_reference, call_parameters, due_at,
            queued_at, status, attempts, callee_type, duration, fence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, '', 0, 0)""",
        rows,
    )
    connection.execute("COMMIT")
    seconds = time.monotonic() - began
    connection.close()
    return seconds
