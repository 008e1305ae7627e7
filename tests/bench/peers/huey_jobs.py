"""huey's side: its own consumer runs the jobs."""

import os

from huey import SqliteHuey

queue = SqliteHuey(filename=os.environ["BENCH_DATABASE"], results=False, fsync=os.environ["BENCH_SYNC"] == "on")


@queue.task()
def nothing(number: int) -> None:
    """The job."""


def enqueue(count: int) -> None:
    """As ``queue.enqueue`` does it, in one transaction."""
    with queue.storage.db(commit=True) as cursor:
        for number in range(count):
            data = queue.serialize_task(nothing.s(number))
            cursor.execute("INSERT INTO task (queue, data, priority) VALUES (?, ?, 0)", (queue.name, data))
