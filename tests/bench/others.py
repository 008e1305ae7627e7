"""Calls that do nothing, with all our bookkeeping, beside jobs of other queues that do nothing: make bench-peers."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench import calls, workers
from tests.bench.databases import Databases, PostgresServer, SqliteFiles
from tests.bench.measure import ROOT, Bench, compare

COUNT = 20_000
COUNT_PROCRASTINATE = 5_000
"""Fewer, for its sake: the row would take a quarter of an hour."""
LINES = 50
PEERS = ROOT / ".venv" / "peers" / "bin"
OUR_LEFT = "SELECT count(*) FROM call WHERE status IN ('queued', 'dialing', 'connected')"
THEIR_LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
# The fastest of what was tried on two cores; two processes of huey or procrastinate were no faster than one.
HUEY = ("--workers", "1", "--worker-type", "thread", "--quiet", "--no-periodic")
DRAMATIQ = ("--processes", "2", "--threads", "8")
PREFETCHES = {"as it comes": "0", "100 prefetched": "100"}
"""dramatiq_queue_prefetch: 0 is twice the threads; with 100 it waits for redis less often."""
PROCRASTINATE = ("--concurrency", "10")


def huey(bench: Bench) -> None:
    """Beside huey, whose queue is an SQLite file too: with its jobs synced as ours are, and at its fastest."""
    files = SqliteFiles(bench.folder)
    ours = _our_calls(bench, files)
    for sync, bar in (("on", ">= 2"), ("off", "")):
        path = bench.folder / "huey.db"

        def theirs(sync: str = sync, path: Path = path) -> float:
            for old in bench.folder.glob("huey.db*"):
                old.unlink()
            environment = {"BENCH_DATABASE": str(path), "BENCH_SYNC": sync}
            _enqueue("huey_jobs", environment)
            command = [str(PEERS / "huey_consumer"), "tests.bench.peers.huey_jobs.queue", *HUEY]
            left = functools.partial(files.number, "huey", "SELECT count(*) FROM task")
            return _per_second(bench, command, environment, COUNT, left)

        name = f"calls that do nothing, SQLite | huey, sync {sync}"
        compare(name, "calls/s", bar, bench.pairs, ours, theirs)


def dramatiq(bench: Bench) -> None:
    """Beside dramatiq, whose queue is redis, which keeps it in memory alone here."""
    program = shutil.which("redis-server")
    if program is None:
        print("dramatiq is not measured: it needs redis-server (apt-get install redis-server).", flush=True)
        return
    files = SqliteFiles(bench.folder)
    with _redis(program) as path:

        def left() -> float:
            counted = ["redis-cli", "-s", path, "HLEN", "dramatiq:default.msgs"]
            return float(subprocess.run(counted, check=True, capture_output=True, text=True).stdout)

        def theirs(prefetch: str) -> float:
            subprocess.run(["redis-cli", "-s", path, "FLUSHALL"], check=True, stdout=subprocess.DEVNULL)
            environment = {"BENCH_REDIS": f"unix://{path}", "dramatiq_queue_prefetch": prefetch}
            _enqueue("dramatiq_jobs", environment)
            command = [str(PEERS / "dramatiq"), "tests.bench.peers.dramatiq_jobs", *DRAMATIQ]
            return _per_second(bench, command, environment, COUNT, left)

        ours = _our_calls(bench, files)
        for how, prefetch in PREFETCHES.items():
            name = f"calls that do nothing, SQLite | dramatiq, {how}"
            bar = "" if int(prefetch) else ">= 1"
            compare(name, "calls/s", bar, bench.pairs, ours, lambda: theirs(prefetch))  # noqa: B023


def procrastinate(bench: Bench) -> None:
    """Beside procrastinate, whose queue is PostgreSQL, ours on the same server."""
    server = next((one for one in bench.databases if isinstance(one, PostgresServer)), None)
    if server is None:
        return

    def theirs() -> float:
        server.create("procrastinate")
        environment = {"BENCH_DATABASE": server.url("procrastinate"), "PYTHONPATH": str(ROOT)}
        _enqueue("procrastinate_jobs", environment, COUNT_PROCRASTINATE)
        command = [str(PEERS / "procrastinate"), "--app=tests.bench.peers.procrastinate_jobs.app", "worker"]
        left = functools.partial(server.number, "procrastinate", THEIR_LEFT)
        return _per_second(bench, [*command, *PROCRASTINATE], environment, COUNT_PROCRASTINATE, left)

    name = "calls that do nothing, PostgreSQL | procrastinate"
    compare(name, "calls/s", ">= 4", bench.pairs, _our_calls(bench, server, COUNT_PROCRASTINATE), theirs)


def _our_calls(bench: Bench, databases: Databases, count: int = COUNT) -> Callable[[], float]:
    """What runs all calls once, on a fresh copy of the database, and tells the calls per second."""
    databases.make("noop_queued", lambda: calls.add(count))

    def run() -> float:
        databases.copy("noop_queued", "noop")
        environment = {"RINGBACK_DATABASE": databases.url("noop"), "RINGBACK_LINES": str(LINES)}
        command = [sys.executable, "-m", "tests.bench.noop"]
        return _per_second(bench, command, environment, count, lambda: databases.number("noop", OUR_LEFT))

    return run


def _per_second(
    bench: Bench, command: Sequence[str], environment: Mapping[str, str], count: int, left: Callable[[], float]
) -> float:
    return workers.per_second(command, environment, bench.folder / "log", count, left)


def _enqueue(module: str, environment: Mapping[str, str], count: int = COUNT) -> None:
    code = f"from tests.bench.peers.{module} import enqueue; enqueue({count})"
    subprocess.run([PEERS / "python", "-c", code], cwd=ROOT, env=os.environ | dict(environment), check=True)


@contextmanager
def _redis(program: str) -> Iterator[str]:
    """A redis that writes nothing to the disk; the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            while not Path(path).exists():
                time.sleep(0.01)
            yield path
        finally:
            process.terminate()
            process.wait()
