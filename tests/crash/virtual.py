"""Virtual time with the real programs: the same twice, to the byte and the second; and a day that adds up."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet import Accountant, Fleet

from .proof import BOTH, SQLITE, Proof, promise

BEGAN = 1475095892
INTERVAL = 172_800
RETRIES = 10
MANY = 1_000
HOUR = 3600


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def _fresh(proof: Proof, name: str) -> tuple[Path, str]:
    """A folder and an empty database for one of two runs."""
    folder = proof.folder / name
    folder.mkdir()
    if proof.engine == SQLITE:
        return folder, f"sqlite:///{folder}/ringback.db"
    return folder, proof.database


def _calls(programs: Fleet) -> list[dict[str, Any]]:
    """All calls as the testing API tells of them."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = programs.ask(f"/calls?limit={MANY}&after={after}")
        found += page["calls"]
        after = page["next"]
    return found


def _run(
    proof: Proof, name: str, numbers: list[str], fields: dict[str, object], **settings: str
) -> tuple[str, list[Any]]:
    """Queue a list at a fixed instant and let all of its time pass; all that is told of it, and the calls."""
    folder, database = _fresh(proof, name)
    customer = Accountant()
    programs = Fleet(folder, database, clock="virtual", seed="the same", **settings)
    with customer.open(), programs:
        programs.hand.do("begin", BEGAN)
        programs.start()
        programs.upload(customer.form(**fields), numbers)
        told = []
        for moment in (0, INTERVAL, 2_000_000):
            answer = programs.ask("/clock", {"to": BEGAN + moment, "timeout": 600})
            proof.must(answer["done"], "time did not come to where it was asked to")
            told.append(answer)
        calls = _calls(programs)
        again = programs.doubled()
        proof.must(again == 0, f"{again} dials doubled")
        proof.must(len(programs.dials()) == sum(call["attempts"] for call in calls), "dials are not the attempts")
        proof.must(customer.posts == len(calls), f"{customer.posts} posts of {len(calls)} results")
        ledger = sorted((line.call_id, line.attempt, line.at, line.number) for line in programs.dials())
        bodies = {call_id: [body.decode() for body in sent] for call_id, sent in sorted(customer.bodies.items())}
        if proof.engine != SQLITE:
            _empty(programs)
    text = json.dumps([told, calls, ledger, bodies], indent=0)
    return re.sub(r"127\.0\.0\.1:\d+", "customer", text), calls


def _empty(programs: Fleet) -> None:
    """Make the one database of a proof a fresh one again."""
    programs.stop()
    with programs.connection() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


@promise(
    "virtual",
    f"calls to busy numbers, {RETRIES} retries two days apart, on virtual time, twice",
    long={"calls": 1_000},
    short=None,
    engines=BOTH,
)
def busy_for_weeks(proof: Proof, *, calls: int) -> None:
    """11 attempts each, all at exactly their instants, one result each; the second run is the first, byte for byte."""
    numbers = [f"{201 + place % 40}5550103" for place in range(calls)]
    fields = {"max_retries": RETRIES, "retry_interval": INTERVAL}
    first, told = _run(proof, "first", numbers, fields)
    second, _ = _run(proof, "second", numbers, fields)
    expected = [float(BEGAN + place * INTERVAL) for place in range(RETRIES + 1)]
    wrong = [call for call in told if [_unix(one["started_at"]) for one in call["history"]] != expected]
    proof.must(len(told) == calls, f"{len(told)} calls")
    proof.must(not wrong, f"{len(wrong)} calls were not dialled at their instants")
    proof.must(all(call["status"] == "failed" and call["callee_type"] == "busy" for call in told), "not all failed")
    proof.must(all(call["result"]["tries"] == 1 for call in told), "not all results were posted once")
    proof.must(first == second, f"the two runs differ {_first_difference(first, second)}")
    attempts = sum(call["attempts"] for call in told)
    proof.figure(f"{calls} calls, {attempts} attempts, {len(wrong)} calls off their instants")
    proof.figure(f"{len(first):,} characters told, {'the same' if first == second else 'not the same'} twice")


@promise(
    "virtual-mix",
    "a mix of callees on virtual time, twice",
    long={"calls": 2_000},
    short={"calls": 100},
    engines=BOTH,
    short_engines=(SQLITE,),
)
def mixed(proof: Proof, *, calls: int) -> None:
    """Who is met, when, and all that follows hangs on the seed alone."""
    numbers = [f"617{2_000_000 + place * 7 % (calls * 9 // 10)}" for place in range(calls)]
    fields = {"max_retries": 3, "retry_interval": 600}
    first, told = _run(proof, "first", numbers, fields, callees="voice=70,busy=20,noanswer=10")
    second, _ = _run(proof, "second", numbers, fields, callees="voice=70,busy=20,noanswer=10")
    proof.must(len(told) == calls, f"{len(told)} calls")
    proof.must({call["status"] for call in told} <= {"completed", "failed"}, "not all ended")
    proof.must(first == second, f"the two runs differ {_first_difference(first, second)}")
    ended = Counter(call["status"] for call in told)
    proof.figure(f"{calls} calls, {ended['completed']} completed, {ended['failed']} failed")
    proof.figure(f"{len(first):,} characters told, {'the same' if first == second else 'not the same'} twice")


def _first_difference(first: str, second: str) -> str:
    for number, (one, other) in enumerate(zip(first.splitlines(), second.splitlines(), strict=False)):
        if one != other:
            return f"in line {number}: {one[:100]!r} and {other[:100]!r}"
    return f"in length: {len(first)} and {len(second)}"


@promise(
    "day",
    "24 virtual hours with windows, retries, two stops and a suspension",
    long={"calls": 100_000, "lines": 200},
    short=None,
    engines=BOTH,
)
def a_day(proof: Proof, *, calls: int, lines: int) -> None:
    """All that was queued is completed or failed, each attempt is a dial, and each result is acknowledged."""
    customer = Accountant()
    options = {"clock": "virtual", "lines": str(lines), "callees": "voice=60,busy=30,answeringmachine=10"}
    with customer.open(), Fleet(proof.folder, proof.database, **options) as programs:
        programs.hand.do("begin", BEGAN)
        programs.start()
        campaigns = [_queue_part(programs, customer, place, calls // 10) for place in range(10)]
        _day(proof, programs, campaigns)
        _add_up(proof, programs, customer, calls // 10 * 10)


def _queue_part(programs: Fleet, customer: Accountant, place: int, count: int) -> int:
    """A tenth of the calls: due at once, or at a time of day; every third has a window too short for all of it."""
    numbers = [f"{201 + place}{2_000_000 + number}" for number in range(count)]
    schedule = BEGAN + place * 2 * HOUR if place else 0
    fields: dict[str, object] = {"max_retries": place % 3, "retry_interval": 900, "scheduled_timestamp": schedule}
    if place % 3 == 1:
        # Long enough for about half of it.
        fields["expiration_timestamp"] = (schedule or BEGAN) + max(count * 7 // 2 // programs.lines, 60)
    return programs.upload(customer.form(**fields), numbers)


def _day(proof: Proof, programs: Fleet, campaigns: list[int]) -> None:
    """Let 24 hours pass, and switch on the way: each time nothing is dialled until it is switched back."""

    def advance(to: float) -> None:
        answer = programs.ask("/clock", {"to": BEGAN + to * HOUR, "timeout": 600})
        while not answer["done"]:
            answer = programs.ask("/clock", {"to": BEGAN + to * HOUR, "timeout": 600})

    advance(0.02)
    programs.hand.do("stop", campaigns[0])
    dialled = programs.dialled()
    advance(1)
    proof.must(programs.dialled() == dialled, "a stopped campaign was dialled")
    programs.hand.do("start", campaigns[0])
    advance(6.01)
    programs.hand.do("stop", campaigns[3])
    advance(7)
    programs.hand.do("start", campaigns[3])
    advance(8.01)
    programs.hand.do("suspend")
    dialled = programs.dialled()
    advance(9)
    proof.must(programs.dialled() == dialled, "somebody was dialled while all calling was suspended")
    programs.hand.do("resume")
    advance(24)


def _add_up(proof: Proof, programs: Fleet, customer: Accountant, calls: int) -> None:
    ended = dict(programs.rows("SELECT status, count(*) FROM call GROUP BY 1"))
    attempts = programs.one("SELECT sum(attempts) FROM call")
    rows = programs.one("SELECT count(*) FROM attempt WHERE ended_at IS NOT NULL")
    dials = programs.dialled()
    expired = programs.one("SELECT count(*) FROM call WHERE callee_type = 'noattempt'")
    acknowledged = programs.one("SELECT count(*) FROM result WHERE state = 'acknowledged'")
    outside = programs.one(
        """SELECT count(*) FROM attempt JOIN call ON call.id = call_id JOIN terms ON terms.id = terms_id
        WHERE started_at < scheduled_at OR started_at >= call.expires_at"""
    )
    proof.must(sum(ended.values()) == calls, f"{sum(ended.values())} of {calls} calls are there")
    proof.must(set(ended) <= {"completed", "failed"}, f"some are {', '.join(set(ended) - {'completed', 'failed'})}")
    proof.must(attempts == rows == dials, f"{attempts} attempts counted, {rows} kept, {dials} dials")
    proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
    proof.must(acknowledged == len(customer.bodies) == calls, f"{acknowledged} of {calls} results acknowledged")
    proof.must(outside == 0, f"{outside} attempts outside their windows")
    proof.must(0 < expired < calls, f"{expired} calls expired undialled")
    completed, failed = ended.get("completed", 0), ended.get("failed", 0)
    proof.figure(f"{calls} calls = {completed} completed + {failed} failed ({expired} never dialled)")
    proof.figure(f"{attempts} attempts = {dials} dials")
    proof.figure(f"{acknowledged} results acknowledged, {customer.posts} posts")
