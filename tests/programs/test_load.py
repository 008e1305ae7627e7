"""Everything at once on one SQLite file: nobody is told that the database is locked, and nothing is lost.

``LOAD_SECONDS`` says how long.
"""

import itertools
import os
import threading
import time
from pathlib import Path

import pytest
import requests
from customer import Customer
from live import running, until

SECONDS = float(os.environ.get("LOAD_SECONDS", "60"))
CLIENTS = 8


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_mixed_load(tmp_path: Path, customer: Customer) -> None:
    """Two web workers and the scheduler: single calls, lists, pages; every answer is 200 and every call ends."""
    until_then = time.monotonic() + SECONDS
    numbers = itertools.cycle(["6175550100", "6175550103", "6175550107", "2125551234"])
    queued = itertools.count()
    total, wrong = [0], []
    counting = threading.Lock()

    def client(place: int) -> None:
        session = requests.Session()
        while time.monotonic() < until_then:
            form = {
                "login": "demo",
                "pin": "1234",
                "start_url": f"{customer.url}/start",
                "result_url": f"{customer.url}/result",
            }
            turn = next(queued)
            if turn % 50 == 0:
                lines = "\n".join(["6175550100", "6175550106"] * 25)
                files = {"phone_list": ("list.csv", lines)}
                answer = session.post(f"{live.url}/queuecalls.php", data=form, files=files, timeout=30)
                calls = 50
            elif turn % 10 == 0:
                answer, calls = session.get(live.url, timeout=30), 0
            else:
                form["phone_number"] = next(numbers)
                answer, calls = session.post(f"{live.url}/queuecall.php", data=form, timeout=30), 1
            with counting:
                if answer.status_code != 200 or (calls and 'status="queued"' not in answer.text):
                    wrong.append((answer.status_code, answer.text))
                else:
                    total[0] += calls
            time.sleep(0.02)

    with running(tmp_path, workers="2") as live:
        threads = [threading.Thread(target=client, args=(place,)) for place in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert live.rows("SELECT count(*) FROM call") == [(total[0],)]
        until(
            lambda: live.rows("SELECT count(*) FROM result WHERE state <> 'pending'") == [(total[0],)], 120, "all end"
        )
        assert len(set(live.dials())) == len(live.dials()) == total[0]
    log = live.log.read_text()
    assert "locked" not in log
    assert "Traceback" not in log
    print(f"{total[0]} calls in {SECONDS:.0f} s")
