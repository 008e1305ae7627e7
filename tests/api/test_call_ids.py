"""call_ids are taken when rows are kept, and when they run out everybody hears it."""

import io

import multipart
import pytest
from office import Office

from app import factory
from app.calls import db, schedulers
from app.calls.db import execute
from app.errors import Refusal
from app.intake.phone import NumberRules
from app.intake.phonelist import PhoneList
from app.settings import Settings


def test_a_refused_list_takes_no_call_id(office: Office) -> None:
    """With a line too many, or when it turns out to be no text after 500,000."""
    before = db.ids_left("call_id")
    good = "".join(f"617{2_000_000 + number}\n" for number in range(1_000))
    fields = {"login": "demo", "pin": "1234", "start_url": f"{office.customer.url}/start"}
    for text in ("\n" * 5 + good * 1_001, good * 500 + "\0"):
        body = multipart.encode(fields, text.encode())
        with office.web.post("/queuecalls.php", data=body, content_type=multipart.CONTENT_TYPE) as answer:
            assert "<error>phone_list: " in answer.text
    assert db.ids_left("call_id") == before


def test_a_list_of_as_many_lines_as_are_allowed_is_taken(office: Office) -> None:
    """The header and empty lines do not count."""
    lines = "\r\n".join(["", "phone_number", "", *[f"617{2_000_000 + number}" for number in range(10)], "", ""])
    assert PhoneList(io.BytesIO(lines.encode()), NumberRules(), max_lines=10).refuse_unusable() is None
    with pytest.raises(Refusal, match="more than 9 lines"):
        PhoneList(io.BytesIO(lines.encode()), NumberRules(), max_lines=9).refuse_unusable()


def test_when_no_call_id_is_left_the_answer_says_so(office: Office, settings: Settings) -> None:
    """The last one is given out, then everybody hears the same, and /readyz tells before and after."""
    schedulers.join("somewhere:1")
    told = lambda: factory.create_app(settings, office.clock).test_client().get("/readyz").json  # noqa: E731
    execute("UPDATE counter SET last = ? WHERE name = 'call_id'", db.LAST_ID - 1)
    assert "only 1 call_ids are left" in told()["warnings"][0]
    assert office.queue("6175550100") == db.LAST_ID
    fields = {"login": "demo", "pin": "1234", "start_url": f"{office.customer.url}/start"}
    gone = "no call_id is left: clients read it as a 32-bit number"
    answer = office.web.post("/queuecall.php", data=fields | {"phone_number": "6175550101"})
    assert (answer.status_code, gone in answer.text) == (200, True)
    assert told() == {"ready": False, "reasons": [gone], "warnings": [gone]}
    assert execute("SELECT last FROM counter WHERE name = 'call_id'").fetchone() == (db.LAST_ID,)
