"""Gives free lines to due calls: picks in fair order, claims, and hands each claim to a thread that dials."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from app.calls import claims, lifecycle
from app.calls.claims import Claim
from scheduler import attempt, fairness
from scheduler.attempt import Equipment

log = logging.getLogger(__name__)

HANG_UP_SECONDS = 1.0


class Dispatcher:
    """The lines of this scheduler. ``when_free`` is called, from any thread, whenever one becomes free."""

    def __init__(self, equipment: Equipment, worker: str, lines: int, when_free: Callable[[], None]) -> None:
        self._equipment = equipment
        self._worker = worker
        self._lines = lines
        self._when_free = when_free
        self._pool = ThreadPoolExecutor(lines, thread_name_prefix="line")
        self._running: dict[Future[None], Claim] = {}
        self._lock = threading.Lock()
        self._closed = False

    def run(self) -> int:
        """Dial what is due as far as lines are free; how many calls were started."""
        with self._lock:
            if self._closed:
                return 0
            now = self._equipment.clock.now()
            own_free = self._lines - len(self._running)
            if own_free <= 0:
                return 0
            call_ids = fairness.share(claims.due(now, own_free), own_free)
            if not call_ids:
                return 0
            claimed = claims.claim(call_ids, self._worker, self._lines, self._equipment.clock)
            for claim in claimed:
                self._start(claim)
            return len(claimed)

    def running(self) -> set[int]:
        """The call_ids that this scheduler is at."""
        return {claim.call_id for claim in list(self._running.values())}

    def renew(self) -> None:
        """Keep the claims of the calls that run."""
        running = list(self._running.values())
        if running:
            claims.renew(running)

    def close(self, grace: float) -> None:
        """Dial no more; let the calls that run end within ``grace`` seconds, then hang up on the rest.

        A call that is still not over, because the customer's server keeps it waiting, is settled as lost.
        """
        with self._lock:
            self._closed = True
            running = dict(self._running)
        claims.give_back([claim for future, claim in running.items() if future.cancel()])
        wait(running, timeout=grace)
        self._equipment.carrier.close()
        _, unfinished = wait(running, timeout=HANG_UP_SECONDS)
        lost = [running[future] for future in unfinished]
        lifecycle.lose(lost, self._equipment.clock.now(), self._equipment.zone, "its scheduler was stopped in mid-call")
        self._pool.shutdown(wait=False)

    def _start(self, claim: Claim) -> None:
        future = self._pool.submit(attempt.run, claim, self._equipment)
        self._running[future] = claim
        future.add_done_callback(self._ended)

    def _ended(self, future: Future[None]) -> None:
        self._running.pop(future, None)
        if not future.cancelled() and (fault := future.exception()):
            log.error("an attempt's end could not be written down; its lease runs out", exc_info=fault)
        self._when_free()
