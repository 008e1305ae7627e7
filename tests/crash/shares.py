"""Lines are shared fairly, never used beyond their number, and no number is called twice at the same time."""

import contextlib
import threading
import time
from collections.abc import Sequence

from fleet import Accountant, Fleet, fleet
from live import until

from .proof import BOTH, Proof, promise

RUNNING = "SELECT count(*) FROM call WHERE status IN ('dialing', 'connected')"


@promise(
    "fairness",
    "one account's calls are queued before 100 of another, 10 lines",
    long={"first": 10_000},
    short=None,
    engines=BOTH,
)
def fair_shares(proof: Proof, *, first: int) -> None:
    """Both are served in turn: the later account's last call is among the first 210 dials."""
    customer = Accountant()
    with customer.open(), Fleet(proof.folder, proof.database, lines="10") as programs:
        programs.hand.do("account", "later", "5678")
        programs.start_webs()
        programs.upload(customer.form(), [f"617{2_000_000 + number}" for number in range(first)])
        later = [f"212{2_000_000 + number}" for number in range(100)]
        programs.upload(customer.form(login="later", pin="5678"), later)
        programs.start_schedulers()
        until(lambda: programs.dialled() > 400, 60, "400 dials")
        places = [place for place, line in enumerate(programs.dials(), 1) if line.number.startswith("+1212")]
    proof.must(len(places) == 100, f"{len(places)} of its calls among the first dials")
    proof.must(places and places[-1] <= 210, f"the last one is dial {places[-1]}")
    proof.figure(f"{first} calls before it, its last is dial {places[-1]}")


class _Sampler:
    """Looks again and again how many calls run."""

    def __init__(self, programs: Fleet) -> None:
        self.most = 0
        self.looks = 0
        self._programs = programs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "_Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(self._programs.connection()) as connection:
            while not self._over.wait(0.02):
                self.most = max(self.most, *connection.execute(RUNNING).fetchone())
                self.looks += 1


def most_at_once(spans: Sequence[tuple[float, float]]) -> int:
    """How many of some spans of time there are at most at one moment; one that ends makes room for one that begins."""
    steps = sorted([(at, -1) for _, at in spans] + [(at, 1) for at, _ in spans])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


@promise(
    "lines",
    "3 schedulers share 7 lines, calls ring and talk",
    long={"calls": 84},
    short=None,
    engines=BOTH,
)
def never_more_than_its_lines(proof: Proof, *, calls: int) -> None:
    """However one looks, never more than 7 calls run at once, and it comes to 7."""
    customer = Accountant()
    with customer.open(), fleet(proof.folder, proof.database, schedulers=3, lines="7", pace="real") as programs:
        with _Sampler(programs) as sampler:
            numbers = [f"617{2_000_000 + number}" for number in range(calls)]
            for number in numbers[: calls // 3]:  # one at a time, so that each scheduler gets some
                programs.post("/queuecall.php", customer.form(phone_number=number))
                time.sleep(0.1)
            programs.upload(customer.form(), numbers[calls // 3 :])
            programs.wait_until_ended(60 + 2 * calls)
        spans = programs.rows("SELECT started_at, ended_at FROM attempt")
        workers = sum(" dialing: attempt" in scheduler.log.read_text() for scheduler in programs.schedulers)
        most = most_at_once(spans)
        proof.must(sampler.most <= 7, f"{sampler.most} calls were seen at once")
        proof.must(most == 7, f"{most} attempts at once")
        proof.must(len(programs.dials()) == calls, f"{len(programs.dials())} dials of {calls} calls")
        proof.figure(f"{calls} calls by {workers} schedulers, at most {sampler.most} seen in {sampler.looks} looks")
        proof.figure(f"at most {most} attempts at once")


@promise(
    "D4",
    "the same numbers in two campaigns of two accounts",
    long={"calls": 40, "numbers": 3},
    short=None,
    engines=BOTH,
)
def one_call_to_a_number(proof: Proof, *, calls: int, numbers: int) -> None:
    """Three schedulers, plenty of lines, talks of a moment: attempts at one number never overlap."""
    customer = Accountant(talks=lambda: 0.05 + time.monotonic_ns() % 100 / 1000)
    wanted = [f"617{2_000_000 + number}" for number in range(numbers)]
    with customer.open(), Fleet(proof.folder, proof.database, schedulers=3) as programs:
        programs.hand.do("account", "other", "5678")
        programs.start_webs()
        programs.upload(customer.form(), wanted * (calls // 2))
        programs.upload(customer.form(login="other", pin="5678"), wanted * (calls // 2))
        programs.start_schedulers()
        programs.wait_until_ended(120)
        spans = programs.rows("SELECT call.number, started_at, ended_at FROM attempt JOIN call ON call.id = call_id")
        dials = programs.dials()
    by_number = {f"+1{number}": [(a, b) for which, a, b in spans if which == f"+1{number}"] for number in wanted}
    most = max(most_at_once(times) for times in by_number.values())
    proof.must(most == 1, f"{most} attempts at one number at once")
    proof.must(len(dials) == len(spans) == calls * numbers, f"{len(dials)} dials of {calls * numbers} calls")
    proof.figure(f"{calls} calls to each of {numbers} numbers, at most {most} at once to one")
