"""Gives free lines to due calls: picks in fair order, claims, and hands each claim to a thread that dials.

The threads write nothing. What they report is written by whoever calls ``run``, several attempts in one transaction,
and only then their lines are free again.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import claims, db, due_calls, lifecycle
from app.calls.claims import Claim
from app.calls.db import Busy, writing
from app.calls.due_calls import Waiting
from app.calls.lifecycle import Ended
from app.calls.tallies import Tallies
from scheduler import fairness
from scheduler.attempt import Attempt, Equipment
from scheduler.permit import Permit

log = logging.getLogger(__name__)

HANG_UP_SECONDS = 1.0
LOOK_SECONDS = 0.02
MOST_AT_ONCE = 500
"""Calls claimed in one transaction."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line in use."""

    claim: Claim
    permit: Permit


class Dispatcher:
    """The lines of this scheduler. All its methods are for one thread.

    ``ring`` is called, from any thread, whenever an attempt has ended. ``lease`` gives, for a claim that is
    made now, what tells at the last moment whether its dial may still begin. A queue that has ``most_of_queue`` of the
    ``lines`` lets the others go first.
    """

    def __init__(
        self,
        equipment: Equipment,
        worker: str,
        lines: int,
        most_of_queue: int,
        *,
        ring: Callable[[], None],
        lease: Callable[[], Callable[[], bool]],
        tallies: Tallies,
    ) -> None:
        self._equipment = equipment
        self._worker = worker
        self._lines = lines
        self._most_of_queue = most_of_queue
        self._ring = ring
        self._lease = lease
        self._tallies = tallies
        self._pool = ThreadPoolExecutor(lines, thread_name_prefix="line")
        self._in_use: dict[tuple[int, int], _Line] = {}
        self._answered: deque[tuple[Claim, datetime]] = deque()
        self._over: deque[tuple[Claim, Ended | None]] = deque()
        self._served: dict[int, int] = {}
        self._dialled = 0
        self._closed = False

    def run(self) -> int:
        """Write down what was reported and dial what is due, as far as lines are free; how many calls were started."""
        if not self.has_news() and not self._pick():
            return 0
        lease = self._lease()
        queue_of: dict[int, int] = {}
        with self._written_down():
            queue_of = dict(self._pick())
            claimed = claims.claim(list(queue_of), self._worker, self._lines, self._equipment.clock)
        for claim in claimed:
            self._dialled += 1
            self._served[queue_of[claim.call_id]] = self._dialled
            self._start(claim, lease)
        return len(claimed)

    def write_down(self) -> None:
        """Write down what was reported."""
        if self.has_news():
            with self._written_down():
                pass

    def has_news(self) -> bool:
        """Whether something was reported that is not written down."""
        return bool(self._over or self._answered)

    def busy(self) -> bool:
        """Whether an attempt has something to do at this moment, other than waiting for a later one."""
        return len(self._in_use) - len(self._over) > self._equipment.clock.sleeping()

    def recall(self) -> list[Claim]:
        """Take back the claims that were not dialled yet, for the caller to return to the queue."""
        return [line.claim for line in self._in_use.values() if line.permit.recall()]

    def write_singly(self) -> None:
        """Write what was reported attempt by attempt, after it could not be written together.

        One that can't be written by a fault of ours ends as lost, and stops no other.
        """
        for claim, how in list(self._over):
            try:
                with writing():
                    lifecycle.finish([how] if how else [], self._equipment.zone)
                    claims.give_back([] if how else [claim])
            except db.Unusable:
                raise
            except Exception:  # around one attempt
                log.exception("%d lost: its end can't be written", claim.call_id)
                why = "its end could not be written, by a fault of ours"
                lifecycle.lose([claim], self._equipment.clock.now(), self._equipment.zone, why)
            self._over.popleft()
            self._in_use.pop(_key(claim), None)

    def reconcile(self) -> None:
        """Give back what the database says is ours and we know nothing of: a commit whose answer got lost."""
        held = claims.of_worker(self._worker, self._lines)
        claims.give_back([claim for claim in held if _key(claim) not in self._in_use])

    def close(self, grace: float) -> None:
        """Dial no more; let the calls that run end within ``grace`` seconds, then hang up on the rest.

        A call that is still not over, because the customer's server keeps it waiting, is settled as lost.
        """
        self._closed = True
        undialled = self.recall()
        with suppress(db.Busy):  # their threads will report that they did not dial
            claims.give_back(undialled)
        self._equipment.carrier.drain()
        self._wait(grace)
        self._equipment.carrier.close()
        self._wait(HANG_UP_SECONDS)
        lost = [line.claim for line in self._in_use.values()]
        with suppress(db.Busy):  # then another scheduler settles them
            why = "its scheduler was stopped in mid-call"
            lifecycle.lose(lost, self._equipment.clock.now(), self._equipment.zone, why)
        self._pool.shutdown(wait=False)

    def _pick(self) -> list[tuple[int, int]]:
        """The calls to dial, as (call_id, queue) in the order of their turns."""
        lines = self._lines - len(self._in_use) + len(self._over)
        free = min(lines, MOST_AT_ONCE, self._equipment.carrier.room)
        if self._closed or free <= 0:
            return []
        now = self._equipment.clock.now()
        queues = due_calls.queues(now)
        if not queues:
            return []
        running = claims.running_of_queues()
        waiting: dict[int, list[Waiting]] = {}
        for queue in fairness.turns(queues, self._served, running, self._most_of_queue):
            if len(waiting) < free and (found := due_calls.due(queue, now, free)):
                waiting[queue] = found
        return fairness.share(waiting, free, running, self._most_of_queue)

    @contextmanager
    def _written_down(self) -> Iterator[None]:
        """A transaction that begins with what was reported; the lines of what has ended are free when it is over."""
        answered, over = list(self._answered), list(self._over)
        ended = [how for _, how in over if how is not None]
        done = {_key(claim) for claim, _ in over}
        with writing():
            db.exclusive("claims")  # first of all, as whoever forgets or settles calls does
            lifecycle.connect([(claim, at) for claim, at in answered if _key(claim) not in done])
            lifecycle.finish(ended, self._equipment.zone)
            claims.give_back([claim for claim, how in over if how is None])
            yield
        for _ in answered:
            self._answered.popleft()
        for claim, _ in over:
            self._over.popleft()
            self._in_use.pop(_key(claim), None)
        for how in ended:
            self._tallies.attempted(how.claim.account_id, how.ended_at, how.callee_type)

    def _start(self, claim: Claim, lease: Callable[[], bool]) -> None:
        log.info("%d dialing: attempt %d", claim.call_id, claim.attempt)
        started_at = clock.instant(claim.started_at)
        self._tallies.dialled(claim.account_id, started_at, claim.started_at - claim.due_at)
        permit = Permit(lambda: lease() and not self._is_too_late(claim))
        self._in_use[_key(claim)] = _Line(claim, permit)
        try:
            self._pool.submit(self._attempt, Attempt(claim, permit, self._equipment, self._connected))
        except RuntimeError:  # the machine has no thread left
            # The pool keeps what it could start no thread for, and runs it later: it must not dial then.
            if permit.recall():
                self._over.append((claim, None))
            raise

    def _is_too_late(self, claim: Claim) -> bool:
        return claim.expires_at is not None and self._equipment.clock.now().timestamp() >= claim.expires_at

    def _connected(self, claim: Claim, at: datetime) -> None:
        # Not rung for: a moment later it can be written together with others.
        self._answered.append((claim, at))

    def _attempt(self, attempt: Attempt) -> None:
        """What a line's thread does."""
        self._over.append((attempt.claim, attempt.run()))
        self._ring()

    def _wait(self, seconds: float) -> None:
        """Wait until no line is in use, or nobody can go on, or the time is over."""
        deadline = clock.elapsed() + seconds
        while self._in_use and clock.elapsed() < deadline and (self.busy() or self.has_news()):
            self._try_to_write_down()
            clock.pause(LOOK_SECONDS)
        self._try_to_write_down()

    def _try_to_write_down(self) -> None:
        try:
            self.write_down()
        except Busy:
            log.warning("what was reported can't be written down yet", exc_info=True)


def _key(claim: Claim) -> tuple[int, int]:
    """A call that was given back may be claimed again before its first thread has noticed."""
    return claim.call_id, claim.fence
