"""``ringback demo``: a server and a sample customer on a temporary database, one call, one list, how each ended."""

import contextlib
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from app import clock, programs
from app.calls import accounts, db, reports
from app.errors import Refusal
from app.settings import PREFIX, Settings

CALL = "6175550100"
LIST = tuple(f"617555{line:04}" for line in (*range(100, 108), *range(109, 122)))[:20]
START_SECONDS, END_SECONDS = 30, 60


def run(settings: Settings, sample_port: int, say: Callable[[str], None]) -> None:
    """Show what ringback does, then leave the server running until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server ends with us, whenever that is
    with tempfile.TemporaryDirectory(prefix="ringback-demo-") as folder:
        database = f"sqlite:///{folder}/ringback.db"
        log = Path(folder) / "log"
        command = programs.command("serve", "--sample", "--sample-port", str(sample_port))
        environment = os.environ | {f"{PREFIX}DATABASE": database, f"{PREFIX}CARRIER": "simulated"}
        with log.open("wb") as output:
            server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)  # noqa: S603 - ourselves
        try:
            _wait_for(settings.url, server, log)
            db.open_database(database, make=False, schema="current")
            customer = f"http://127.0.0.1:{sample_port}"
            say(f"Queueing one call and a list of {len(LIST)} at {settings.url}/webservice/ ...")
            _post(f"{settings.url}/webservice/queuecall.php", customer, phone_number=CALL, message_reference="one call")
            _post(f"{settings.url}/webservice/queuecalls.php", customer, phone_list="\n".join(LIST))
            _tell(say)
            say(f"\nThe server goes on running. Open {settings.url}/ to queue more; Ctrl-C ends it.")
            _sleep_until_interrupted(server)
        finally:
            server.terminate()
            server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            raise Refusal(f"the server did not start: {log.read_text().strip()}")
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            clock.pause(0.1)
        else:
            return
    raise Refusal(f"the server did not answer within {START_SECONDS} s")


def _post(url: str, customer: str, **fields: str) -> None:
    who = {"login": accounts.DEMO_LOGIN, "pin": accounts.DEMO_PIN}
    urls = {"start_url": f"{customer}/start", "result_url": f"{customer}/result"}
    body = urlencode(who | urls | fields).encode()
    with urllib.request.urlopen(url, body, timeout=30) as answer:  # noqa: S310 - our own address
        text = answer.read().decode()
    if 'status="queued"' not in text:
        raise Refusal(text)


def _tell(say: Callable[[str], None]) -> None:
    """Print each call when it has ended and its result is acknowledged."""
    told: set[int] = set()
    for _ in range(END_SECONDS * 20):
        for call_id in reports.acknowledged_calls():
            if call_id not in told:
                told.add(call_id)
                call = reports.call(call_id)
                say("  {call_id}  {phone_number:<12} {status:<9} {callee_type:<16} {duration:>3} s".format(**call))
        if len(told) == 1 + len(LIST):
            return
        clock.pause(0.05)
    raise Refusal(f"only {len(told)} of {1 + len(LIST)} calls ended within {END_SECONDS} s")


def _sleep_until_interrupted(server: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(KeyboardInterrupt):
        server.wait()
