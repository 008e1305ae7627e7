"""The scheduler program: a short table of periodic jobs, and a doorbell that runs two of them at once.

Time makes work by itself (a call comes due), so the jobs run periodically. Work that others make (a call arrives,
an attempt ends) rings the doorbell: inside this process directly, from other processes through SQLite's
``data_version``, which changes when somebody else has committed.
"""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from app.calls import claims, lifecycle, queueing
from app.calls.db import execute
from scheduler.attempt import Equipment
from scheduler.dispatcher import Dispatcher
from scheduler.results import Sender

log = logging.getLogger(__name__)

GRACE_SECONDS = 6.0
SENDER_GRACE_SECONDS = 1.0
LOOK_SECONDS = 0.02
RESULT_THREADS = 16


class Service:
    """One scheduler. ``run`` returns after ``stop`` was called, with everything that is known written down."""

    def __init__(self, equipment: Equipment, *, lines: int, seed: str) -> None:
        self._doorbell = threading.Event()
        self._stopping = threading.Event()
        self._equipment = equipment
        worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.dispatcher = Dispatcher(equipment, worker, lines, self._doorbell.set)
        self.sender = Sender(equipment.outside, equipment.clock, seed, RESULT_THREADS, self._doorbell.set)
        self._jobs: tuple[tuple[str, float, Callable[[], object]], ...] = (
            ("dispatch", 1, self._doorbell.set),
            ("expire", 1, self.expire),
            ("renew", claims.LEASE_SECONDS / 3, self.dispatcher.renew),
            ("recover", 5, self.recover),
            ("upkeep", 60, queueing.remove_abandoned),
        )

    def run(self) -> None:
        """Work until stopped."""
        queueing.remove_abandoned()
        clockwork = BackgroundScheduler(timezone="UTC")
        for name, seconds, job in self._jobs:
            clockwork.add_job(job, "interval", seconds=seconds, id=name, coalesce=True, max_instances=1)
        clockwork.start()
        log.info("scheduler started")
        self._answer_the_doorbell()
        clockwork.shutdown()
        self.dispatcher.close(GRACE_SECONDS)
        self.sender.close(SENDER_GRACE_SECONDS)
        log.info("scheduler stopped")

    def stop(self) -> None:
        """Ask ``run`` to end; safe in a signal handler."""
        self._stopping.set()
        self._doorbell.set()

    def expire(self) -> None:
        """Fail what was not reached within its window."""
        now = self._equipment.clock.now()
        while lifecycle.expire(now, self._equipment.zone):
            self._doorbell.set()

    def recover(self) -> None:
        """Settle the attempts of schedulers that died."""
        now, zone = self._equipment.clock.now(), self._equipment.zone
        while lifecycle.recover(now, zone, self.dispatcher.running()):
            self._doorbell.set()

    def _answer_the_doorbell(self) -> None:
        seen = None
        while not self._stopping.is_set():
            rung = self._doorbell.wait(LOOK_SECONDS)
            self._doorbell.clear()
            try:
                (version,) = execute("PRAGMA data_version").fetchone()
                if rung or version != seen:
                    self._work()
                    seen = version
            except Exception:  # the database may be full or locked: it goes on by itself when that is over
                log.exception("dispatch failed; it is tried again within a second")
                self._stopping.wait(1)

    def _work(self) -> None:
        self.sender.run()
        while self.dispatcher.run():
            pass


def run_until_signalled(service: Service) -> None:
    """Run a scheduler in the main thread until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()
    logging.shutdown()
    # Threads that a customer's server keeps waiting would hold up the exit; all that matters is written down.
    os._exit(0)
