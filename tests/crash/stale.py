"""Schedulers stand still until others have settled their calls, and then go on as if nothing had been."""

import fcntl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fleet import Accountant, Fleet, Program, fleet
from live import until
from office import MovableClock

from app import factory
from app.calls import accounts, db, queueing, schedulers
from app.calls.db import execute
from app.intake import orders, phone
from app.settings import Settings
from app.telephony.callees import Callee, Callees
from app.telephony.carrier import NO_LIMIT, Carrier, Converse, Dial, Outcome
from app.telephony.ledger import Ledger
from app.telephony.simulated import SimulatedCarrier
from scheduler.attempt import Equipment
from scheduler.service import Service

from .proof import BOTH, SQLITE, Proof, promise

PLACES = ("before the dial", "while it rings", "in conversation", "after the hang-up")
MEANWHILE = ("nothing", "dialled again", "being dialled again")
CALLS = 3
TABLES = ("call", "attempt", "event", "result", "exchange")


class HeldCarrier:
    """The simulated carrier, whose attempts are held at one place until ``let_go``."""

    trouble = ""
    room = NO_LIMIT

    def __init__(self, carrier: Carrier, place: str) -> None:
        self._carrier = carrier
        self._place = place
        self._going = threading.Event()
        self._lock = threading.Lock()
        self.held = 0

    def dial(self, dial: Dial, converse: Converse) -> Outcome:
        def talk(at: datetime, callee: Callee) -> float:
            self._pass("while it rings")
            seconds = converse(at, callee)
            self._pass("in conversation")
            return seconds

        self._pass("before the dial")
        outcome = self._carrier.dial(dial, talk)
        self._pass("after the hang-up")
        return outcome

    def drain(self) -> None:
        """Nothing rings."""

    def let_go(self) -> None:
        self._going.set()

    def close(self) -> None:
        self.let_go()
        self._carrier.close()

    def _pass(self, place: str) -> None:
        if place == self._place and not self._going.is_set():
            with self._lock:
                self.held += 1
            assert self._going.wait(60)


class Actor:
    """A scheduler on threads that can be held, worked by hand."""

    def __init__(self, settings: Settings, clock: MovableClock, place: str, elapsed: Callable[[], float]) -> None:
        callees = Callees(settings.callees, settings.seed)
        simulated = SimulatedCarrier(clock, callees, takes_time=False, ledger=Ledger(settings.dial_ledger))
        self.carrier = HeldCarrier(simulated, place)
        equipment = Equipment(self.carrier, factory.make_outside(settings), clock, settings.timezone)
        self.service = Service(equipment, lines=2 * CALLS, most_of_queue=2 * CALLS, seed=settings.seed, keep_days=0)
        self.service.watch = schedulers.Watch(lambda: int(elapsed()), elapsed)
        self.service.heart.start()

    def dial_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not done():
            self.service.dispatcher.run()
            assert time.monotonic() < deadline, "it did not come to rest"
            time.sleep(0.001)

    def stand_still(self, seconds: float) -> None:
        """Let it be as if that much time had passed without a beat."""
        self.service.heart._beaten -= seconds


class Round:
    """One scheduler stands still in the middle of its calls, another settles them, the first one goes on."""

    def __init__(self, proof: Proof, settings: Settings, clock: MovableClock, url: str, number: int) -> None:
        self._draw = proof.draw
        self._clock = clock
        self._elapsed = 0.0
        self.place = proof.draw.choice(PLACES)
        self.meanwhile = proof.draw.choice(MEANWHILE)
        self._retries = 0 if self.meanwhile == "nothing" and proof.draw.random() < 0.5 else 1
        # Only who is answered rings long enough to be held there.
        mix = {"voice": 1} if self.place in PLACES[1:3] else {"voice": 2, "busy": 1, "faxmachine": 1}
        settings = replace(settings, callees=mix, seed=str(number))
        self._still = Actor(settings, clock, self.place, lambda: self._elapsed)
        self._other = Actor(replace(settings, callees={"voice": 1}), clock, "in conversation", lambda: self._elapsed)
        self._calls = _queue(clock, url, number, self._retries)

    def run(self) -> list[str]:
        """What was broken."""
        still, other = self._still, self._other
        still.dial_until(lambda: still.carrier.held == CALLS)
        if self._draw.random() < 0.5:
            still.service.dispatcher.write_down()
        broken = self._takes_a_living_one_for_lost()
        other.service.heart.beat()
        self._elapsed += schedulers.LEASE_SECONDS
        still.stand_still(schedulers.LEASE_SECONDS)
        other.service.recover()
        if _running(still.service.heart.worker):
            return [*broken, "a scheduler that stood still was not taken for lost"]
        self._go_on_meanwhile()
        before = _rows()
        self._wake()
        after = _rows()
        broken += [f"{table} changed" for table in TABLES if before[table] != after[table]]
        self._end()
        return broken

    def _takes_a_living_one_for_lost(self) -> list[str]:
        """One that beats, however late, is not lost."""
        self._other.service.recover()
        self._elapsed += schedulers.LEASE_SECONDS - 1
        self._still.service.heart.beat()
        self._other.service.recover()
        self._elapsed += schedulers.LEASE_SECONDS - 1
        self._other.service.recover()
        return [] if _running(self._still.service.heart.worker) == CALLS else ["a living scheduler was taken for lost"]

    def _go_on_meanwhile(self) -> None:
        if self.meanwhile == "nothing":
            return
        self._clock.advance(seconds=60)
        self._other.dial_until(lambda: self._other.carrier.held == CALLS)
        if self.meanwhile == "dialled again":
            self._other.carrier.let_go()
            self._other.dial_until(lambda: not _running(self._other.service.heart.worker))

    def _wake(self) -> None:
        """It notices in any order: by its beat, by its threads, by a switch, or because it is told to end."""
        still = self._still
        heart, recall = still.service.heart, still.service.dispatcher.recall
        wakes = [heart.beat, still.carrier.let_go, lambda: heart.obey(recall)]
        self._draw.shuffle(wakes)
        for wake in wakes:
            wake()
            if self._draw.random() < 0.5:
                still.service.dispatcher.write_down()
        if self._draw.random() < 0.5:
            until(lambda: not still.service.dispatcher.busy(), 30, "its threads end")
            still.service.dispatcher.write_down()
        still.service.close()

    def _end(self) -> None:
        self._other.carrier.let_go()
        self._clock.advance(seconds=60)
        unended = "SELECT count(*) FROM call WHERE status NOT IN ('completed', 'failed')"
        self._other.dial_until(lambda: execute(unended).fetchone() == (0,))
        self._other.service.close()


def _running(worker: str) -> int:
    rows = execute("SELECT id FROM call WHERE status IN ('dialing', 'connected') AND worker = ?", worker)
    return len(rows.fetchall())


def _rows() -> dict[str, list[Any]]:
    return {table: sorted(map(repr, execute(f"SELECT * FROM {table}").fetchall())) for table in TABLES}


def _queue(clock: MovableClock, url: str, number: int, retries: int) -> list[int]:
    terms = orders.Terms(f"{url}/start", f"{url}/result", "", retries, 60, clock.now(), None)
    queue = queueing.queue_of(accounts.named("demo").id)
    found = []
    for place in range(CALLS):
        text = f"617{2_000_000 + CALLS * number + place}"
        order = orders.CallOrder(terms, text, phone.parse(text, phone.NumberRules()), "", "")
        found.append(queueing.queue_call(queue, order, clock.now()))
    return found


@contextmanager
def _open(settings: Settings) -> Iterator[None]:
    factory.prepare_database(settings)
    try:
        yield
    finally:
        db.close_database()


@promise(
    "Q2",
    "schedulers stand still until their lease is over and others have settled their calls",
    long={"rounds": 200},
    short={"rounds": 4},
    engines=BOTH,
    in_process=True,
)
def stale_in_process(proof: Proof, *, rounds: int) -> None:
    """Whoever wakes changes no row and dials nothing, wherever it stood still and whatever has been done meanwhile."""
    ledger = proof.folder / "ledger"
    settings = Settings.read({"RINGBACK_DATABASE": proof.database, "RINGBACK_DIAL_LEDGER": str(ledger)})
    clock = MovableClock()
    stood: Counter[str] = Counter()
    broken = []
    with _open(settings), Accountant().open() as customer:
        for number in range(rounds):
            one = Round(proof, settings, clock, customer.url, number)
            stood[one.place] += 1
            broken += [f"{what} ({one.place}, {one.meanwhile})" for what in one.run()]
            for table in ("result", "exchange", "event"):
                execute(f"DELETE FROM {table}")
        dials = [tuple(line.split()[:2]) for line in ledger.read_text().splitlines()]
        attempts = {(str(a), str(b)) for a, b in execute("SELECT call_id, number FROM attempt").fetchall()}
        lost = attempts - set(dials)
    proof.must(not broken, "; ".join(broken[:5]))
    proof.must(len(dials) == len(set(dials)), "an attempt was dialled twice")
    proof.must(len(lost) == CALLS * stood["before the dial"], f"{len(lost)} attempts were never dialled")
    places = ", ".join(f"{count} {place}" for place, count in sorted(stood.items()))
    proof.figure(f"{rounds} rounds ({places})")
    proof.figure(f"{len(dials)} dials, {len(broken)} stale writes or dials")


@promise(
    "Q2-stopped",
    "SIGSTOP to a scheduler in mid-call, SIGCONT when another has settled its calls",
    long={"rounds": 5},
    short=None,
    engines=BOTH,
)
def stale_programs(proof: Proof, *, rounds: int) -> None:
    """Real programs: what was settled stays as it is, and nothing of it is dialled afterwards."""
    customer = Accountant()
    settled, busy = 0, 0
    with customer.open(), fleet(proof.folder, proof.database, schedulers=3, pace="real", lines="30") as programs:
        for number in range(rounds):
            numbers = [f"617{2_000_000 + 30 * number + place}" for place in range(30)]
            programs.upload(customer.form(), numbers)
            until(lambda: programs.one("SELECT count(*) FROM call WHERE worker IS NOT NULL") > 0, 20, "dialling begins")
            time.sleep(proof.draw.uniform(0, 3))
            still = _busiest(programs)
            busy += _freeze(proof, still)
            mine = f"worker LIKE '%:{still.pid}:%'"
            until(lambda: programs.one(f"SELECT count(*) FROM call WHERE {mine}") == 0, 60, "its calls are settled")  # noqa: B023
            lost = "SELECT * FROM attempt WHERE call_id IN (SELECT call_id FROM event WHERE event = 'lost') ORDER BY id"
            before = programs.rows(lost)
            still.thaw()
            time.sleep(5)
            proof.must(programs.rows(lost) == before, f"round {number}: what was settled has changed")
            settled = len(before)
            programs.wait_until_ended(60)
        attempts = programs.rows("SELECT call_id, number, ended_at FROM attempt")
        ended = {(call_id, attempt): at for call_id, attempt, at in attempts}
        late = [line for line in programs.dials() if line.at > ended[line.call_id, line.attempt] + 0.002]
        proof.must(not late, f"{len(late)} dials after their attempts were settled")
        proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
        proof.must(settled > 0, "nobody was stopped in mid-call")
        proof.figure(f"{rounds} rounds, {settled} attempts settled, {len(late)} dialled after that")
        if busy:
            proof.figure(f"{busy} times it was let go on first, for it held the file's lock")


def _busiest(programs: Fleet) -> Program:
    """The scheduler that has most calls under way."""
    rows = programs.rows("SELECT worker, count(*) FROM call WHERE worker IS NOT NULL GROUP BY 1 ORDER BY 2 DESC")
    pids = [int(worker.split(":")[1]) for worker, _ in rows]
    return next((each for pid in pids for each in programs.schedulers if each.pid == pid), programs.schedulers[0])


def _freeze(proof: Proof, program: Program) -> int:
    """Stop it, and at another moment if it is just writing to a SQLite file, which nobody else could then."""
    tries = 0
    while True:
        program.freeze()
        if proof.engine != SQLITE or _is_free(Path(proof.database.removeprefix("sqlite:///") + "-turn")):
            return tries
        program.thaw()
        tries += 1
        time.sleep(0.013)


def _is_free(turn: Path) -> bool:
    with turn.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
