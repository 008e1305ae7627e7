"""Applications under gunicorn, to be measured over HTTP."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.bench.measure import ROOT
from tests.live import free_port, until

WORKERS, THREADS = 2, 16


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
        except (requests.ConnectionError, requests.Timeout):
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
