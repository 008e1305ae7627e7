"""A scheduler's heartbeat: the lease of all its claims, and its word that it obeys the switch."""

from collections.abc import Callable

from app import clock
from app.calls import campaigns, claims, schedulers
from app.calls.claims import Claim
from app.calls.db import writing


class Heart:
    """Beats for one scheduler, under the name ``worker``; ``trouble`` tells what keeps it from dialling."""

    def __init__(self, worker: str, trouble: Callable[[], str] = str) -> None:
        self.worker = worker
        self._trouble = trouble
        self._beaten = float("-inf")
        self._lives = 0
        self.beats = 0
        self._obeyed = -1

    def start(self) -> None:
        """Join the schedulers that run."""
        now = clock.elapsed()
        schedulers.join(self.worker)
        self._beaten = now

    def beat(self) -> None:
        """Renew the lease; join anew when others took this scheduler for lost."""
        now = clock.elapsed()
        if not schedulers.beat(self.worker, self._trouble()):
            self._lives += 1
            schedulers.join(self.worker)
        self.beats += 1
        self._beaten = now

    def lease(self) -> Callable[[], bool]:
        """What tells, for a claim that is made now, whether its dial may still begin.

        It may not once others can have taken this scheduler for lost, nor ever again after they did.
        """
        life = self._lives
        return lambda: self._lives == life and clock.elapsed() - self._beaten < schedulers.DIAL_SECONDS

    def obey(self, recall: Callable[[], list[Claim]]) -> None:
        """When something was stopped or suspended: give back what was not dialled yet, and say so.

        What may still be dialled is claimed again at once.
        """
        version = campaigns.switch_version()
        if version == self._obeyed:
            return
        undialled = recall()
        with writing():
            claims.give_back(undialled)
            schedulers.obey(self.worker, version)
        self._obeyed = version

    def stop(self) -> None:
        """Leave; what was claimed must be settled or given back by now."""
        schedulers.leave(self.worker)
