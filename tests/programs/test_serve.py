"""``ringback serve`` as a user meets it: the printed command works, it survives a restart, a kill, a dead child."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import multipart
import pytest
from customer import Customer, Reply
from live import Live, free_port, running, until
from needs import needs

FINAL = "SELECT count(*) FROM call WHERE status IN ('completed', 'failed')"


@needs("curl")
def test_the_printed_curl_line_works_as_it_stands(tmp_path: Path) -> None:
    """It is pasted into a shell: the call is queued, the sample customer is asked for a page and told the result."""
    port = free_port()
    with running(tmp_path, "--sample", "--sample-port", str(port)) as live:
        until(lambda: "\ncurl " in live.log.read_text(), 10, "the line is printed")
        (line,) = re.findall(r"^curl .*$", live.log.read_text(), re.MULTILINE)
        until(lambda: f"127.0.0.1:{port}/start and" in live.log.read_text(), 10, "the sample customer listens")
        answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
        assert '<queuecall status="queued" call_id="' in answer
        until(lambda: "result=Completed callee_type=voice" in live.log.read_text(), 10, "the result is posted")
        assert f"{live.url}/" in live.log.read_text()
        assert "login demo, pin 1234" in live.log.read_text()
        assert "peewee" not in live.log.read_text(), "what the database is made of is not told"


@pytest.mark.soak
def test_500_calls_survive_a_restart_in_the_middle(tmp_path: Path, customer: Customer) -> None:
    """SIGTERM while they are dialled: the programs end within 10 s, go on after the start, and dial none twice."""
    numbers = "".join(f"61755501{end}\n" for end in ("00", "03", "06", "02", "07") * 100).encode()
    with Live(tmp_path, lines="4") as live:
        assert 'queued="500"' in _upload(live, customer, numbers)
        until(lambda: len(live.dials()) > 50, 20, "dialling is under way")
    assert 0 < len(live.dials()) < 500, "stopped too early or too late to show anything"
    with live:
        until(lambda: live.rows(FINAL) == [(500,)], 60, "every call ends")
        assert len(set(live.dials())) == len(live.dials()) == 500
        until(lambda: len(customer.posts("/result")) == 500, 30, "every result is posted")
        assert {int(post.form["call_id"]) for post in customer.posts("/result")} == {
            call_id for (call_id,) in live.rows("SELECT id FROM call")
        }


def test_a_call_that_rings_when_the_scheduler_is_stopped_is_settled_and_retried(
    tmp_path: Path, customer: Customer
) -> None:
    """Nobody is called twice for one attempt: the attempt that was broken off ends as unknown and counts."""
    with Live(tmp_path, pace="real") as live:
        answer = live.post("/webservice/queuecall.php", **_form(customer, "6175550104", max_retries=1))
        assert 'status="queued"' in answer
        until(lambda: len(live.dials()) == 1, 10, "it is dialled")
    assert live.rows("SELECT status, callee_type, attempts FROM call") == [("queued", "unknown", 1)]
    assert len(live.dials()) == 1


def test_a_server_that_keeps_ringback_waiting_does_not_hold_up_the_stop(tmp_path: Path, customer: Customer) -> None:
    """start_url and result_url hang: SIGTERM ends everything within 10 s, and every call is settled."""
    customer.answers["/start"] = lambda _: Reply(delay=30)
    customer.answers["/result"] = lambda _: Reply(delay=30)
    with Live(tmp_path) as live:
        live.post("/webservice/queuecall.php", **_form(customer, "6175550100"))
        live.post("/webservice/queuecall.php", **_form(customer, "6175550103"))
        customer.wait_for("/start", 1)
        customer.wait_for("/result", 1)
        began = time.monotonic()
        assert live.stop() == 0
        assert time.monotonic() - began < 10
        assert live.rows("SELECT status, callee_type FROM call ORDER BY id") == [
            ("failed", "unknown"),
            ("failed", "busy"),
        ]


def test_what_a_kill_left_half_loaded_is_gone_after_the_next_start(tmp_path: Path, customer: Customer) -> None:
    """The web server dies while it reads a long list: nothing of it was seen, and nothing of it is left."""
    lines = b"".join(b"61755%05d,ref\n" % number for number in range(100_000)) * 4
    with Live(tmp_path) as live:

        def post() -> None:
            with pytest.raises((urllib.error.URLError, ConnectionError)):
                _upload(live, customer, lines)

        poster = threading.Thread(target=post)
        poster.start()
        until(lambda: live.rows("SELECT count(*) FROM call") > [(20_000,)], 30, "loading is under way")
        live.kill()
        poster.join()
        assert live.rows("SELECT status FROM campaign WHERE NOT is_default") == [("loading",)]
        assert live.rows("SELECT count(*) FROM call") > [(0,)]
        assert live.dials() == []
        live.start()
        until(lambda: live.rows("SELECT count(*) FROM call") == [(0,)], 20, "the rest is removed")
        lists = "SELECT count(*) FROM campaign WHERE NOT is_default"
        until(lambda: live.rows(lists) == [(0,)], 5, "its campaign is removed")
        assert live.dials() == []


@pytest.mark.parametrize("program", ["web", "scheduler"])
def test_a_program_that_dies_is_started_again(tmp_path: Path, customer: Customer, program: str) -> None:
    """Killed, it is back within seconds and calls go through."""
    with Live(tmp_path) as live:
        first = live.children()
        os.kill(first[program], signal.SIGKILL)
        until(lambda: live.children().get(program, first[program]) != first[program], 10, f"{program} is back")
        until(live._answers, 10, "the web server answers")
        assert 'status="queued"' in live.post("/webservice/queuecall.php", **_form(customer, "6175550100"))
        customer.wait_for("/result", 1)


def test_what_a_killed_web_server_leaves_behind_is_gone_when_the_next_one_starts(
    tmp_path: Path, customer: Customer
) -> None:
    """Its worker, in the middle of a request, would answer a little longer and then drop what it has accepted."""
    customer.answers["/slow"] = lambda _: Reply(delay=30)
    slow = _form(customer, "6175550100", start_url=f"{customer.url}/slow")
    with Live(tmp_path) as live, ThreadPoolExecutor(1) as client:
        first = live.children()["web"]
        workers = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        asked = client.submit(live.post, "/webservice/queuecall.php", **slow)
        until(lambda: customer.received, 20, "the request is being worked on")
        os.kill(first, signal.SIGKILL)
        until(lambda: live.children().get("web", first) != first, 10, "the next one is started")
        assert workers
        assert not [worker for worker in workers if _runs(worker)]
        assert isinstance(asked.exception(), OSError)


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""  # that of one that is dead and not yet reaped
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.soak
def test_a_call_that_is_due_is_dialled_without_visible_delay(tmp_path: Path, customer: Customer) -> None:
    """Work that arrives rings the scheduler's doorbell: nobody waits for a period to be over."""
    with Live(tmp_path) as live:
        live.post("/webservice/queuecall.php", **_form(customer, "6175550100"))
        delays = []
        for wanted in range(1, 6):
            customer.wait_for("/result", wanted)
            live.post("/webservice/queuecall.php", **_form(customer, "6175550100"))
        customer.wait_for("/result", 6)
        delays = [late for (late,) in live.rows("SELECT last_attempt_at - queued_at FROM call")]
    assert sorted(delays)[len(delays) // 2] < 0.2, delays


def test_when_serve_is_killed_its_programs_end_too(tmp_path: Path, customer: Customer) -> None:
    """SIGKILL leaves no program behind that would hold the port or dial on: it can be started again at once."""
    with Live(tmp_path) as live:
        os.kill(live.process.pid, signal.SIGKILL)
        live.process.wait(5)
        until(lambda: not _listens(live.port), 15, "the web server is gone")
        live.start()
        assert 'status="queued"' in live.post("/webservice/queuecall.php", **_form(customer, "6175550100"))
        customer.wait_for("/result", 1)


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def test_a_second_serve_on_the_same_port_says_so(tmp_path: Path) -> None:
    """One sentence and exit status 1, not a traceback."""
    with Live(tmp_path) as live:
        second = subprocess.run(
            live._command, cwd=tmp_path, env=live.environment, capture_output=True, text=True, timeout=30
        )
    assert second.returncode == 1
    assert (
        second.stderr
        == f"Error: 127.0.0.1:{live.port} can't be used: Address already in use; RINGBACK_BIND names another\n"
    )


def _form(customer: Customer, number: str, **more: object) -> dict[str, object]:
    return {
        "login": "demo",
        "pin": "1234",
        "phone_number": number,
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
        **more,
    }


def _upload(live: Live, customer: Customer, numbers: bytes) -> str:
    fields = {name: str(value) for name, value in _form(customer, "").items()} | {"campaign_name": "a list"}
    request = urllib.request.Request(
        f"{live.url}/webservice/queuecalls.php",
        multipart.encode(fields, numbers),
        {"Content-Type": multipart.CONTENT_TYPE},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode())
