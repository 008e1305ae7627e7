"""A flood of logins that nobody has, over the wire: what it does to everybody else's requests."""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from live import ROOT, Live, until

HOST = "calls.example.com"
PIN = "837465"
CONNECTIONS = 120


class Clinic:
    """A public server behind a proxy on this machine, with a client whose good check is remembered."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def ask(self, path: str, form: dict[str, str] | None = None, client: str = "203.0.113.7") -> tuple[float, int, str]:
        """Seconds, status and text of an answer."""
        headers = {"Host": HOST, "X-Forwarded-For": client, "Content-Type": "application/x-www-form-urlencoded"}
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.live.port, timeout=60)
        connection.request("GET" if form is None else "POST", path, form and urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return time.monotonic() - began, answer.status, text

    def call(self, client: str = "203.0.113.7") -> tuple[float, int, str]:
        return self.ask("/queuecall.php", {"login": "clinic", "pin": PIN}, client)

    def seconds(self, rounds: int) -> dict[str, float]:
        """How long half of the requests take at most, by what is asked for."""
        took: dict[str, list[float]] = {"/livez": [], "/login": [], "remembered": []}
        for _ in range(rounds):
            for path in ("/livez", "/login"):
                seconds, status, _ = self.ask(path)
                assert status == 200
                took[path].append(seconds)
            seconds, status, text = self.call()
            assert (status, "phone_number: is required" in text) == (200, True), text
            took["remembered"].append(seconds)
        return {name: statistics.median(each) for name, each in took.items()}

    def refused(self, count: int) -> list[float]:
        """How long so many newcomers took who found the queue full; others may have been let in meanwhile."""
        took: list[float] = []
        for number in range(10, 250):
            seconds, status, text = self.call(f"203.0.113.{number}")
            if status == 503:
                assert "too many logins are being checked" in text
                took.append(seconds)
            if len(took) == count:
                return took
        raise AssertionError(f"{len(took)} of 240 newcomers were refused")

    @contextmanager
    def attacked(self, pause: float) -> Iterator[None]:
        """While each of the connections tries a login every ``pause`` seconds, as soon as its last answer is there."""
        command = [sys.executable, str(ROOT / "tests" / "flood.py"), str(self.live.port), str(CONNECTIONS), HOST]
        attack = subprocess.Popen([*command, str(pause)], stdout=subprocess.PIPE)
        assert attack.stdout is not None
        try:
            attack.stdout.readline()
            until(lambda: "refused: busy" in self.live.log.read_text(), 60, "the queue is full")
            yield
        finally:
            attack.kill()
            attack.wait()
            attack.stdout.close()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    live = Live(tmp_path, hosts=HOST, secret_key="a key that is long enough for this")
    add = [sys.executable, "-m", "app", "account", "add", "clinic", "--pin", PIN]
    subprocess.run(add, cwd=live.folder, env=live.environment, check=True, capture_output=True)
    with live:
        clinic = Clinic(live)
        for _ in range(20):
            clinic.call()  # until every worker remembers it
        yield clinic


@pytest.mark.soak
def test_120_connections_with_unknown_logins(clinic: Clinic) -> None:
    """Health, pages and remembered clients take less than twice as long; newcomers beyond the queue get 503 at once."""
    first_check, _, _ = clinic.call("203.0.113.8")
    before = clinic.seconds(60)
    with clinic.attacked(pause=1.0):
        during = clinic.seconds(60)
        refused = clinic.refused(5)
    until(lambda: clinic.call("203.0.113.9")[1] == 200, 60, "a newcomer is let in afterwards")
    assert statistics.median(refused) < first_check
    after = clinic.seconds(60)
    quiet = {name: max(before[name], after[name], 0.002) for name in during}
    ratios = {name: during[name] / quiet[name] for name in during}
    assert all(ratio < 2 for ratio in ratios.values()), (ratios, quiet)
