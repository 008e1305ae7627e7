"""The whole product in one process, on a clock that the test moves: web, scheduler, customer."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from customer import Customer
from flask.testing import FlaskClient

from app.calls import reports
from app.calls.db import execute
from app.clock import Clock
from scheduler.service import Service

RECEIVED = datetime(2016, 9, 28, 20, 51, 32, tzinfo=UTC)


class MovableClock(Clock):
    """Business time that stands still until a test moves it."""

    def __init__(self, now: datetime = RECEIVED) -> None:
        self.at = now
        super().__init__(lambda: self.at.timestamp())

    def advance(self, **how_far: float) -> None:
        self.at += timedelta(**how_far)


@dataclass
class Office:
    """The whole product in one process: a web application, a scheduler and a customer."""

    web: FlaskClient
    service: Service
    clock: MovableClock
    customer: Customer

    def __post_init__(self) -> None:
        self.service.heart.start()

    def queue(self, number: str, **fields: object) -> int:
        """Queue one call; its call_id."""
        form = {
            "login": "demo",
            "pin": "1234",
            "phone_number": number,
            "start_url": f"{self.customer.url}/start",
            "result_url": f"{self.customer.url}/result",
        } | {name: str(value) for name, value in fields.items()}
        answer = self.web.post("/webservice/queuecall.php", data=form).text
        assert 'status="queued"' in answer, answer
        return int(answer.partition('call_id="')[2].partition('"')[0])

    def work(self, seconds: float = 5) -> None:
        """Do all that is due now: dial, expire, post results."""
        deadline = time.monotonic() + seconds
        self.service.heart.beat()
        self.service.expire()
        while self._busy() or self.service.dispatcher.run() or self.service.sender.run():
            self.service.work()
            assert time.monotonic() < deadline, "it did not come to rest"
            time.sleep(0.002)

    def pass_time(self, seconds: int) -> None:
        """Let business time pass, a second at a time, doing all that comes due on the way."""
        for _ in range(seconds):
            self.clock.advance(seconds=1)
            self.work()

    def call(self, call_id: int) -> dict[str, Any]:
        return reports.call(call_id)

    @staticmethod
    def _busy() -> bool:
        running, posting = (
            execute("SELECT count(*) FROM call WHERE status IN ('dialing', 'connected')").fetchone(),
            execute("SELECT count(*) FROM result WHERE worker IS NOT NULL AND state = 'pending'").fetchone(),
        )
        return bool(running[0] or posting[0])
