"""A server as a clinic leaves it in the middle of a day: campaigns at every stage, calls that went well and badly.

Everything comes in by the product's own doors and on virtual time, so that it looks the same whenever it is made.
"""

import base64
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import multipart
from browsing import Person
from customer import Clinic, Received, Reply
from live import Live
from playwright.sync_api import Browser, expect

HOUR = 3600
KEY = base64.b64encode(b"demo@example.com:demo-key").decode()
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
    values: dict[str, str]

    def post(self, path: str, form: dict[str, object], numbers: str = "") -> str:
        """Queue by the classic API."""
        fields = {name: str(value) for name, value in ({"login": "demo", "pin": "1234"} | form).items()}
        if not numbers:
            return self.live.post(path, **fields)
        return self.ask("POST", path, multipart.encode(fields, numbers.encode()), multipart.CONTENT_TYPE)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> str:
        headers = {"Content-Type": kind} | ({"Authorization": f"Basic {KEY}"} if path.startswith("/api") else {})
        request = urllib.request.Request(f"{self.live.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.read().decode())

    def send(self, method: str, path: str, body: object) -> Any:
        return json.loads(self.ask(method, path, json.dumps(body).encode()))

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        assert self.send("POST", "/testing/clock", {"advance": seconds, "timeout": 120})["done"]

    def cli(self, *words: str) -> None:
        command = [sys.executable, "-m", "app", *words]
        subprocess.run(command, cwd=self.live.folder, env=self.live.environment, check=True, capture_output=True)


@contextmanager
def filled(folder: Path, browser: Browser) -> Iterator[Filled]:
    """The server, while it runs."""
    with (
        Clinic().open() as clinic,
        Live(folder, clock="virtual", callees=OUTCOMES, lines="20", pace="real") as live,
    ):
        clinic.answers["/broken"] = _broken
        town = Filled(live, clinic, {})
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
    root = town.clinic.root
    urls: dict[str, object] = {"start_url": f"{root}/start", "result_url": f"{root}/result"}
    for number, outcomes in MET.items():
        town.send("PUT", f"/testing/callees/{urllib.parse.quote(number)}", {"outcomes": outcomes})
    _queue_calls(town, urls)
    lists = "/webservice/queuecalls.php"
    again: dict[str, object] = {"max_retries": 2, "retry_interval": 600}
    town.post(lists, urls | again | {"campaign_name": "Reminders for Monday"}, _numbers(60))
    town.advance(HOUR / 2)
    town.post(lists, urls | {"campaign_name": "Flu vaccination"}, _numbers(30, 3_000_000))
    town.advance(HOUR / 4)
    town.post(
        lists,
        urls | {"campaign_name": "Reminders for Tuesday", "scheduled_time": "+1 day", "expiration_time": "+2 days"},
        _numbers(80, 4_000_000),
    )
    town.post(lists, urls | again | {"campaign_name": "Recall of the spring"}, _numbers(90, 5_000_000))
    town.advance(75)


def _queue_calls(town: Filled, urls: dict[str, object]) -> None:
    calls: list[dict[str, object]] = [
        {"phone_number": "6175550140", "message_reference": "A-77", "call_parameters": "patient=77&day=Monday&time=9"},
        {"phone_number": "6175550141", "message_reference": "A-78", "call_parameters": "patient=78&day=Friday&time=11"},
        {"phone_number": "6175550103", "message_reference": "A-79", "max_retries": 2, "retry_interval": 60},
        {"phone_number": "6175550100", "message_reference": "A-80", "start_url": f"{town.clinic.url}/broken"},
        {"phone_number": "6175550100", "message_reference": "A-81", "result_url": f"{town.clinic.url}/broken"},
    ]
    town.clinic.answers["/broken"] = lambda _: Reply(200)  # as the probe finds it
    for call in calls:
        assert 'status="queued"' in town.post("/webservice/queuecall.php", urls | call)
    town.clinic.answers["/broken"] = _broken
    town.cli("deployment", "start-url", "1", str(urls["start_url"]))
    for place, number in enumerate(("6175550100", "6175550101", "6175550104", "6175550141")):
        order: dict[str, object] = {"phone_number": number, "max_attempts": 2, "reattempt_wait": 300}
        order |= {"metadata": json.dumps({"patient": 90 + place}), "result_url": urls["result_url"]}
        town.send("POST", "/api/apps/1/1/queue", order)
    town.cli("account", "add", "downtown", "--pin", "5678", "--email", "downtown@clinic.example")


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
