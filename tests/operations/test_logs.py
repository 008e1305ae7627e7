"""RINGBACK_LOG_FORMAT=json: an object per line from every program, and nothing in it that must not be there."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from customer import Customer
from live import Live, until

PIN = "8264759103"
PARAMETER = "her-diagnosis"


def objects(log: Path) -> list[dict[str, Any]]:
    """The log as objects, without what serve says to people at its start."""
    lines = log.read_text().splitlines()
    assert not [line for line in lines if " INFO " in line or " WARNING " in line], "a line of text among the objects"
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.timeout(120)
def test_every_program_logs_objects(tmp_path: Path, customer: Customer) -> None:
    """A call's lines carry its call_id, those of gunicorn and of serve look alike, and no PIN or parameter is told."""
    live = Live(tmp_path, log_format="json")
    command = [sys.executable, "-m", "app", "account", "add", "clinic", "--pin", PIN]
    subprocess.run(command, cwd=tmp_path, env=live.environment, check=True, capture_output=True)
    with live:
        answer = live.post(
            "/webservice/queuecall.php",
            login="clinic",
            pin=PIN,
            phone_number="6175550100",
            start_url=f"{customer.url}/start",
            result_url=f"{customer.url}/result",
            call_parameters=PARAMETER,
        )
        call_id = int(answer.partition('call_id="')[2].partition('"')[0])
        customer.wait_for("/result", 1)
        _kill_a_child(live.children()["web"])
        os.kill(live.children()["scheduler"], signal.SIGKILL)
        until(lambda: "was sent SIGKILL" in live.log.read_text(), 10, "gunicorn misses its worker")
        until(lambda: "starting it again" in live.log.read_text(), 10, "serve misses its scheduler")
    told = objects(tmp_path / "log")
    assert all({"time", "level", "logger", "message"} <= set(line) for line in told)
    assert all(datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0) for line in told)
    assert {"gunicorn.error", "app.programs"} <= {line["logger"] for line in told}
    about = [line for line in told if line["message"].startswith(str(call_id))]
    assert any(line["message"] == f"{call_id} dialing: attempt 1" for line in about)
    assert all(line["call_id"] == call_id for line in about)
    assert all("call_id" in line or not line["message"][0].isdigit() for line in told)
    log = (tmp_path / "log").read_text()
    assert PIN not in log
    assert PARAMETER not in log


def _kill_a_child(parent: int) -> None:
    child = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGKILL)


LINES = """
import logging
from app import logs
logs.start("json")
log = logging.getLogger("x")
log.info("%d dialing: attempt %d", 112850593, 2)
log.info("%d%% of it", 7)
log.info("no call at all")
try:
    raise ValueError("a\\nb")
except ValueError:
    log.exception("%d lost: %s", 5, "\\u00e9 \\udcff \\n {")
logging.getLogger("apscheduler.scheduler").info("chatter")
"""


def test_what_an_object_holds() -> None:
    """One line each whatever is in it, with call_id only where the line is about a call; a fault with its traceback."""
    ran = subprocess.run([sys.executable, "-c", LINES], capture_output=True, check=True, cwd=Path(__file__).parents[2])
    first, percent, none, fault = map(json.loads, ran.stderr.splitlines())
    assert (first["level"], first["logger"]) == ("INFO", "x")
    assert (first["message"], first["call_id"]) == ("112850593 dialing: attempt 2", 112850593)
    assert "call_id" not in percent
    assert "call_id" not in none
    assert (fault["call_id"], fault["level"], fault["message"]) == (5, "ERROR", "5 lost: \u00e9 \udcff \n {")
    assert fault["exc_info"].startswith("Traceback")
