"""The search line of the calls page: what it understands, what it says of what it does not, and what it finds."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from office import RECEIVED, Office
from visitor import Visitor, words

from app.calls import accounts, listing
from app.calls.db import execute, writing
from app.calls.listing import Wanted, Word
from app.calls.states import Status
from app.classic.form import Rules
from app.console import search
from app.errors import Refusal
from app.intake.phone import NumberRules
from app.settings import Settings

RULES = Rules(Settings.read({}).timezone, php_only=False, numbers=NumberRules())
MIDNIGHT = datetime(2016, 9, 28, 4, tzinfo=UTC)  # in New York


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("status:failed", {"statuses": (Status.FAILED,)}, id="status"),
        pytest.param(
            "status:Pending", {"statuses": (Status.QUEUED, Status.DIALING, Status.CONNECTED)}, id="what is not final"
        ),
        pytest.param("type:busy", {"callee_type": "busy"}, id="type"),
        pytest.param('number:"(617) 555-0100"', {"number": "+16175550100"}, id="number in another spelling"),
        pytest.param("tel:+16175550100;ani=8009957586", {"number": "+16175550100"}, id="number as a tel URL"),
        pytest.param("REF:A-17", {"reference": "A-17"}, id="reference"),
        pytest.param('campaign:"spring sale"', {"campaign": "spring sale"}, id="quoted"),
        pytest.param(
            "after:today before:tomorrow", {"after": MIDNIGHT, "before": MIDNIGHT.replace(day=29)}, id="times"
        ),
        pytest.param("6175550100", {"words": (Word("6175550100", "+16175550100"),)}, id="a number by itself"),
        pytest.param('"order:17" x', {"words": (Word("order:17"), Word("x"))}, id="a quoted word keeps its colon"),
        pytest.param(
            "status:failed  type:busy", {"statuses": (Status.FAILED,), "callee_type": "busy"}, id="several terms"
        ),
    ],
)
def test_a_search_is_understood(text: str, asked: dict[str, Any]) -> None:
    """Terms in any order and case, values in quotes, times as everywhere in the product."""
    expected = asdict(Wanted(7)) | asked
    found = asdict(search.parse(text, Wanted(7), RECEIVED, RULES))
    assert found | {"words": asked.get("words", ())} == expected
    assert found["words"] == tuple(asdict(word) for word in asked.get("words", ()))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("color:red", "there is no color: to search for; there are status:, type:, number:", id="name"),
        pytest.param("status:lost", "status: lost is not one of pending, queued, dialing", id="status"),
        pytest.param("type:human", "type: human is not one of voice, answeringmachine", id="type"),
        pytest.param("number:12", "number: 12 is not a whole phone number such as 6175550100", id="number"),
        pytest.param("after:soonish", 'after: "soonish" is not a time that can be read', id="time"),
        pytest.param("status: failed", "status: needs a value right after the colon", id="blank after the colon"),
        pytest.param('ref:""', "ref: needs a value right after the colon", id="empty quotes"),
        pytest.param('campaign:"spring sale', 'the quotes around campaign:"spring are not in order', id="open quote"),
        pytest.param("ref:a ref:b", "ref: is given twice", id="twice"),
        pytest.param("x" * 501, "the search is longer than 500 characters", id="length"),
        pytest.param("x " * 11, "the search has more than 10 words", id="words"),
    ],
)
def test_what_is_not_understood_is_told(text: str, sentence: str) -> None:
    """One sentence that names the term and what could stand there."""
    with pytest.raises(Refusal, match=re.escape(sentence)):
        search.parse(text, Wanted(), RECEIVED, RULES)


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


@pytest.fixture
def made(office: Office) -> dict[str, int]:
    """Calls by name: some have ended, some wait; one is another account's, in a campaign of the same name."""
    made = {
        "first": office.queue("6175550100", message_reference="a"),
        "busy": office.queue("6175550101", message_reference="b"),
        "machine": office.queue("6175550104", message_reference="order:17"),
    }
    execute("UPDATE call SET status = 'failed', callee_type = 'busy' WHERE id = ?", made["busy"])
    execute("UPDATE call SET status = 'completed', callee_type = 'answeringmachine' WHERE id = ?", made["machine"])
    execute("UPDATE call SET finished_at = ? WHERE status <> 'queued'", RECEIVED.timestamp())
    office.clock.advance(days=2)
    made["later"] = office.queue("6175550100", message_reference=str(made["busy"]))
    other = accounts.add("other", "1111", office.clock.now(), allow_weak_pin=True)
    with writing():
        execute(
            """INSERT INTO campaign (id, account_id, name, status, is_default, created_at, queue_id)
            VALUES (900, ?, 'sale', 'started', ?, 0, 900)""",
            other.id,
            False,
        )
        execute("UPDATE call SET campaign_id = 900 WHERE id = ?", made["machine"])
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", "later machine busy first", id="nothing finds all, the newest first"),
        pytest.param("status:failed", "busy", id="status"),
        pytest.param("status:pending", "later first", id="pending"),
        pytest.param("type:answeringmachine", "machine", id="type"),
        pytest.param("number:+16175550100", "later first", id="number of calls that wait"),
        pytest.param("617-555-0101", "busy", id="number of a call that has ended"),
        pytest.param("ref:a", "first", id="reference of a call that waits"),
        pytest.param("ref:b", "busy", id="reference of a call that has ended"),
        pytest.param('"order:17"', "machine", id="reference as a word"),
        pytest.param("campaign:sale", "machine", id="campaign by name"),
        pytest.param("campaign:900", "machine", id="campaign by number"),
        pytest.param("campaign:nobody", "", id="no such campaign"),
        pytest.param("before:yesterday", "machine busy first", id="before"),
        pytest.param("after:yesterday", "later", id="after"),
        pytest.param("a status:failed", "", id="all must be true"),
        pytest.param("a 6175550100", "first", id="two words"),
    ],
)
def test_a_search_finds(visitor: Visitor, made: dict[str, int], text: str, found: str) -> None:
    """Newest first, in the list and in the export alike."""
    page = visitor.web.get("/calls", query_string={"q": text})
    names = {call_id: name for name, call_id in made.items()}
    assert [names[int(each)] for each in re.findall(r'href="/calls/([0-9]+)"', page.text)] == found.split()
    exported = visitor.web.get("/calls/export.json", query_string={"q": text}).get_json()
    assert [names[each["call_id"]] for each in exported] == found.split()[::-1]


def test_a_call_id_is_found_as_a_word(visitor: Visitor, made: dict[str, int]) -> None:
    """Beside calls that have it as their reference."""
    page = visitor.web.get("/calls", query_string={"q": str(made["busy"])}).text
    assert re.findall(r'href="/calls/([0-9]+)"', page) == [str(made["later"]), str(made["busy"])]


def test_a_search_stays_within_the_account(office: Office, made: dict[str, int]) -> None:
    """Also when it names another's campaign or call."""
    mine = accounts.named("demo")
    accounts.set_admin("demo", is_admin=False)
    visitor = Visitor(office.web).sign_in()
    for text in ("", "campaign:900", "campaign:sale", str(made["machine"]), '"order:17"', "type:answeringmachine"):
        page = visitor.web.get("/calls", query_string={"q": text})
        exported = visitor.web.get("/calls/export.json", query_string={"q": text}).get_json()
        assert f"/calls/{made['machine']}" not in page.text
        assert made["machine"] not in [each["call_id"] for each in exported]
    assert listing.page(Wanted(mine.id, campaign="sale")).calls == []


def test_what_is_wrong_with_a_search_stands_beside_it(visitor: Visitor) -> None:
    """400, the text as it was typed and what can be searched for; the export says it on a page of its own."""
    page = visitor.web.get("/calls", query_string={"q": 'color:"<script>'})
    assert page.status_code == 400
    assert "Nothing was searched for: the quotes around color:" in words(page.text)
    assert 'value="color:&#34;&lt;script&gt;"' in page.text
    assert "<script>" not in page.text
    assert visitor.web.get("/calls/export.csv?q=color:red").status_code == 400
