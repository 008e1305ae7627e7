"""Steps virtual time from one due moment to the next, as far as it was asked to go.

At each moment everything that is due happens: results are posted, windows end, calls are dialled and their customers
asked over real HTTP. Dials go in rounds: the next one begins when all of the last have ended or wait for a later
moment, so that what happens depends on the seed alone and not on which thread was faster. One scheduler at a time
steps; others stand by.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from app import clock
from app.calls import db, due_calls, lifecycle, outbox, schedulers, virtual_time
from app.clock import SteppedClock
from scheduler.dispatcher import Dispatcher
from scheduler.results import Sender

log = logging.getLogger(__name__)


class Stepper:
    """Moves ``clock``, and the row that everybody else reads, when nothing is left to do at a moment."""

    def __init__(
        self,
        clock: SteppedClock,
        worker: str,
        zone: ZoneInfo,
        dispatcher: Dispatcher,
        sender: Sender,
        ring: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._worker = worker
        self._zone = zone
        self._dispatcher = dispatcher
        self._sender = sender
        self._ring = ring
        self._leading: db.Held | None = None

    def work(self) -> None:
        """Begin what is due now; when all of that is done, move on. Those who are at work ring when they are done."""
        if not self._leads():
            return
        # Asked first: what is queued after this look is not stepped past by a request that came after it.
        target, number = virtual_time.unanswered()
        self._sender.run()
        if self._dispatcher.busy():
            self._dispatcher.write_down()
            return
        started = self._dispatcher.run()
        while lifecycle.expire(self._clock.now(), self._zone):
            pass
        if not (started or self._sender.run() or self._sender.busy()):
            self._move_on(target, number)

    def close(self) -> None:
        """Let another scheduler step."""
        if self._leading is not None:
            self._leading.release()

    def _leads(self) -> bool:
        if self._leading is None or self._leading.is_lost():
            try:
                self._leading = db.hold("time")
            except db.Taken:
                return False
            self._take_over()
        return True

    def _take_over(self) -> None:
        """Go on where the last one stopped. What it was at is lost, for it has let go of time."""
        self._clock.step(clock.instant(virtual_time.read()))
        for worker in schedulers.others_with_claims(self._worker):
            while lifecycle.settle_lost(worker, self._clock.now(), self._zone):
                pass
        outbox.release_all()
        log.info("steps virtual time from %s", self._clock.now())

    def _move_on(self, target: datetime, number: int) -> None:
        now = self._clock.now()
        if now >= target:
            virtual_time.rest(number, self._clock.next_wake())
            return
        to = min([target, *self._moments(now)])
        virtual_time.move(to)
        self._clock.step(to)
        self._ring()

    def _moments(self, now: datetime) -> list[datetime]:
        """When the next attempt goes on, the next call comes due, the next window ends, the next result is posted."""
        moments = (self._clock.next_wake(), due_calls.next_due(now), lifecycle.next_expiry(now), outbox.next_due(now))
        return [moment for moment in moments if moment is not None]
