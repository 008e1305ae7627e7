"""The Fuse API over HTTP: one call, beside queuecall.php without its probes; a long list, beside raw executemany."""

import time
from base64 import b64encode

import requests

from tests import multipart
from tests.bench import loopback
from tests.bench.databases import SqliteFiles
from tests.bench.measure import Bench, compare
from tests.bench.queueing import CLIENTS, call_rows, form, raw_insert
from tests.bench.web import gunicorn

DEPLOYMENT = "/api/apps/1/1"
DEVELOPER = ("demo@example.com", "demo-key")
RESULT_URL = "http://127.0.0.1:9/result"
LINES = 100_000


def queue(bench: Bench) -> None:
    """One call in the same server as queuecall.php, whose probes are switched off."""
    files = SqliteFiles(bench.folder)
    files.make("fuse", lambda: None)
    with gunicorn("tests.bench.unprobed:application", {"RINGBACK_DATABASE": files.url("fuse")}) as port:
        sides = (
            (_form(port), b'"call_id"'),
            (form("/webservice/queuecall.php", port, RESULT_URL.removesuffix("/result")), b'status="queued"'),
        )
        for request, marker in sides:
            loopback.requests_per_second(port, request, 4, 1, marker)
        ours, theirs = (
            lambda request=request, marker=marker: loopback.requests_per_second(
                port, request, CLIENTS, bench.seconds, marker
            )
            for request, marker in sides
        )
        compare("Fuse queue | queuecall.php without probes", "requests/s", ">= 0.9", bench.pairs, ours, theirs)


def _form(port: int) -> bytes:
    fields = f"phone_number=6175550100&result_url={RESULT_URL}"
    secret = b64encode(":".join(DEVELOPER).encode()).decode()
    head = f"POST {DEPLOYMENT}/queue HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {secret}\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(fields)}\r\n\r\n"
    return f"{head}{fields}".encode()


def bulk_queue(bench: Bench) -> None:
    """A long list with one column of metadata, the whole answer read, beside raw executemany of as many calls."""
    files = SqliteFiles(bench.folder)
    files.make("bulk", lambda: None)
    files.make("raw_bulk", lambda: None)
    numbers = b"destination,name\n" + b"".join(b"1617%07d,name %d\n" % (2_000_000 + n, n) for n in range(LINES))
    body = multipart.encode({"result_url": RESULT_URL}, numbers, "csv")
    with gunicorn("wsgi:application", {"RINGBACK_DATABASE": files.url("bulk")}, tell_memory=True) as port:
        url = f"http://127.0.0.1:{port}{DEPLOYMENT}/bulk_queue"

        def ours() -> float:
            began = time.monotonic()
            headers = {"Content-Type": multipart.CONTENT_TYPE}
            answer = requests.post(url, body, headers=headers, auth=DEVELOPER, timeout=600)
            seconds = time.monotonic() - began
            if answer.json()["queued"] != LINES:
                raise RuntimeError(answer.text[:500])
            return seconds

        rows = call_rows(LINES)
        name = f"Fuse bulk_queue, {LINES:,} lines | raw executemany"
        compare(name, "seconds", "<= 3", bench.pairs, ours, lambda: raw_insert(files.path("raw_bulk"), rows))
