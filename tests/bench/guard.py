"""What the guard of the door to the network costs."""

from contextlib import ExitStack

from tests.bench import loopback
from tests.bench.databases import SqliteFiles
from tests.bench.measure import Bench, compare
from tests.bench.queueing import CLIENTS, form
from tests.bench.web import gunicorn
from tests.live import free_port

MARKER = b'status="queued"'


def guard(bench: Bench) -> None:
    """One call over HTTP with its two probes guarded, beside the same probes with plain requests sessions."""
    files = SqliteFiles(bench.folder)
    with ExitStack() as programs:
        customer = programs.enter_context(loopback.customer(free_port()))
        servers = []
        for name, application in (("guarded", "wsgi"), ("plain", "tests.bench.unguarded")):
            files.make(name, lambda: None)
            environment = {"RINGBACK_DATABASE": files.url(name)}
            port = programs.enter_context(gunicorn(f"{application}:application", environment))
            servers.append((port, form("/webservice/queuecall.php", port, customer)))
            loopback.requests_per_second(*servers[-1], 4, 1, MARKER)
        ours, plain = servers
        compare(
            "queuecall.php, probes guarded | with plain requests",
            "requests/s",
            ">= 0.8",
            bench.pairs,
            lambda: loopback.requests_per_second(*ours, CLIENTS, bench.seconds, MARKER),
            lambda: loopback.requests_per_second(*plain, CLIENTS, bench.seconds, MARKER),
        )
