"""When this machine stood still, as virtual ones do now and then: nothing that anybody runs on it is on time then.

``python standstill.py CPU`` watches one CPU until its standard input is closed, and prints what it saw: it goes before
every other program where that is permitted, so only the machine itself can hold it up.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TICK_SECONDS = 0.002
STOOD_SECONDS = 0.01

Standstill = tuple[float, float]
"""From when to when, as Unix times."""


@contextmanager
def watched() -> Iterator[list[Standstill]]:
    """What is in the list afterwards is when one of the CPUs stood still for longer than 10 ms."""
    cpus = sorted(os.sched_getaffinity(0))
    commands = [[sys.executable, __file__, str(cpu)] for cpu in cpus]
    watchers = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for each in commands]
    seen: list[Standstill] = []
    try:
        yield seen
    finally:
        for watcher in watchers:
            told, _ = watcher.communicate()
            seen += [(float(begin), float(end)) for begin, end in map(str.split, told.splitlines())]


def _watch(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(50))
    before = time.time()
    while not select.select([sys.stdin], [], [], TICK_SECONDS)[0]:
        now = time.time()
        if now - before > STOOD_SECONDS:
            print(before, now)
        before = now


if __name__ == "__main__":
    _watch(int(sys.argv[1]))
