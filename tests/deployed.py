"""Calls that are queued for a deployment below the Fuse API, and what is told of them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from office import RECEIVED

from app.calls import canceling, deployments, details
from app.calls.models import Deployment
from app.calls.queueing import Queue, queue_call
from app.clock import Clock
from app.intake import phone
from app.intake.orders import CallOrder, ResultFormat, Terms


@dataclass
class Deployed:
    """A deployment, by default that of the demo account, with a start_url and a result_url of its own."""

    clock: Clock
    start_url: str
    result_url: str
    deployment_id: int = 1
    queue: Queue = field(init=False)

    def __post_init__(self) -> None:
        deployments.point(self.deployment_id, self.start_url)
        application = Deployment.get_by_id(self.deployment_id).application
        self.queue = deployments.target(application.id, self.deployment_id, application.account_id).queue

    def call(
        self,
        number: str,
        *,
        attempts: int = 1,
        wait: int = 300,
        start_in: float = 0,
        end_in: float | None = None,
        metadata: dict[str, Any] | None = None,
        is_pci: bool = False,
    ) -> int:
        """Queue one call; ``wait``, ``start_in`` and ``end_in`` are in seconds. Its call_id."""
        now = self.clock.now()
        terms = Terms(
            start_url=self.start_url,
            result_url=self.result_url,
            campaign_parameters="",
            max_retries=attempts - 1,
            retry_interval=wait,
            scheduled_at=_later(now, start_in),
            expires_at=None if end_in is None else _later(now, end_in),
            result_format=ResultFormat.JSON,
            cancels=True,
            is_pci=is_pci,
        )
        text = json.dumps(metadata) if metadata else ""
        order = CallOrder(terms, number, phone.parse(number, phone.NumberRules()), metadata=text)
        return queue_call(self.queue, order, now)

    def cancel(self) -> int:
        return canceling.cancel_queue(self.queue.id, self.clock.now(), ZoneInfo("UTC"))


def _later(now: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(now.timestamp() + seconds, now.tzinfo)


def told(call_id: int) -> tuple[str, list[tuple[str, int]]]:
    """The status of a call and its events, with the seconds after the beginning of each."""
    found = details.call_details(call_id)
    events = [(each["event"], each["timestamp"] - int(RECEIVED.timestamp())) for each in found["events"]]
    return found["status"], events
