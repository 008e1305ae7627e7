"""The scheduler program: a short table of periodic jobs, and a doorbell that makes it work at once.

Time makes work by itself (a call comes due). Work that others make (a call arrives, an attempt ends) rings the
doorbell: inside this process directly, from other processes through the database.
"""

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler

from app import clock
from app.calls import db, drafts, due_calls, lifecycle, pruning, queueing, schedulers, tallies
from app.calls.tallies import Tallies
from app.clock import SteppedClock
from app.telephony.outcomes import CalleeType
from scheduler.attempt import Equipment
from scheduler.dispatcher import Dispatcher
from scheduler.heart import Heart
from scheduler.results import Sender
from scheduler.stepping import Stepper

log = logging.getLogger(__name__)

GRACE_SECONDS = 6.0
SENDER_GRACE_SECONDS = 1.0
LOOK_SECONDS = 0.02
LOOK_CAMPAIGNS = 20
"""So many of the campaigns that could not be dialled to their end are asked for when they come due next."""
JUMP_SECONDS = 1.0
ERASE_SECONDS = 2
"""How often what is_pci calls left in the files of SQLite is looked for, and erased."""


class Service:
    """One scheduler. ``run`` returns after ``stop`` was called, with everything that is known written down."""

    def __init__(self, equipment: Equipment, *, lines: int, most_of_queue: int, seed: str, keep_days: int) -> None:
        self._equipment = equipment
        self._keep_days = keep_days
        self._doorbell = threading.Event()
        self._stopping = threading.Event()
        self._next_due: datetime | None = None
        self._in_doubt = False
        self._clockwork = BackgroundScheduler(timezone="UTC")
        self._drift = 0.0
        worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        ring, business = self._doorbell.set, equipment.clock
        self.tallies = Tallies()
        self.heart = Heart(worker, lambda: equipment.carrier.trouble)
        self.watch = schedulers.Watch(lambda: self.heart.beats)
        self.dispatcher = Dispatcher(
            equipment, worker, lines, most_of_queue, ring=ring, lease=self.heart.lease, tallies=self.tallies
        )
        self.sender = Sender(equipment.outside, business, seed, worker, ring=ring, tallies=self.tallies)
        self.stepper: Stepper | None = None
        if isinstance(business, SteppedClock):
            business.when_waiting = ring
            self.stepper = Stepper(business, worker, equipment.zone, self.dispatcher, self.sender, ring)

    def run(self) -> None:
        """Work until stopped."""
        self.heart.start()
        self._clockwork.start()
        self._wind_up()
        self._clockwork.add_job(self.upkeep, id="first upkeep")  # what a kill left behind goes at once
        log.info("scheduler started")
        self._answer_the_doorbell()
        self._clockwork.shutdown(wait=True)
        self.close()
        log.info("scheduler stopped")

    def stop(self) -> None:
        """Ask ``run`` to end; safe in a signal handler."""
        self._stopping.set()
        self._doorbell.set()

    def close(self) -> None:
        """End what runs and write everything down."""
        with contextlib.suppress(db.Busy):
            self.heart.beat()
        self.dispatcher.close(GRACE_SECONDS)
        self.sender.close(SENDER_GRACE_SECONDS)
        self.tallies.write()
        if self.stepper is not None:
            self.stepper.close()
        self.heart.stop()

    def work(self) -> None:
        """Obey the switch, post results, dial what is due."""
        if self._in_doubt:
            self.dispatcher.write_singly()
            self.dispatcher.reconcile()
            self.sender.reconcile()
            self._in_doubt = False
        self.heart.obey(self.dispatcher.recall)
        if self.stepper is not None:
            self.stepper.work()
            return
        self.sender.run()
        while self.dispatcher.run():
            pass
        self._next_due = due_calls.next_due(self._equipment.clock.now(), LOOK_CAMPAIGNS)

    def expire(self) -> None:
        """Fail what was not reached within its window."""
        now = self._equipment.clock.now()
        while lifecycle.expire(now, self._equipment.zone):
            self._doorbell.set()

    def recover(self) -> None:
        """Settle the attempts of schedulers that are lost."""
        for worker, beat in self.watch.lost().items():
            if worker == self.heart.worker:
                continue
            while lost := lifecycle.settle_lost(worker, self._equipment.clock.now(), self._equipment.zone, beat=beat):
                self.tallies.count("attempts", CalleeType.UNKNOWN, lost)
                self._doorbell.set()

    def upkeep(self) -> None:
        """Remove what nobody needs any more, unless another scheduler is at it."""
        try:
            held = db.hold("upkeep")
        except db.Taken:
            return
        try:
            due_calls.repair()
            queueing.remove_abandoned()
            drafts.remove_old()
            schedulers.forget_silent()
            tallies.forget_minutes(self._equipment.clock.now())
            # Virtual time runs through days in a moment: what happened in them is still to be told.
            if self.stepper is None:
                self._prune()
        finally:
            held.release()

    def _prune(self) -> None:
        pruning.prune_answers(self._equipment.clock.now())
        while pruning.prune(self._equipment.clock.now(), self._keep_days) and not self._stopping.is_set():
            pass

    def _jobs(self) -> list[tuple[str, float, Callable[[], object]]]:
        jobs: list[tuple[str, float, Callable[[], object]]] = [
            ("tick", 1, self._doorbell.set),
            ("beat", schedulers.BEAT_SECONDS, self.heart.beat),
            ("tallies", 2, self.tallies.write),
            ("erase", ERASE_SECONDS, db.erase),
            ("upkeep", 60, self.upkeep),
        ]
        if self.stepper is None:
            jobs += [("expire", 1, self.expire), ("recover", 5, self.recover)]
        return jobs

    def _wind_up(self) -> None:
        """Start the periodic jobs, or start them anew: their periods go by the machine's clock."""
        self._drift = clock.machine() - clock.elapsed()
        for name, seconds, job in self._jobs():
            self._clockwork.add_job(
                job, "interval", seconds=seconds, id=name, coalesce=True, max_instances=1, replace_existing=True
            )

    def _has_jumped(self) -> bool:
        """Whether somebody has set the machine's clock."""
        return abs(clock.machine() - clock.elapsed() - self._drift) > JUMP_SECONDS

    def _answer_the_doorbell(self) -> None:
        changes = db.Changes()
        while not self._stopping.is_set():
            rung = self._doorbell.wait(LOOK_SECONDS)
            self._doorbell.clear()
            if self._has_jumped():
                log.warning("the machine's clock was set")
                self._wind_up()
            try:
                if rung or changes.seen() or self.dispatcher.has_news() or self._has_come_due():
                    self.work()
            except Exception:  # the database may be full or locked: it goes on by itself when that is over
                log.exception("dispatch failed; it is tried again within a second")
                self._in_doubt = True
                self._stopping.wait(1)
        changes.close()

    def _has_come_due(self) -> bool:
        return self._next_due is not None and self._equipment.clock.now() >= self._next_due


def run_until_signalled(service: Service) -> None:
    """Run a scheduler in the main thread until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()
    logging.shutdown()
    # Threads that a customer's server keeps waiting would hold up the exit; all that matters is written down.
    os._exit(0)
