"""The machine's clock jumps by hours while programs dial, and summer time begins and ends."""

import struct
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fleet import Accountant, Fleet
from live import ROOT, until

from .proof import BOTH, SQLITE, Proof, promise

HERE = Path(__file__).parent
HOUR = 3600
NEW_YORK = ZoneInfo("America/New_York")


class Jumping:
    """The wall clock that some programs see, which jumps; see jumping/sitecustomize.py."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self._file.write_bytes(bytes(8))
        self.environment = {"PYTHONPATH": f"{HERE / 'jumping'}:{ROOT}", "JUMPING_CLOCK": str(self._file)}

    def jump(self, offset: float) -> None:
        """Let it be so many seconds later than it is."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", offset))


@promise(
    "Q5",
    "the clock jumps an hour ahead, two back and one ahead while calls ring",
    long={"calls": 60, "seconds": 45.0},
    short=None,
    engines=BOTH,
)
def jumps(proof: Proof, *, calls: int, seconds: float) -> None:
    """No attempt is dialled twice or outside its window, none is taken for lost, and new calls are dialled at once."""
    clock = Jumping(proof.folder)
    customer = Accountant()
    options = {"pace": "real", "lines": "8", "workers": "1"}
    with customer.open(), Fleet(proof.folder, proof.database, schedulers=2, **options) as programs:
        for program in programs.programs:
            program.environment |= clock.environment
        programs.start()
        now = int(time.time())
        later = {"scheduled_timestamp": now + HOUR // 2, "expiration_timestamp": now + HOUR * 3 // 2}
        sooner = {"expiration_timestamp": now + HOUR // 2}
        for prefix, fields in (("617", {}), ("212", later), ("415", sooner)):
            programs.upload(customer.form(**fields), [f"{prefix}{2_000_000 + n}" for n in range(calls)])
        until(lambda: programs.dialled() >= 8, 20, "dialling begins")
        try:
            for offset, wait in ((HOUR, 10.0), (-HOUR, seconds), (0, 10.0), (HOUR, 0.0)):
                time.sleep(proof.draw.uniform(1, 3))
                clock.jump(offset)
                time.sleep(wait)
                _queue_another(proof, programs, customer, f"with the clock {offset / HOUR:+.0f} h off")
            programs.wait_until_ended(30 + calls * 3)
            programs.wait_until_told(30)
        except AssertionError as late:
            proof.must(False, str(late))
        _judge(proof, programs, calls)


def _queue_another(proof: Proof, programs: Fleet, customer: Accountant, when: str) -> None:
    """A call that is queued now ends soon: what is due at this hour has been dialled by then, or soon will be."""
    programs.post("/queuecall.php", customer.form(phone_number="2025550100"))
    unended = "SELECT count(*) FROM call WHERE number = '+12025550100' AND status NOT IN ('completed', 'failed')"
    until(lambda: programs.one(unended) == 0, 60, f"a new call ends {when}")
    try:
        urllib.request.urlopen(f"{programs.webs[0].url}/readyz", timeout=10).close()
    except OSError as refused:
        proof.must(False, f"not ready {when}: {refused}")


def _judge(proof: Proof, programs: Fleet, calls: int) -> None:
    lost = programs.one("SELECT count(*) FROM event WHERE event = 'lost'")
    windows = {
        call_id: (begins, ends)
        for call_id, begins, ends in programs.rows(
            "SELECT call.id, scheduled_at, call.expires_at FROM call JOIN terms ON terms.id = terms_id"
        )
    }
    dials = programs.dials()
    outside = [
        line
        for line in dials
        if line.at < windows[line.call_id][0] - 0.001 or line.at >= (windows[line.call_id][1] or 1e12)
    ]
    proof.must(lost == 0, f"{lost} attempts were taken for lost although nobody died")
    proof.must(not outside, f"{len(outside)} dials outside their windows")
    proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
    undialled = programs.one("SELECT count(*) FROM call WHERE callee_type = 'noattempt'")
    proof.must(undialled > 0, "no window ended by a jump")
    proof.figure(f"{3 * calls + 4} calls, {len(dials)} dials, {programs.doubled()} doubled, {len(outside)} outside")
    proof.figure(f"{undialled} windows ended by a jump, {lost} attempts lost")


@promise(
    "Q5-summer-time",
    "summer time ends and begins on virtual time, calls at hours of the night",
    long={"calls": 20},
    short={"calls": 1},
    engines=BOTH,
    short_engines=(SQLITE,),
)
def summer_time(proof: Proof, *, calls: int) -> None:
    """Each call is dialled at the instant that its expression means, retried after as many seconds, in its window."""
    told = 0
    customer = Accountant()
    with customer.open(), Fleet(proof.folder, proof.database, clock="virtual") as programs:
        began = datetime(2026, 10, 31, 22, tzinfo=NEW_YORK)
        programs.hand.do("begin", began.timestamp())
        programs.start()
        for evening in (began, datetime(2027, 3, 13, 22, tzinfo=NEW_YORK)):
            programs.ask("/clock", {"to": evening.timestamp()})
            expected = _a_night(programs, customer, evening, calls)
            programs.ask("/clock", {"to": evening.timestamp() + 12 * HOUR})
            attempts = programs.rows("SELECT call_id, started_at FROM attempt ORDER BY 1, 2")
            found = [(call_id, at) for call_id, at in attempts if at > evening.timestamp()]
            proof.must(sorted(expected) == found, f"{len(set(found) ^ set(expected))} attempts at another instant")
            told += len(found)
        proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
        outside = programs.one(
            """SELECT count(*) FROM attempt JOIN call ON call.id = call_id JOIN terms ON terms.id = terms_id
            WHERE started_at < scheduled_at OR started_at >= call.expires_at"""
        )
        proof.must(outside == 0, f"{outside} attempts outside their windows")
        proof.figure(f"two nights, {told} attempts at the expected second, {outside} outside their windows")


def _a_night(programs: Fleet, customer: Accountant, evening: datetime, calls: int) -> list[tuple[int, float]]:
    """Calls for the half hours of a night, busy, with two retries but a window of an hour; the attempts to expect."""
    expected = []
    day = evening + timedelta(days=1)
    for half_hours in range(14):
        wall = datetime(day.year, day.month, day.day, half_hours // 2, half_hours % 2 * 30, tzinfo=NEW_YORK)
        # An hour that is skipped means the one after it, and of two the first, as PHP has it.
        instant = wall.astimezone(UTC).timestamp()
        for place in range(calls):
            fields = customer.form(
                phone_number=f"{201 + half_hours * calls + place}5550103",
                scheduled_time=f"{wall:%Y-%m-%d %H:%M}",
                expiration_timestamp=int(instant) + HOUR,
                max_retries=2,
                retry_interval=HOUR * 2 // 3,
            )
            answer = programs.post("/queuecall.php", fields)
            call_id = int(answer.partition('call_id="')[2].partition('"')[0])
            expected += [(call_id, instant), (call_id, instant + HOUR * 2 // 3)]
    return expected
