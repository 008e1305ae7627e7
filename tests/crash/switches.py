"""Campaigns are stopped and all calling is suspended while many lines dial."""

import time

from fleet import Accountant, Fleet, fleet
from live import until

from .proof import BOTH, SQLITE, Proof, promise

ROUNDING = 0.001
"""The ledger writes milliseconds."""


@promise(
    "Q7",
    "stop and suspend, by turns, while 50 lines dial 1,000 queued calls",
    long={"rounds": 40, "calls": 1_000},
    short={"rounds": 1, "calls": 400},
    engines=BOTH,
    short_engines=(SQLITE,),
)
def switched_off(proof: Proof, *, rounds: int, calls: int) -> None:
    """No dial begins after the moment the verb returned; afterwards all is dialled, once."""
    customer = Accountant(talks=lambda: 0.05)
    late, waits, slowest = 0, 0, 0.0
    with customer.open(), fleet(proof.folder, proof.database, schedulers=2) as programs:
        for number in range(rounds):
            numbers = [f"617{2_000_000 + number * calls + place}" for place in range(calls)]
            begun = programs.dialled()
            campaign = programs.upload(customer.form(), numbers)
            other = programs.upload(customer.form(), [f"212{2_000_000 + number * 20 + place}" for place in range(20)])
            until(lambda: programs.dialled() > begun, 20, "dialling begins")  # noqa: B023
            time.sleep(proof.draw.uniform(0.05, 0.6))
            stops = number % 2 == 0
            asked = time.time()
            returned = programs.hand.do("stop", campaign) if stops else programs.hand.do("suspend")
            slowest = max(slowest, returned - asked)
            time.sleep(proof.draw.uniform(0.3, 1.0))
            prefix = "+1617" if stops else "+1"
            late += sum(line.at > returned + ROUNDING and line.number.startswith(prefix) for line in programs.dials())
            waits += programs.one(f"SELECT count(*) FROM call WHERE campaign_id = {campaign} AND status = 'queued'")
            if stops:
                # The others go on.
                until(lambda: _queued(programs, other) == 0, 20, "another campaign is dialled meanwhile")  # noqa: B023
                programs.hand.do("start", campaign)
            else:
                programs.hand.do("resume")
            programs.wait_until_ended(60)
        programs.wait_until_told(60)
        dials, total = len(programs.dials()), rounds * (calls + 20)
        proof.must(late == 0, f"{late} dials after the verb had returned")
        proof.must(waits > 0, "nothing was left to be stopped")
        proof.must(programs.doubled() == 0, f"{programs.doubled()} dials doubled")
        proof.must(dials == total, f"{dials} dials of {total} calls")
        proof.figure(f"{rounds} rounds, {waits} calls held back, {late} dials after the verb had returned")
        proof.figure(f"the verb took {slowest:.2f} s at most")
        proof.figure(f"{dials} dials of {total} calls, {programs.doubled()} doubled")


def _queued(programs: Fleet, campaign: int) -> int:
    return int(programs.one(f"SELECT count(*) FROM call WHERE campaign_id = {campaign} AND status = 'queued'"))
