"""A scheduler whose lines are all taken by hostile calls: what they may cost, in processor time and in memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from customer import PAGE, Customer, Reply
from hostile import BUSIEST, ENDS, HUNGRIEST
from live import Live, until

LINES = 2
MOST_SECONDS = 6.0
"""Of processor time that one call takes: the three that it may, and one script beyond them."""
MOST_MIB = 200
"""That one line may need at once."""
NUMBERS = [f"617222{place:04d}" for place in range(LINES)]
UNENDED = "SELECT 1 FROM call WHERE status <> 'completed' LIMIT 1"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A scheduler as a program of its own, with its settings."""
    with Live(tmp_path, lines=str(LINES)) as running:
        yield running


def _make_calls(customer: Customer, live: Live, path: str, numbers: Sequence[str]) -> None:
    for number in numbers:
        live.post(
            "/webservice/queuecall.php",
            login="demo",
            pin="1234",
            phone_number=number,
            start_url=f"{customer.url}/{path}",
            result_url=f"{customer.url}/result",
        )


def _wait(live: Live, what: str) -> None:
    until(lambda: not live.rows(UNENDED), 500, f"all calls of {what} end")


def _serve(customer: Customer, name: str) -> None:
    served = ENDS[name][1]() | {"innocent": Reply(body=PAGE)}
    customer.answers |= {f"/{path}": lambda _, reply=reply: reply for path, reply in served.items()}


def _processor_seconds(pid: int) -> float:
    """What a process and all its threads have used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _mib(pid: int, name: str) -> float:
    """What a process has, or had at most, in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


@pytest.mark.parametrize("name", BUSIEST)
def test_hostile_calls_on_all_lines_are_got_through(customer: Customer, live: Live, name: str) -> None:
    """Each takes its processor time at most, and then the others have their turns."""
    _serve(customer, name)
    pid = live.children()["scheduler"]
    before = _processor_seconds(pid)
    _make_calls(customer, live, "start", NUMBERS)
    _make_calls(customer, live, "innocent", NUMBERS)
    _wait(live, name)
    seconds = (_processor_seconds(pid) - before) / len(NUMBERS)
    print(f"\n{seconds:.2f} s of processor time for each")
    assert seconds < MOST_SECONDS


def test_a_scheduler_full_of_hungry_calls_stays_small(customer: Customer, live: Live) -> None:
    """Every line has the same hungry application at once, one application after the other."""
    pid = live.children()["scheduler"]
    before = _mib(pid, "VmRSS")
    for name in HUNGRIEST:
        _serve(customer, name)
        _make_calls(customer, live, "start", NUMBERS)
        _wait(live, name)
        print(f"\n{name}: at most {_mib(pid, 'VmHWM') - before:.0f} MiB more", end="")
    assert _mib(pid, "VmHWM") - before < LINES * MOST_MIB
