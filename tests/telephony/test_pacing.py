"""Which threads go before others: tried on threads that have the names of the stack's, and without permission."""

import ctypes
import os
import subprocess
import sys
import threading

from named_thread import named
from needs import needs

from app.telephony.sip.pacing import ON_TIME, SLACK_NANOSECONDS, Pacing, wake_together

PR_GET_TIMERSLACK = 30
ALONE = """
import logging, os
from named_thread import named
from app.telephony.sip.pacing import ON_TIME, Pacing
logging.basicConfig(level="INFO")
with named(ON_TIME) as one, named(ON_TIME) as other:
    pacing = Pacing()
    pacing.look()
    pacing.look()
    print([os.sched_getscheduler(each) == os.SCHED_OTHER for each in (one, other)])
"""


def may_go_before_others() -> bool:
    """Whether this process is permitted to."""
    tried = subprocess.run(["chrt", "--rr", "1", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@needs("chrt")
def test_only_who_hands_over_sound_goes_before_others() -> None:
    pacing = Pacing()
    wanted = os.SCHED_RR if may_go_before_others() else os.SCHED_OTHER
    with named(ON_TIME) as first, named("Audio TX") as sender:
        pacing.look()
        with named(ON_TIME) as second:
            pacing.look()
            assert [os.sched_getscheduler(each) for each in (first, second)] == [wanted, wanted]
        pacing.look()
        assert os.sched_getscheduler(sender) == os.SCHED_OTHER
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@needs("setpriv")
def test_without_permission_it_says_so_once_and_goes_on() -> None:
    without = ["setpriv", "--bounding-set=-sys_nice"] if os.geteuid() == 0 else []
    command = [*without, sys.executable, "-c", ALONE]
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    alone = subprocess.run(command, capture_output=True, text=True, env=paths, check=True)
    assert alone.stdout == "[True, True]\n"
    assert alone.stderr.count("real-time priority is not permitted") == 1


def test_threads_that_are_started_afterwards_are_woken_together() -> None:
    found: list[int] = []

    def start() -> None:
        wake_together()
        child = threading.Thread(target=lambda: found.append(ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK)))
        child.start()
        child.join()

    starter = threading.Thread(target=start)
    starter.start()
    starter.join()
    assert found == [SLACK_NANOSECONDS]
    assert ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK) != SLACK_NANOSECONDS
