"""Customers' servers that fail, or take their time: no result is lost, and nobody else waits for them."""

import re
import statistics
import threading
import time
from collections.abc import Sequence
from urllib.error import HTTPError

from customer import PAGE, Customer, Received, Reply
from fleet import Accountant, Fleet, fleet
from live import until

from .proof import BOTH, Proof, promise

HANGS = 15.0
BAR = 2.0
SLOWER = 2.0
"""How many times longer results may take beside a customer whose server hangs."""
UNMEASURED = 0.5
"""Seconds below which the waits of results are not compared: a moment's load of the machine is as long."""


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


@promise(
    "C2",
    "results that fail 0 to 6 tries, in 72 virtual hours of a scheduler that is killed again and again",
    long={"calls": 1_000, "kills": 40},
    short=None,
    engines=BOTH,
)
def results_fail_and_schedulers_die(proof: Proof, *, calls: int, kills: int) -> None:
    """All are delivered, with the same body at each try; only what was being posted at a kill is posted once more."""
    fails = [proof.draw.randrange(7) for _ in range(997)]
    customer = Accountant(refuses=lambda call_id, tries: tries <= fails[call_id % len(fails)])
    with customer.open(), fleet(proof.folder, proof.database, clock="virtual") as programs:
        programs.upload(customer.form(), [f"617{2_000_000 + number}" for number in range(calls)])
        passed = threading.Thread(target=programs.ask, args=("/clock", {"advance": 72 * 3600, "timeout": 600}))
        passed.start()
        killed, (scheduler,) = 0, programs.schedulers
        while passed.is_alive() and killed < kills:
            before = customer.posts
            while passed.is_alive() and customer.posts == before:
                time.sleep(0.01)
            time.sleep(proof.draw.uniform(0.0, 0.3))
            scheduler.kill()
            scheduler.start()
            killed += 1
        passed.join()
        states = dict(programs.rows("SELECT state, count(*) FROM result GROUP BY state"))
        expected = sum(fails[call_id % len(fails)] + 1 for call_id in customer.bodies)
        proof.must(states == {"acknowledged": calls}, f"results ended as {states}")
        proof.must(len(customer.bodies) == calls, f"{len(customer.bodies)} results of {calls} arrived")
        proof.must(customer.changed_bodies() == 0, f"{customer.changed_bodies()} results changed between tries")
        proof.must(killed == kills, f"only {killed} kills of {kills}: it was too quick")
        proof.figure(f"{calls} results, {expected} tries, {customer.posts - expected} more for {killed} kills")


class _Slow(Customer):
    """Whose POSTs, or GETs, take long to answer."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__()
        self._method = method
        self._seconds = seconds
        self.met = 0

    def answer(self, received: Received) -> Reply:
        slow = received.method == self._method and received.path == "/slow"
        self.met += slow
        return Reply(body=PAGE, delay=self._seconds if slow else 0.0)

    def form(self, field: str) -> dict[str, object]:
        """A request of another account, one of whose URLs is slow."""
        form = {"login": "slow", "pin": "1234", "start_url": f"{self.url}/start", "result_url": f"{self.url}/result"}
        return form | {field: f"{self.url}/slow"}


class _Prompt(Accountant):
    """Knows when each result arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[int, float] = {}

    def answer(self, received: Received) -> Reply:
        if "Webhook-Id" in received.headers:
            self.arrived.setdefault(int(received.headers["Webhook-Id"]), received.at)
        return super().answer(received)


@promise(
    "C4",
    "results of one account while another's result_url takes 15 s to answer",
    long={"calls": 500},
    short=None,
    engines=BOTH,
    timed=True,
)
def another_hangs(proof: Proof, *, calls: int) -> None:
    """The other account's results take about as long as in the same programs before that account queued anything."""
    prompt, slow = _Prompt(), _Slow("POST", HANGS)
    with prompt.open(), slow.open(), fleet(proof.folder, proof.database) as programs:
        programs.hand.do("account", "slow", "1234")
        without = _waits_for_results(programs, prompt, 617, calls)
        programs.upload(slow.form("result_url"), [f"212{2_000_000 + number}" for number in range(calls)])
        until(lambda: slow.met > 0, 60, "the slow one is sent a result")
        beside = _waits_for_results(programs, prompt, 404, calls)
        for waits in (without, beside):
            proof.must(len(waits) == calls, f"{len(waits)} results of {calls} arrived")
        proof.must(
            _p95(beside) < max(SLOWER * _p95(without), UNMEASURED),
            f"p95 {_p95(without):.2f} s, then {_p95(beside):.2f}",
        )
        proof.figure(f"{calls} results, p95 {_p95(without):.3f} s without the slow one, {_p95(beside):.3f} s beside it")
        proof.figure(f"at most {max(beside):.2f} s, {slow.met} posts to the slow one")


def _waits_for_results(programs: Fleet, customer: _Prompt, area: int, calls: int) -> list[float]:
    """Queue so many calls; for each result, the seconds between the end of its call and its arrival."""
    before = set(customer.arrived)
    programs.upload(customer.form(), [f"{area}{2_000_000 + number}" for number in range(calls)])
    programs.wait_until_ended(120)
    deadline = time.monotonic() + 60
    while len(customer.arrived) < len(before) + calls and time.monotonic() < deadline:
        time.sleep(0.1)
    ended = dict(programs.rows("SELECT id, finished_at FROM call"))
    return [at - ended[call_id] for call_id, at in customer.arrived.items() if call_id not in before]


class _Clients:
    """Clients of the slow account: each posts, and when it is told to come later, comes soon."""

    def __init__(self, programs: Fleet, form: dict[str, object], count: int) -> None:
        self.refused = self.answered = 0
        self._programs = programs
        self._form = form | {"phone_number": "6175550100"}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def __enter__(self) -> "_Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._programs.post("/queuecall.php", self._form)
                self.answered += 1
            except HTTPError as told:
                self.refused += told.code == 429 and bool(re.search(r"<error>too many of your", told.read().decode()))
                self._over.wait(0.2)


@promise(
    "C5",
    "queuecall.php of one account while 16 clients of another wait for a start_url that takes 10 s",
    long={"servers": ((2, 32), (1, 8)), "seconds": 30},
    short=None,
    engines=BOTH,
    timed=True,
)
def probes_hang(proof: Proof, *, servers: Sequence[tuple[int, int]], seconds: float) -> None:
    """It is answered in time; whoever of the others gets no place is told to try again."""
    for workers, threads in servers:
        prompt, slow = Accountant(), _Slow("GET", 9.5)
        options = {"workers": str(workers), "threads": str(threads)}
        with prompt.open(), slow.open(), fleet(proof.folder, proof.database, schedulers=0, **options) as programs:
            programs.hand.do("account", "slow", "1234")
            programs.post("/queuecall.php", prompt.form(phone_number="6175550100"))
            waits: list[float] = []
            with _Clients(programs, slow.form("start_url"), 16) as clients:
                end = time.monotonic() + seconds
                while (began := time.monotonic()) < end:
                    answer = programs.post("/queuecall.php", prompt.form(phone_number="6175550100"))
                    waits.append(time.monotonic() - began)
                    proof.must('status="queued"' in answer, answer[:200])
                    time.sleep(0.05)
            what = f"{workers} workers of {threads} threads"
            proof.must(_p95(waits) < BAR, f"{what}: p95 of {_p95(waits):.2f} s")
            proof.must(clients.answered > 0, f"{what}: the slow one was never answered")
            proof.figure(f"{what}: p95 {_p95(waits):.2f} s, at most {max(waits):.2f} s, of {len(waits)}")
            proof.figure(f"{clients.answered} of the slow one answered, {clients.refused} told to try again")
