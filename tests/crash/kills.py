"""Programs are killed at random while they dial, and two schedulers are started by mistake."""

import os
import re
import signal
import threading
import time
from contextlib import suppress
from http.client import HTTPException

from fleet import Accountant, Fleet, Program, Web, fleet
from live import until

from .proof import BOTH, POSTGRES, SQLITE, Proof, promise

ORPHAN_SECONDS = 120


class Clients:
    """Queue calls one at a time, evenly over some seconds, again wherever no answer came."""

    def __init__(self, programs: Fleet, form: dict[str, object], numbers: list[str], seconds: float) -> None:
        self.told: list[int] = []
        self.unanswered = 0
        self._programs = programs
        self._form = form
        self._numbers = list(reversed(numbers))
        self._pause = 4 * seconds / max(len(numbers), 1)
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while self._numbers:
            try:
                number = self._numbers.pop()
            except IndexError:
                return
            while not self._queue(number):
                self.unanswered += 1
                time.sleep(0.1)
            time.sleep(self._pause)

    def _queue(self, number: str) -> bool:
        try:
            answer = self._programs.post("/queuecall.php", self._form | {"phone_number": number}, timeout=20)
        except (OSError, HTTPException):  # killed before it answered, or in the middle of its answer
            return False
        found = re.search(r'status="queued" call_id="(\d+)"', answer)
        if found:
            self.told.append(int(found[1]))
        return bool(found)


def _victims(programs: Fleet) -> list[tuple[Program, int | None]]:
    """Who may be killed: a scheduler, most often, or a web server with all of its workers, or one worker of it."""
    workers = [(web, pid) for web in programs.webs for pid in web.workers()]
    return [*((program, None) for program in [*programs.programs, *programs.schedulers]), *workers]


def _kill(victim: Program, worker: int | None) -> None:
    """Kill it; what does not come back by itself is started again at once."""
    if worker is None:
        victim.kill()
        victim.start()
    else:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def _killing(proof: Proof, programs: Fleet, kills: int, seconds: float) -> dict[str, int]:
    """Kill at random moments spread over some seconds; how often whom."""
    killed = {"schedulers": 0, "web servers": 0, "web workers": 0}
    for _ in range(kills):
        time.sleep(proof.draw.uniform(0.2, 1.8) * seconds / kills)
        victim, worker = proof.draw.choice(_victims(programs))
        _kill(victim, worker)
        kind = ("web servers" if isinstance(victim, Web) else "schedulers") if worker is None else "web workers"
        killed[kind] += 1
    return killed


@promise(
    "Q1",
    "3 schedulers and 4 web workers are killed at random while they dial",
    long={"calls": 4_000, "kills": 40, "seconds": 64, "lines": 100},
    short={"calls": 150, "kills": 3, "seconds": 4, "lines": 60},
    engines=BOTH,
    short_engines=(SQLITE,),
)
def killed_at_random(
    proof: Proof, *, calls: int, kills: int, seconds: float, lines: int, schedulers: int = 3, webs: int = 2
) -> None:
    """No attempt is dialled twice, every call ends, every result arrives, and nobody was told of a call that is not."""
    numbers = [f"617{2_000_000 + number}" for number in range(calls)]
    talk, refuse = (proof.draw.randrange(2**32) for _ in range(2))
    customer = Accountant(
        talks=lambda: 0.1 + (time.monotonic_ns() ^ talk) % 500 / 1000,
        refuses=lambda call_id, tries: tries == 1 and (call_id ^ refuse) % 10 == 0,
    )
    options = {"lines": str(lines), "callees": "voice=60,busy=20,answeringmachine=20", "workers": "2"}
    with customer.open(), fleet(proof.folder, proof.database, schedulers=schedulers, webs=webs, **options) as programs:
        # A third may be tried again, a minute later.
        programs.upload(customer.form(max_retries=1, retry_interval=60), numbers[: calls // 3])
        programs.upload(customer.form(), numbers[calls // 3 : calls // 2])
        clients = Clients(programs, customer.form(), numbers[calls // 2 :], seconds)
        clients.start()
        killed = _killing(proof, programs, kills, seconds)
        clients.join()
        programs.wait_until_ended(400)
        programs.wait_until_told(200)
        _judge(proof, programs, customer, clients, calls)
        proof.figure(f"{', '.join(f'{count} {kind}' for kind, count in killed.items())} killed")


def _judge(proof: Proof, programs: Fleet, customer: Accountant, clients: Clients, calls: int) -> None:
    ids = {call_id for (call_id,) in programs.rows("SELECT id FROM call")}
    dials = programs.dials()
    rows = {(call_id, number) for call_id, number in programs.rows("SELECT call_id, number FROM attempt")}
    lost = programs.one("SELECT count(*) FROM event WHERE event = 'lost'")
    slowest = programs.one("SELECT max(ended_at - started_at) FROM attempt")
    proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
    proof.must({(line.call_id, line.attempt) for line in dials} <= rows, "a dial that no attempt tells of")
    proof.must(len(ids) >= calls, f"{len(ids)} calls of {calls}")
    proof.must(set(clients.told) <= ids, f"{len(set(clients.told) - ids)} call_ids told of calls that are not there")
    proof.must(slowest <= ORPHAN_SECONDS, f"an attempt was settled after {slowest:.0f} s")
    proof.must(set(customer.bodies) == ids, f"{len(ids - set(customer.bodies))} results never arrived")
    proof.must(customer.changed_bodies() == 0, f"{customer.changed_bodies()} results changed between two posts")
    acknowledged = programs.one("SELECT count(*) FROM result WHERE state = 'acknowledged'")
    proof.must(acknowledged == len(ids), f"{acknowledged} of {len(ids)} results acknowledged")
    if proof.engine == SQLITE:
        proof.must(programs.rows("PRAGMA integrity_check") == [("ok",)], "the file is damaged")
    proof.figure(f"{len(ids)} calls all ended")
    proof.figure(f"{len(dials)} dials, {programs.doubled()} doubled")
    proof.figure(f"{lost} attempts lost, the last settled after {slowest:.0f} s")
    proof.figure(f"{clients.unanswered} requests without an answer")
    proof.figure(f"{customer.posts} posts of {len(customer.bodies)} results, {customer.changed_bodies()} changed")


promise(
    "kill-every-2s",
    "a random process of 3 schedulers and 2 web workers is killed every 2 s for 60 s",
    long={"calls": 4_000, "kills": 30, "seconds": 60, "lines": 100, "webs": 1},
    short=None,
    engines=(POSTGRES,),
)(killed_at_random)


@promise(
    "Q3",
    "two schedulers are started by mistake on one database",
    long={"starts": 20, "calls": 200},
    short=None,
    engines=BOTH,
)
def two_by_mistake(proof: Proof, *, starts: int, calls: int) -> None:
    """Both rush at the same calls; each is dialled once and ends."""
    customer = Accountant(talks=lambda: 0.05)
    with customer.open(), Fleet(proof.folder, proof.database, schedulers=2) as programs:
        programs.start_webs()
        for start in range(starts):
            numbers = [f"617{2_000_000 + start * calls + number}" for number in range(calls)]
            programs.upload(customer.form(), numbers[: calls // 2])
            for scheduler in programs.schedulers:
                scheduler.start()
            until(lambda: len(programs.beats()) == 2, 30, "both schedulers beat")
            # One at a time, so that both hear of each and want it.
            for number in numbers[calls // 2 :]:
                programs.post("/queuecall.php", customer.form(phone_number=number))
            programs.wait_until_ended(60)
            for scheduler in programs.schedulers:
                scheduler.stop()
        for scheduler in programs.schedulers:
            scheduler.start()
        programs.wait_until_told(100)
        dials = len(programs.dials())
        proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
        proof.must(dials == starts * calls, f"{dials} dials of {starts * calls} calls")
        completed = programs.one("SELECT count(*) FROM call WHERE status = 'completed' AND attempts = 1")
        proof.must(completed == starts * calls, f"{completed} of {starts * calls} calls completed at once")
        proof.must(len(customer.bodies) == starts * calls, f"{len(customer.bodies)} results")
        both = [scheduler.log.read_text().count(" dialing: attempt") for scheduler in programs.schedulers]
        proof.figure(f"{starts} starts, {dials} dials, {' and '.join(map(str, both))} by each")
        proof.figure(f"{programs.doubled()} doubled")
