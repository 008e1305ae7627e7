"""A server as a clinic leaves it in the middle of a day: campaigns at every stage, calls that went well and badly.

Everything comes in by the product's own doors and on virtual time, so that it looks the same whenever it is made.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from browsing import Person
from customer import Clinic, Received, Reply
from doors import Doors
from live import Live
from playwright.sync_api import Browser, expect

HOUR = 3600
OUTCOMES = "voice=52,answeringmachine=26,noanswer=10,busy=8,faxmachine=2,informationtone=1,linefailure=1"
MET = {  # numbers with something to tell; callees of the testing API
    "+16175550140": [{"callee": "voice", "says": ["hello", "reschedule", "monday"]}],
    "+16175550141": [{"callee": "voice", "says": ["hello", "yes"]}],
}


def _broken(_: Received) -> Reply:
    return Reply(500, b"<h1>Traceback</h1> the appointments can't be read")


@dataclass
class Filled:
    """The server, and where to look: ``values`` are those of the variable parts of its pages' paths."""

    live: Live
    clinic: Clinic
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doors = Doors(self.live)


@contextmanager
def filled(folder: Path, browser: Browser) -> Iterator[Filled]:
    """The server, while it runs."""
    with (
        Clinic().open() as clinic,
        Live(folder, clock="virtual", callees=OUTCOMES, lines="20", pace="real") as live,
    ):
        clinic.answers["/broken"] = _broken
        town = Filled(live, clinic)
        _fill(town)
        _find(town, browser)
        yield town


def _numbers(count: int, first: int = 2_000_000) -> str:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    return "".join(
        f"617{first + 37 * place},A-{1000 + place},patient={place}&day={days[place % 5]}&time=10%3A30\n"
        for place in range(count)
    )


def _fill(town: Filled) -> None:
    root, doors = town.clinic.root, town.doors
    urls: dict[str, object] = {"start_url": f"{root}/start", "result_url": f"{root}/result"}
    again: dict[str, object] = {"max_retries": 2, "retry_interval": 600}
    for number, outcomes in MET.items():
        doors.send("PUT", f"/testing/callees/{quote(number)}", {"outcomes": outcomes})
    _queue_calls(town, urls)
    doors.queue(_numbers(60), campaign_name="Reminders for Monday", **urls, **again)
    doors.advance(HOUR / 2)
    doors.queue(_numbers(30, 3_000_000), campaign_name="Flu vaccination", **urls)
    doors.advance(HOUR / 4)
    tomorrow = {"scheduled_time": "+1 day", "expiration_time": "+2 days"}
    doors.queue(_numbers(80, 4_000_000), campaign_name="Reminders for Tuesday", **urls, **tomorrow)
    doors.queue(_numbers(90, 5_000_000), campaign_name="Recall of the spring", **urls, **again)
    doors.advance(75)


def _queue_calls(town: Filled, urls: dict[str, object]) -> None:
    broken = f"{town.clinic.url}/broken"
    town.clinic.answers["/broken"] = lambda _: Reply(200)  # as the probe finds it
    for call in (
        {"phone_number": "6175550140", "message_reference": "A-77", "call_parameters": "patient=77&day=Monday&time=9"},
        {"phone_number": "6175550141", "message_reference": "A-78", "call_parameters": "patient=78&day=Friday&time=11"},
        {"phone_number": "6175550103", "message_reference": "A-79", "max_retries": 2, "retry_interval": 60},
        {"phone_number": "6175550100", "message_reference": "A-80", "start_url": broken},
        {"phone_number": "6175550100", "message_reference": "A-81", "result_url": broken},
    ):
        town.doors.queue(**urls | call)
    town.clinic.answers["/broken"] = _broken
    town.doors.command("deployment", "start-url", "1", str(urls["start_url"]))
    for place, number in enumerate(("6175550100", "6175550101", "6175550104", "6175550141")):
        metadata = json.dumps({"patient": 90 + place})
        town.doors.queue_for(1, phone_number=number, metadata=metadata, result_url=urls["result_url"])
    town.doors.command(
        "account", "add", "downtown", "--pin", "5678", "--allow-weak-pin", "--email", "downtown@clinic.example"
    )


def _find(town: Filled, browser: Browser) -> None:
    """Write down where each kind of page is; one of them is a list that is tried and waits for somebody's word."""
    ((call,),) = town.live.rows("SELECT id FROM call WHERE message_reference = 'A-77'")
    ((campaign,),) = town.live.rows("SELECT id FROM campaign WHERE name = 'Reminders for Monday'")
    somebody = Person(browser, town.live.url).sign_in()
    somebody.page.goto("/upload")
    somebody.page.get_by_text("Or paste the list").click()
    numbers = _numbers(25, 6_000_000) + "911,A-2\n61755501,A-3\n6176000000,A-4\n"
    somebody.fill(start_url=f"{town.clinic.root}/start", campaign_name="Reminders for Wednesday")
    somebody.page.get_by_role("textbox", name="The list").fill(numbers)
    somebody.press("Try the list")
    expect(somebody.heading("What would be queued")).to_be_visible()
    draft = somebody.page.url.rpartition("/")[2]
    somebody.close()
    town.values |= {"call_id": str(call), "campaign_id": str(campaign), "draft_id": draft}
    town.values |= {"account_id": "1", "deployment_id": "1", "application_id": "1"}
