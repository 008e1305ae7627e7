"""Results to servers that misbehave, one fault each: the documented state after one try, in time, in little memory."""

import ssl
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import faults
import pytest
import trustme
from faults import Behaviour, Server, answer, drip, head, in_turn, raw, redirect, routes
from office import Office

from app.calls.db import execute, writing
from scheduler.results import LIMITS

TRY_SECONDS = LIMITS.total + 1
MEMORY = 20 << 20
COMPLETED = answer(b"completed")


@dataclass(frozen=True)
class Fault:
    """What a result_url does, and what becomes of the result after one try. ``after`` is its wait, in seconds."""

    behave: Behaviour
    state: str
    last_answer: str
    after: float = 5


NO_ANSWER = "connection broken off or answer not HTTP"
FAULTS = {
    "closes without an answer": Fault(faults.hang_up, "pending", NO_ANSWER),
    "resets in the middle": Fault(faults.reset, "pending", NO_ANSWER),
    "ends before its Content-Length": Fault(raw(head(length=100) + b"completed", keep=False), "pending", NO_ANSWER),
    "does not speak HTTP": Fault(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", keep=False), "pending", NO_ANSWER),
    "never answers": Fault(faults.silence, "pending", "no whole answer in time"),
    "drips a body": Fault(drip(head(length=100_000), every=0.5), "pending", "no whole answer in time"),
    "drips a head": Fault(drip(b"HTTP/1.1 200 OK\r\nX: ", every=0.5), "pending", "no whole answer in time"),
    "an empty 200": Fault(answer(), "pending", "HTTP 200"),
    "204": Fault(raw(head(204, length=None)), "pending", "HTTP 204"),
    "301": Fault(routes(result=redirect("/moved", 301), moved=COMPLETED), "acknowledged", "HTTP 200"),
    "302": Fault(routes(result=redirect("/moved", 302), moved=COMPLETED), "acknowledged", "HTTP 200"),
    "302 for ever": Fault(redirect("/result"), "pending", "too many redirects"),
    "303": Fault(redirect("/moved", 303), "pending", "HTTP 303"),
    "404": Fault(answer(b"completed", 404), "pending", "HTTP 404"),
    "410": Fault(answer(b"", 410), "gone", "HTTP 410"),
    "429": Fault(answer(b"", 429, "Retry-After: 120"), "pending", "HTTP 429", after=120),
    "500": Fault(answer(b"completed", 500), "pending", "HTTP 500"),
    "503": Fault(answer(b"", 503, "Retry-After: 3600"), "pending", "HTTP 503", after=3600),
    "200 MiB": Fault(faults.flood, "pending", "HTTP 200"),
    "a gzip bomb": Fault(faults.bomb(), "pending", "HTTP 200"),
    "not gzip as it says": Fault(
        answer(b"completed", 200, "Content-Encoding: gzip"), "pending", "body could not be decompressed"
    ),
    "a wrong charset": Fault(
        answer(b"\xff\xfe Completed \x00", 200, "Content-Type: text/plain; charset=utf-7"), "acknowledged", "HTTP 200"
    ),
    "first busy, then not": Fault(in_turn(answer(b"", 503), COMPLETED), "pending", "HTTP 503"),
}


@pytest.fixture
def bad_urls() -> Iterator[dict[str, str]]:
    """A result_url for each fault."""
    with ExitStack() as servers:

        def serve(behave: Behaviour, tls: ssl.SSLContext | None = None, greeting: bytes = b"") -> str:
            return servers.enter_context(closing(Server(behave, tls=tls, greeting=greeting))).url + "/result"

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        with closing(Server(COMPLETED)) as gone:
            refused = f"{gone.url}/result"
        yield {name: serve(fault.behave) for name, fault in FAULTS.items()} | {
            "refused": refused,
            "unknown host": "http://no-such-host.invalid/result",
            "a certificate nobody knows": serve(COMPLETED, context),
            "TLS to a server without": serve(COMPLETED, greeting=b"HTTP/1.1 ").replace("http:", "https:"),
        }


EXPECTED = {name: (fault.state, fault.last_answer, fault.after) for name, fault in FAULTS.items()} | {
    "refused": ("pending", "connection refused or unreachable", 5),
    "unknown host": ("pending", "no such host", 5),
    "a certificate nobody knows": ("pending", "TLS handshake or certificate not accepted", 5),
    "TLS to a server without": ("pending", "TLS handshake or certificate not accepted", 5),
}


# It takes as long as the slowest try, and what is written is the same for all.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_faults(office: Office, bad_urls: dict[str, str]) -> None:
    """All of them at once: each ends as documented, none takes longer than a try may, and memory stays as it was."""
    calls = {name: office.queue("6175550100") for name in bad_urls}
    with writing():
        for name, call_id in calls.items():  # a URL that fails is not accepted: it begins to fail later
            execute(
                "UPDATE terms SET result_url = ? WHERE id = (SELECT terms_id FROM call WHERE id = ?)",
                bad_urls[name],
                call_id,
            )
            # Nobody is called twice at one time.
            execute("UPDATE call SET number = ? WHERE id = ?", f"+1617{call_id}", call_id)
    tracemalloc.start()
    began = time.monotonic()
    office.work(seconds=60)
    seconds = time.monotonic() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows = execute("SELECT call_id, state, last_answer, due_at, tries FROM result").fetchall()
    found = {call_id: row for call_id, *row in rows}
    for name, (state, last_answer, after) in EXPECTED.items():
        got_state, got_answer, due_at, tries = found[calls[name]]
        assert (got_state, got_answer.partition(": ")[0], tries) == (state, last_answer, 1), name
        if state == "pending":
            assert due_at - office.clock.now().timestamp() == pytest.approx(after, rel=0.21), name
    assert seconds < TRY_SECONDS + 1
    assert peak < MEMORY
