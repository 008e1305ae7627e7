"""A scheduler whose lines are all taken by hostile calls: what they may cost, in processor time and in memory."""

import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from customer import PAGE, Customer, Reply
from hostile import BUSIEST, ENDS, HUNGRIEST, Pages
from live import Live, until
from office import Office

from app.settings import Settings

LINES = 4
MOST_SECONDS = 6.0
"""Of processor time that one call takes: the three that it may, and one script beyond them."""
MOST_MIB = 200
"""That one line may need at once."""
NUMBERS = [f"617222{place:04d}" for place in range(2 * LINES)]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What is tested here is the same on every database."""
    copyfile(sqlite_template, tmp_path / "ringback.db")
    return f"sqlite:///{tmp_path}/ringback.db"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings.read({"RINGBACK_DATABASE": database_url, "RINGBACK_LINES": str(LINES)})


def serve(customer: Customer, pages: Pages) -> None:
    customer.answers |= {f"/{name}": lambda _, reply=reply: reply for name, reply in pages.items()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUSIEST)
def test_hostile_calls_on_all_lines_are_got_through(office: Office, name: str) -> None:
    """Each takes its processor time at most, and then the others have their turns."""
    serve(office.customer, ENDS[name][1]() | {"innocent": Reply(body=PAGE)})
    hostile = [office.queue(number) for number in NUMBERS]
    innocent = [office.queue(number, start_url=f"{office.customer.url}/innocent") for number in NUMBERS]
    before = time.process_time()
    office.work(500)
    seconds = (time.process_time() - before) / len(hostile)
    print(f"\n{seconds:.2f} s of processor time for each")
    assert seconds < MOST_SECONDS
    for call in (*hostile, *innocent):
        assert office.call(call)["status"] == "completed"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A scheduler as a program of its own, with its settings."""
    with Live(tmp_path, lines=str(LINES)) as running:
        yield running


def _held(pid: int, name: str) -> int:
    """KiB that a process has, or had at most, in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])


@pytest.mark.timeout(600)
def test_a_scheduler_full_of_hungry_calls_stays_small(customer: Customer, live: Live) -> None:
    """Every line has the same hungry application at once, one application after the other."""
    pid = live.children()["scheduler"]
    before = _held(pid, "VmRSS")
    for name in HUNGRIEST:
        serve(customer, ENDS[name][1]())
        for number in NUMBERS[:LINES]:
            live.post(
                "/webservice/queuecall.php",
                login="demo",
                pin="1234",
                phone_number=number,
                start_url=f"{customer.url}/start",
                result_url=f"{customer.url}/result",
            )
        until(lambda: not live.rows("SELECT 1 FROM call WHERE status <> 'completed'"), 300, f"all calls of {name} end")
        print(f"\n{name}: at most {(_held(pid, 'VmHWM') - before) / 1024:.0f} MiB more", end="")
    assert _held(pid, "VmHWM") - before < LINES * MOST_MIB * 1024
