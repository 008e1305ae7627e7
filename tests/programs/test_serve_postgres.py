"""The programs on PostgreSQL, as a user runs them."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import multipart
import pytest
from customer import Customer
from live import Live, until
from needs import needs
from postgres import Server

pytestmark = [needs("postgres"), pytest.mark.timeout(180)]
LINES = 3_000


def _form(customer: Customer) -> dict[str, str]:
    return {
        "login": "demo",
        "pin": "1234",
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
    }


def test_from_an_empty_database_to_the_result(tmp_path: Path, postgres_server: Server, customer: Customer) -> None:
    """serve upgrades it and makes the demo account; a call is dialled as soon as it rings, and its result is sent."""
    with postgres_server.empty() as url, Live(tmp_path, database=url) as live:
        started = time.monotonic()
        answer = live.post("/webservice/queuecall.php", phone_number="6175550100", **_form(customer))
        assert 'status="queued"' in answer
        customer.wait_for("/result", 1)
        print(f"{time.monotonic() - started:.2f} s from the form to the result")
        until(lambda: live.rows("SELECT state FROM result") == [("acknowledged",)], 10, "it is acknowledged")
        told = subprocess.run(
            [sys.executable, "-m", "app", "status"],
            cwd=tmp_path,
            env=live.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "completed" in told.stdout


@pytest.mark.soak
def test_programs_are_killed_and_the_server_restarts(
    tmp_path: Path, postgres_server: Server, customer: Customer
) -> None:
    """Every call of a list ends, none is dialled twice for one attempt, whatever falls over meanwhile."""
    numbers = "\n".join(f"617{2_000_000 + number}" for number in range(LINES)).encode()
    with postgres_server.upgraded() as url, Live(tmp_path, database=url) as live:
        body = multipart.encode(_form(customer), numbers)
        request = urllib.request.Request(f"{live.url}/queuecalls.php", body, {"Content-Type": multipart.CONTENT_TYPE})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert f'queued="{LINES}"' in answer.read(300).decode()
        until(lambda: len(live.dials()) > LINES / 10, 30, "calls are dialled")
        os.kill(live.children()["scheduler"], signal.SIGKILL)
        until(lambda: "starting it again" in live.log.read_text(), 10, "serve misses its scheduler")
        before = len(live.dials())
        until(lambda: len(live.dials()) > before + LINES / 10, 60, "calls are dialled again")
        with postgres_server.away():
            assert len(live.dials()) < LINES
            until(
                lambda: "the database does not ring us" in live.log.read_text(), 20, "the scheduler misses the server"
            )
        ended = "SELECT count(*) FROM call WHERE status IN ('completed', 'failed')"
        until(lambda: live.rows(ended) == [(LINES,)], 120, "every call ends")
        done = "SELECT count(*) FROM result WHERE state = 'acknowledged'"
        until(lambda: live.rows(done) == [(LINES,)], 60, "every result is acknowledged")
        assert len(set(live.dials())) == len(live.dials())
        lost = live.rows("SELECT count(*) FROM call WHERE callee_type = 'unknown'")
    print(f"{len(live.dials())} dials, {lost[0][0]} attempts lost, 0 doubled")
