"""Picking and claiming the next calls: what it costs among a thousand queued ones, and among a million."""

import time
from collections.abc import Callable

from app.calls import claims, db, due_calls
from app.clock import Clock
from scheduler import fairness
from tests.bench import calls
from tests.bench.databases import Databases, opened
from tests.bench.measure import Bench, show

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LINES, FREE = 50, 10
TIMES = 200
CAMPAIGNS = 4


def picking(bench: Bench) -> None:
    """The rows: each size beside the smallest, on each database."""
    for databases in bench.databases:
        picks, both = _measured(bench, databases)
        for name, found in (("picking 10", picks), ("claiming 10", both)):
            for size in SIZES[1:]:
                row = f"{name} of {size:,}, {databases.kind} | of {SIZES[0]:,}"
                show(row, "µs", "<= 1.5", found[size], found[SIZES[0]])


def _measured(bench: Bench, databases: Databases) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """The microseconds of a pick, and of a pick with its claim, by how many calls are queued, for each pair."""
    picks: dict[int, list[float]] = {size: [] for size in SIZES}
    both: dict[int, list[float]] = {size: [] for size in SIZES}
    for size in SIZES:
        databases.make(f"queued{size}", lambda size=size: _queue(size))
    for _ in range(bench.pairs):
        for size in SIZES:
            with opened(databases.url(f"queued{size}")):
                picks[size].append(_microseconds(_pick))
                both[size].append(_microseconds(_pick_and_claim))
    return picks, both


def _queue(size: int) -> None:
    """Two queues of two campaigns each, all of it due, and all lines but ten in use."""
    with db.writing():
        (first,) = db.execute("SELECT min(id) FROM account").fetchone()
        (second,) = db.execute(
            "INSERT INTO account (login, pin_hash, detection, created_at) VALUES ('b', '', ?, 0) RETURNING id", True
        ).fetchone()
        for place in range(CAMPAIGNS):
            db.execute(
                """INSERT INTO campaign (id, account_id, queue_id, name, status, is_default, created_at)
                VALUES (?, ?, ?, ?, ?, ?, 0)""",
                *(100 + place, *[(first, second)[place % 2]] * 2, f"list {place}", "started", False),
            )
    for place in range(CAMPAIGNS):
        calls.add(size // CAMPAIGNS, campaign_id=100 + place)
    business = Clock()
    with db.writing():
        claims.claim(_pick(business, LINES - FREE), "other", LINES, business)


def _pick(business: Clock, free: int = FREE) -> list[int]:
    """As ``Dispatcher`` picks."""
    now = business.now()
    running = claims.running_of_queues()
    turns = fairness.turns(due_calls.queues(now), {}, running, LINES)[:free]
    due = {queue: due_calls.due(queue, now, free) for queue in turns}
    return [call for call, _ in fairness.share(due, free, running, LINES)]


def _pick_and_claim(business: Clock) -> list[int]:
    """One round of the dispatcher, and all of it undone."""
    with db.writing():
        claimed = claims.claim(_pick(business), "bench", LINES, business)
        claims.give_back(claimed)
    return [claim.call_id for claim in claimed]


def _microseconds(work: Callable[[Clock], list[int]]) -> float:
    business = Clock()
    work(business)
    began = time.perf_counter()
    for _ in range(TIMES):
        if len(work(business)) != FREE:
            raise RuntimeError("not all free lines were given a call")
    return (time.perf_counter() - began) / TIMES * 1e6
