"""A scheduler as ``ringback scheduler`` runs it, but for its carrier, which answers and hangs up at once."""

import os

from app import logs
from app.calls import db
from app.clock import Clock
from app.factory import make_outside
from app.settings import Settings
from app.telephony.carrier import NO_LIMIT, Converse, Dial, Outcome
from app.telephony.outcomes import CalleeType
from scheduler.attempt import Equipment
from scheduler.service import Service, run_until_signalled


class _NoCarrier:
    """A call is answered, and over, the moment that it is dialled; the customer's application does not run."""

    trouble = ""
    room = NO_LIMIT

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        with dial.begin:
            now = self._clock.now()
        return Outcome(CalleeType.VOICE, now, now, 0)

    def drain(self) -> None:
        """Nothing rings."""

    def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    settings = Settings.read(os.environ)
    logs.start(settings.log_format)
    db.open_database(settings.database)
    clock = Clock()
    equipment = Equipment(_NoCarrier(clock), make_outside(settings), clock, settings.timezone)
    service = Service(
        equipment, lines=settings.lines, most_of_queue=settings.lines, seed=settings.seed, keep_days=settings.keep_days
    )
    run_until_signalled(service)


if __name__ == "__main__":
    main()
