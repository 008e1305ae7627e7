"""Programs killed at random while they dial: every call ends, none is dialled twice for one attempt."""

import os
import random
import signal
import time
import urllib.request
from pathlib import Path

import multipart
import pytest
from customer import Customer
from live import Live, until

CALLS, KILLS = 2_000, 8


@pytest.mark.timeout(240)
def test_programs_are_killed_while_they_dial(tmp_path: Path, customer: Customer) -> None:
    """SIGKILL to the scheduler or the web server, again and again; what was lost in mid-call is settled as unknown."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    numbers = "\n".join(f"617{2_000_000 + number}" for number in range(CALLS)).encode()
    form = {
        "login": "demo",
        "pin": "1234",
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
    }
    with Live(tmp_path, lines="10") as live:
        url = f"{live.url}/queuecalls.php"
        request = urllib.request.Request(url, multipart.encode(form, numbers), {"Content-Type": multipart.CONTENT_TYPE})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert f'queued="{CALLS}"' in answer.read(300).decode()
        for _ in range(KILLS):
            time.sleep(draw.uniform(0.3, 1.5))
            running = live.children()
            program = draw.choice(["scheduler", "scheduler", "web"])
            if program in running:
                os.kill(running[program], signal.SIGKILL)
        ended = "SELECT count(*) FROM call WHERE status IN ('completed', 'failed')"
        until(lambda: live.rows(ended) == [(CALLS,)], 120, "every call ends")
        assert len(set(live.dials())) == len(live.dials())
        assert {call_id for call_id, _ in live.dials()} <= {
            str(call_id) for (call_id,) in live.rows("SELECT id FROM call")
        }
        lost = live.rows("SELECT count(*) FROM call WHERE callee_type = 'unknown'")
        assert live.rows("SELECT count(*) FROM call WHERE callee_type NOT IN ('voice', 'unknown')") == [(0,)]
        assert live.rows("PRAGMA integrity_check") == [("ok",)]
        done = "SELECT count(*) FROM result WHERE state = 'acknowledged'"
        until(lambda: live.rows(done) == [(CALLS,)], 120, "every result is acknowledged")
    print(f"{len(live.dials())} dials, {lost[0][0]} attempts lost, 0 doubled")
