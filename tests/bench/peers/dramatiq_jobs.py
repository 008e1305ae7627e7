"""dramatiq's side: its own workers run the jobs."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))


@dramatiq.actor
def nothing(number: int) -> None:
    """The job."""


def enqueue(count: int) -> None:
    """Queue the jobs."""
    for number in range(count):
        nothing.send(number)
