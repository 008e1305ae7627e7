"""Runs every row: both sides in turn, several pairs, and the median of the pairs' ratios beside the bar."""

import argparse
import io
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests

from app import factory
from app.calls import db
from app.intake.phone import NumberRules
from app.intake.phonelist import PhoneList
from app.settings import Settings
from tests.bench import loopback

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import multipart  # noqa: E402 - tests is a folder, not a package
from live import free_port, until  # noqa: E402 - tests is a folder, not a package

CLIENTS = 32
WORKERS, THREADS = 2, 16


def compare(name: str, unit: str, bar: str, pairs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    """Print one row: medians of both sides, and the median of the ratios of the pairs."""
    ratios, mine, peers = [], [], []
    for _ in range(pairs):
        mine.append(ours())
        peers.append(theirs())
        ratios.append(mine[-1] / peers[-1])
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    print(
        f"{name:<58} {statistics.median(mine):>10.4g} {statistics.median(peers):>10.4g} {unit:<10} "
        f"{statistics.median(ratios):>6.2f}  ({spread})  {bar}",
        flush=True,
    )


@contextmanager
def gunicorn(application: str, environment: dict[str, str], *, tell_memory: bool = False) -> Iterator[int]:
    """A WSGI application under gunicorn, 2 workers of 16 threads; its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(WORKERS), "--threads", str(THREADS)]
    command += ["-b", f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning", "--no-control-socket"]
    process = subprocess.Popen([*command, application], cwd=ROOT, env=os.environ | environment)

    def answers() -> bool:
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=1)
        except requests.ConnectionError:
            return False
        return True

    try:
        until(answers, 30, f"{application} answers")
        yield port
        if tell_memory:
            print(f"    its largest worker had {_peak_memory(process.pid)} MiB at most (bar 200)", flush=True)
    finally:
        process.terminate()
        process.wait()


def _peak_memory(master: int) -> int:
    """The most memory that a worker of a gunicorn ever held, in MiB."""
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    lines = [line for worker in workers for line in Path(f"/proc/{worker}/status").read_text().splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def _form(path: str, port: int, customer: str) -> bytes:
    fields = f"login=demo&pin=1234&phone_number=6175550100&start_url={customer}/start&result_url={customer}/result"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(fields)}\r\n\r\n{fields}".encode()


def _settings(folder: Path, name: str) -> tuple[dict[str, str], Settings]:
    environment = {"RINGBACK_DATABASE": f"sqlite:///{folder}/{name}.db"}
    settings = Settings.read(environment)
    factory.prepare_database(settings)
    db.close_database()
    return environment, settings


def queuecall(folder: Path, seconds: float, pairs: int) -> None:
    """One call over HTTP, with and without the pre-flight, beside the bare endpoint."""
    bare = folder / "bare.db"
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
        environment, _ = _settings(folder, f"queuecall{place}")
        with (
            loopback.customer(free_port()) as customer,
            gunicorn(f"{application}:application", environment) as our_port,
            gunicorn("tests.bench.bare:application", {"BENCH_DATABASE": str(bare)}) as bare_port,
        ):
            request = _form("/webservice/queuecall.php", our_port, customer)
            peer = _form(path, bare_port, customer)
            loopback.requests_per_second(our_port, request, 4, 1, marker)
            loopback.requests_per_second(bare_port, peer, 4, 1, marker)
            compare(
                name,
                "requests/s",
                bar,
                pairs,
                lambda: loopback.requests_per_second(our_port, request, CLIENTS, seconds, marker),  # noqa: B023
                lambda: loopback.requests_per_second(bare_port, peer, CLIENTS, seconds, marker),  # noqa: B023
            )


def _list(lines: int) -> bytes:
    return b"".join(b"1617%07d,reference-%d,parameters-%d\n" % (2_000_000 + n, n, n) for n in range(lines))


def queuecalls(folder: Path, lines: int, pairs: int) -> None:
    """A long list over HTTP, the whole answer read, beside raw executemany of the same rows."""
    numbers = _list(lines)
    environment, _ = _settings(folder, f"list{lines}")
    _settings(folder, f"raw{lines}")
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

        rows = _rows(lines)
        name = f"queuecalls.php, {lines:,} lines | raw executemany"
        compare(name, "seconds", "<= 3", pairs, ours, lambda: _raw_insert(folder / f"raw{lines}.db", rows))


def reading(pairs: int) -> None:
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
    compare(name, "lines/s", ">= 1/1.3", pairs, lambda: speed(1_000_000, many, 1), lambda: speed(10_000, few, 100))


def _rows(lines: int) -> list[tuple[object, ...]]:
    return [
        (1, 1, f"1617{2_000_000 + n:07d}", f"+1617{2_000_000 + n:07d}", f"reference-{n}", f"parameters-{n}", 1e9, 1e9)
        for n in range(lines)
    ]


def _raw_insert(path: Path, rows: list[tuple[object, ...]]) -> float:
    """Insert the same rows into the same tables with the same indices and pragmas; the seconds it took."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in db.PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.execute("INSERT OR IGNORE INTO terms VALUES (1, 1, 'u', 'u', '', 0, 300, 1e9, NULL, 1e9, '')")
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


def results(folder: Path, count: int, pairs: int) -> None:
    """Results posted and written down, beside a bare loop of requests sessions with as many threads."""
    from scheduler.service import RESULT_THREADS

    _, settings = _settings(folder, "results")
    with loopback.customer(free_port()) as customer:
        factory.prepare_database(settings)
        body = "phone_number=6175550100&message_reference=r&call_id=1&result=Completed&callee_type=voice&attempts=1"
        ids = iter(range(1, 100_000_000))
        _make_finished_call(customer)

        def ours() -> float:
            with db.writing():
                for _ in range(count):
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
            return count / seconds

        def theirs() -> float:
            own = threading.local()

            def post(_: int) -> None:
                if not hasattr(own, "session"):
                    own.session = requests.Session()
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                own.session.post(f"{customer}/result", body, headers=form, timeout=15).raise_for_status()

            with ThreadPoolExecutor(RESULT_THREADS) as pool:
                began = time.monotonic()
                list(pool.map(post, range(count)))
                return count / (time.monotonic() - began)

        compare(
            f"results posted, {RESULT_THREADS} threads | bare session loop", "posts/s", ">= 0.6", pairs, ours, theirs
        )
        db.close_database()


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each HTTP run")
    parser.add_argument("rows", nargs="*", default=["queuecall", "queuecalls", "reading", "million", "results"])
    options = parser.parse_args()
    print(f"{'ours | beside':<58} {'ours':>10} {'beside':>10} {'':<10} {'ratio':>6}  (spread)  bar")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "queuecall" in options.rows:
            queuecall(folder, options.seconds, options.pairs)
        if "queuecalls" in options.rows:
            queuecalls(folder, 100_000, options.pairs)
        if "reading" in options.rows:
            reading(options.pairs)
        if "million" in options.rows:
            queuecalls(folder, 1_000_000, options.pairs)
        if "results" in options.rows:
            results(folder, 3_000, options.pairs)


if __name__ == "__main__":
    main()
