"""procrastinate's side: its own worker runs the jobs."""

import asyncio
import os

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_DATABASE"], max_size=20))


@app.task(name="nothing")
async def nothing(number: int) -> None:
    """The job; asynchronous, which spares it a thread."""


def enqueue(count: int) -> None:
    """Make the tables and queue the jobs."""
    asyncio.run(_enqueue(count))


async def _enqueue(count: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for first in range(0, count, 1_000):
            await nothing.batch_defer_async(*({"number": first + place} for place in range(1_000)))
