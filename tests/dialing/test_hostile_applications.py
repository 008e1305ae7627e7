"""A hostile application ends at its limit and says which, and harms no other call.

A real scheduler makes every hostile call on a line beside those of some innocent ones.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from customer import Reply
from hostile import ENDS, RAN, Pages, page
from office import Office

INNOCENTS = 5
HOSTILE, *INNOCENT = (f"617222{place:04d}" for place in range(1 + INNOCENTS))
"""Of each a number of its own: no number is called by two calls at once."""
QUESTION = b"""<vxml version="2.1"><form><field name="answer">
 <grammar type="application/srgs+xml" root="r"><rule id="r">yes<tag>out = {come: 'y'}.come + 'es'</tag></rule></grammar>
 <prompt>Will you come?</prompt></field>
 <block><submit next="thanks" method="post" namelist="answer"/></block></form></vxml>"""
THANKS = b'<vxml version="2.0"><form><block>Thank you.</block></form></vxml>'


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What is tested here is the same on every database."""
    copyfile(sqlite_template, tmp_path / "ringback.db")
    return f"sqlite:///{tmp_path}/ringback.db"


def run(office: Office, pages: Pages) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The hostile call and the innocent ones after all of them were made at once."""
    served = pages | {"innocent": Reply(body=QUESTION), "thanks": Reply(body=THANKS)}
    office.customer.answers |= {f"/{name}": lambda _, reply=reply: reply for name, reply in served.items()}
    for number in (HOSTILE, *INNOCENT):
        outcome = {"callee": "voice", "says": ["yes"]}
        assert office.web.put(f"/testing/callees/{number}", json={"outcomes": [outcome]}).status_code == 200
    hostile = office.queue(HOSTILE)
    innocent = [office.queue(number, start_url=f"{office.customer.url}/innocent") for number in INNOCENT]
    office.work(120)
    return office.call(hostile), [office.call(each) for each in innocent]


def check_innocent(call: dict[str, Any]) -> None:
    """Made at the first attempt, talked to its end, and nothing is missing."""
    assert call["status"] == "completed"
    (made,) = call["history"]
    said = [entry["text"] for entry in made["transcript"] if entry["event"] == "prompt"]
    assert said == ["Will you come?", "Thank you."]
    assert made["transcript"][-1]["event"] == "exit"
    assert not [event for event in call["events"] if event["event"] == "application error"]


def errors(call: dict[str, Any]) -> str:
    return "; ".join(event["detail"] for event in call["events"] if event["event"] == "application error")


def _cases() -> Iterator[object]:
    """Those that use up their processor time cost seconds each: one of them is enough where time matters."""
    for name, (says, pages) in ENDS.items():
        endless = (says == RAN or "processor time" in says) and name != "an endless loop"
        yield pytest.param(says, pages, id=name, marks=pytest.mark.soak if endless else [])


@pytest.mark.parametrize(("says", "pages"), list(_cases()))
def test_a_hostile_application_ends_and_the_others_go_on(office: Office, says: str, pages: Callable[[], Pages]) -> None:
    """With an error that names the limit, and the line where there is one."""
    hostile, innocent = run(office, pages())
    assert re.search(says, errors(hostile))
    assert hostile["status"] == "completed"
    assert len(hostile["history"]) == 1
    for call in innocent:
        check_innocent(call)


@pytest.fixture
def trickle() -> Iterator[str]:
    """The address of a server that answers a byte at a time and never ends."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=drip, args=(client,), daemon=True).start()

    def drip(client: socket.socket) -> None:
        with suppress(OSError), client:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.wait(0.1):
                client.sendall(b"<")

    over = threading.Event()
    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    over.set()
    listening.close()


def test_an_answer_that_trickles_is_not_waited_for(office: Office, trickle: str) -> None:
    """The fetchtimeout is for all of an answer, not for each byte of it."""
    pages = {"start": page("<form><block>", f'<goto next="{trickle}" fetchtimeout="1s"/></block></form>')}
    hostile, innocent = run(office, pages)
    assert "error.badfetch: start line 3" in errors(hostile)
    for call in innocent:
        check_innocent(call)
