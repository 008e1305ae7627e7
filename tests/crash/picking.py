"""How long it takes to pick the calls that are due, however many wait."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app import factory
from app.calls import accounts, claims, db, due_calls, lifecycle
from app.calls.db import execute, writing
from app.clock import Clock
from app.settings import Settings
from app.telephony.outcomes import CalleeType
from scheduler import fairness

from .proof import BOTH, SQLITE, Proof, promise

LINES = 50
COLUMNS = (
    *("id", "terms_id", "campaign_id", "phone_number", "number", "message_reference", "call_parameters", "status"),
    *("due_at", "expires_at", "queued_at", "attempts", "callee_type", "duration", "fence"),
)


def _queue(campaigns: int, first: int, count: int, now: float, *, later: int) -> None:
    """Queue that many calls more, in the order of their lists; ``later`` % wait for another day, some have an end."""
    rows = []
    for call_id in range(first, first + count):
        campaign = call_id % campaigns
        number = f"+1{2_000_000_000 + call_id}"
        due = now + 86_400 if call_id % 100 < later else now - 1 - campaign
        expires = now + 7_200 if call_id % 3 == 0 else None
        whose = (call_id, campaign + 1, 1_000 + campaign, number, number, "", "")
        rows.append((*whose, "queued", due, expires, now, 0, "", 0, 0))
    db.load("call", COLUMNS, rows)
    if count:
        due_calls.repair()


@contextmanager
def _opened(proof: Proof, owners: int, campaigns: int) -> Iterator[None]:
    """A database with accounts, campaigns and terms."""
    settings = Settings.read({"RINGBACK_DATABASE": proof.database})
    factory.prepare_database(settings)
    try:
        now = Clock().now().timestamp()
        ids = [accounts.named("demo").id]
        ids += [
            accounts.add(f"account {number}", "1234", Clock().now(), allow_weak_pin=True).id
            for number in range(1, owners)
        ]
        columns = ("id", "account_id", "queue_id", "name", "status", "is_default", "created_at")
        terms = ("id", "campaign_id", "start_url", "result_url", "campaign_parameters", "max_retries")
        terms += ("retry_interval", "scheduled_at", "expires_at", "created_at", "notes")
        with writing():
            owned = [(1_000 + n, ids[n % owners], f"list {n}") for n in range(campaigns)]
            made = [(campaign, owner, owner, name, "started", False, now) for campaign, owner, name in owned]
            db.load("campaign", columns, made)
            alike = ("http://127.0.0.1/", "", "", 0, 60, now, None, now, "")
            db.load("terms", terms, [(n + 1, 1_000 + n, *alike) for n in range(campaigns)])
        yield
    finally:
        db.close_database()


def _pick(served: dict[int, int], clock: Clock) -> tuple[float, list[tuple[int, int]]]:
    """Pick for all lines as the dispatcher does; the seconds that took, and the picked."""
    began = time.perf_counter()
    now = clock.now()
    queues = due_calls.queues(now)
    turns = fairness.turns(queues, served, {}, LINES)[:LINES]
    chosen = fairness.share({queue: due_calls.due(queue, now, LINES) for queue in turns}, LINES, {}, LINES)
    return time.perf_counter() - began, chosen


def _picks(proof: Proof, campaigns: int, picks: int, first: int) -> tuple[list[float], list[float]]:
    """Pick again and again, let the picked calls end and queue as many others.

    The seconds of each pick, and how much of them this thread was on a processor.
    """
    served: dict[int, int] = {}
    seconds, busy = [], []
    clock = Clock()
    for number in range(picks):
        began = time.thread_time()
        took, chosen = _pick(served, clock)
        busy.append(time.thread_time() - began)
        seconds.append(took)
        proof.must(len(chosen) == LINES, f"{len(chosen)} were picked")
        now = clock.now()
        with writing():
            claimed = claims.claim([call_id for call_id, _ in chosen], "a test", LINES, clock)
            proof.must(len(claimed) == len(chosen), "what was picked could not be claimed")
            ended = [lifecycle.Ended(claim, CalleeType.VOICE, now, now, 7) for claim in claimed]
            lifecycle.finish(ended, factory.Settings().timezone)
            _queue(campaigns, first + number * LINES, LINES, now.timestamp(), later=0)
        served |= {queue: number + 1 for _, queue in chosen}
    return seconds, busy


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


@promise(
    "Q8",
    f"picking the due calls for {LINES} lines, p50/p99 in ms",
    long={"sizes": (1_000, 100_000, 1_000_000), "picks": 300, "p99": 0.020, "growth": 1.5},
    # Beside other tests, what anything takes says little: these bars hold off a scan of the table alone.
    short={"sizes": (1_000, 30_000), "picks": 10, "p99": 1.0, "growth": 10},
    in_process=True,
    engines=BOTH,
)
def picking(
    proof: Proof, *, sizes: tuple[int, ...], picks: int, p99: float, growth: float, owners: int = 2, campaigns: int = 4
) -> None:
    """A pick is fast, and with a million calls in the queue it costs about what it does with a thousand."""
    medians = []
    with _opened(proof, owners, campaigns):
        first = 1
        for size in sizes:
            (left,) = execute("SELECT count(*) FROM call WHERE status = 'queued'").fetchone()
            with writing():
                _queue(campaigns, first, size - left, Clock().now().timestamp(), later=10)
            execute("ANALYZE" if proof.engine == SQLITE else "VACUUM ANALYZE call")  # the latter as autovacuum does
            first += size - left
            seconds, busy = _picks(proof, campaigns, picks, first)
            first += picks * LINES
            slow = _p99(seconds)
            medians.append(statistics.median(seconds))
            proof.figure(
                f"{size:,} queued: {medians[-1] * 1000:.1f}/{slow * 1000:.1f} ({_p99(busy) * 1000:.1f} computing)"
            )
            proof.must(slow < p99, f"p99 at {size:,} rows is {slow * 1000:.1f} ms")
    grown = max(medians) / min(medians)
    proof.figure(f"medians within a factor {grown:.2f}")
    proof.must(grown < growth, f"the medians differ by a factor {grown:.2f}")


promise(
    "Q8-campaigns",
    f"picking the due calls for {LINES} lines from 50 campaigns of one account, p50/p99 in ms",
    long={"sizes": (100_000,), "picks": 300, "p99": 0.020, "growth": 1.5, "owners": 1, "campaigns": 50},
    short=None,
    in_process=True,
    engines=BOTH,
)(picking)
