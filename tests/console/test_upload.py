"""Queueing a list from the console: tried first, looked at, then queued."""

import io
import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from customer import Customer
from office import Office
from visitor import Visitor, words
from werkzeug.test import TestResponse

from app import factory
from app.calls import accounts, drafts
from app.calls.db import execute
from app.settings import Settings

pytestmark = pytest.mark.one_engine

FILES = sorted((Path(__file__).parent.parent / "data" / "phonelists").glob("*.csv"))
NUMBERS = b"".join(b"617%07d,ref %d\n" % (2_000_000 + number, number) for number in range(1_000))


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def _try(visitor: Visitor, customer: Customer, numbers: bytes, **more: object) -> TestResponse:
    """Send a list to be tried, as a file."""
    typed = {"start_url": f"{customer.url}/start", "phone_list": (io.BytesIO(numbers), "list.csv")}
    return visitor.send("/upload", "/upload", **typed | more)


def _confirm(visitor: Visitor, tried: TestResponse, **more: object) -> TestResponse:
    path = tried.headers["Location"]
    return visitor.send(path, path, **more)


def _queued() -> int:
    (count,) = execute("SELECT count(*) FROM call").fetchone()
    return int(count)


def _kept() -> tuple[int, int]:
    found = execute("SELECT (SELECT count(*) FROM draft), (SELECT count(*) FROM draft_part)").fetchone()
    return tuple(found)


def test_a_thousand_calls_are_tried_then_queued(office: Office, visitor: Visitor) -> None:
    """Nothing is queued before the confirmation; then all of it, once, and the list is thrown away."""
    tried = _try(visitor, office.customer, NUMBERS, campaign_name="spring")
    page = words(visitor.follow(tried))
    assert "Calls 1,000" in page
    assert "The first 100 of 1,000" in page
    assert "6172000099 +16172000099 ref 99" in page
    assert "6172000100" not in page
    assert "Estimated time 10 min" in page  # 20 turns of 50 lines at 30 s
    assert (_queued(), _kept()) == (0, (1, 1))
    answer = _confirm(visitor, tried)
    ((campaign_id, account_id),) = execute("SELECT id, account_id FROM campaign WHERE name = 'spring'").fetchall()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/campaigns/{campaign_id}")
    assert (_queued(), _kept(), account_id) == (1_000, (0, 0), 1)
    assert execute("SELECT phone_number, message_reference FROM call ORDER BY id DESC LIMIT 1").fetchone() == (
        "6172000999",
        "ref 999",
    )


def test_a_list_may_be_pasted(office: Office, visitor: Visitor) -> None:
    """The same lines in a text field; it stays typed when something else is wrong."""
    pasted = {"pasted": "6175550100,é\r\n911", "phone_list": ""}
    again = _try(visitor, office.customer, b"", **pasted, max_retries="x")
    assert again.status_code == 400
    assert "6175550100,é\r\n911</textarea>" in again.text
    tried = _try(visitor, office.customer, b"", **pasted)
    page = words(visitor.follow(tried))
    assert "1 6175550100 +16175550100 é" in page
    assert "2 911 phone_number: emergency and crisis numbers are never dialled" in page
    _confirm(visitor, tried)
    assert _queued() == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hostile_list_gets_the_sentences_of_the_classic_api(office: Office, visitor: Visitor, file: Path) -> None:
    """The same lines accepted, the same reasons for the others, the same refusal of the whole."""
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    tried = _try(visitor, office.customer, file.read_bytes())
    if "refused" in expected:
        assert tried.status_code == 400
        assert " ".join(expected["refused"].split()) in words(tried.text).replace("&#39;", "'")
        return
    page = words(visitor.follow(tried))
    draft = drafts.find(tried.headers["Location"].rpartition("/")[2], 1)
    for line, _, error in expected["rejected"][:100]:
        assert [line, error] in [[row[0], row[2]] for row in draft.report["first_rejected"]]
        assert " ".join(error.split()) in page
    assert draft.report["duplicates"] == expected["duplicates"]
    _confirm(visitor, tried)
    rows = execute("SELECT phone_number, number, message_reference, call_parameters FROM call ORDER BY id").fetchall()
    assert [list(row) for row in rows] == [line[1:] for line in expected["queued"]]


def test_a_mistake_elsewhere_does_not_lose_the_file(office: Office, visitor: Visitor) -> None:
    """The list is kept: the form is sent again without it, and what was typed is there still."""
    wrong = _try(visitor, office.customer, NUMBERS, max_retries="11", message_reference="mine")
    assert wrong.status_code == 400
    assert 'id="max_retries-problem"' in wrong.text
    assert "list.csv is kept from before" in words(wrong.text)
    (draft_id,) = re.findall(r'name="draft" value="([^"]+)"', wrong.text)
    right = visitor.send(
        "/upload", "/upload", draft=draft_id, start_url=f"{office.customer.url}/start", max_retries="1"
    )
    assert "Calls 1,000" in words(visitor.follow(right))
    changed = visitor.forms(f"/upload?draft={draft_id}")["/upload"].fields
    assert (changed["draft"], changed["max_retries"]) == (draft_id, "1")


def test_without_a_list_nothing_is_tried(office: Office, visitor: Visitor) -> None:
    """The sentence stands beside the field."""
    answer = _try(visitor, office.customer, b"", phone_list="")
    assert answer.status_code == 400
    assert "phone_list: is required: choose a file, or paste the list" in words(answer.text)


def test_a_list_is_queued_once(office: Office, visitor: Visitor) -> None:
    """A second confirmation is told that there is nothing left to queue."""
    tried = _try(visitor, office.customer, NUMBERS)
    path = tried.headers["Location"]
    form = visitor.forms(path)[path]
    assert visitor.web.post(path, data=form.fields).status_code == 302
    again = visitor.web.post(path, data=form.fields)
    assert again.status_code == 404
    assert "this list is no longer kept: it was queued, discarded or replaced" in words(again.text)
    assert _queued() == 1_000


def test_of_two_confirmations_at_once_one_queues(office: Office, visitor: Visitor) -> None:
    """A double click while start_url is slow to answer."""
    tried = _try(visitor, office.customer, NUMBERS)
    path = tried.headers["Location"]
    fields = visitor.forms(path)[path].fields
    cookie = visitor.web.get_cookie("ringback")
    assert cookie is not None

    def click() -> int:
        browser = visitor.web.application.test_client()
        browser.set_cookie("ringback", cookie.value)
        return browser.post(path, data=fields).status_code

    statuses: list[int] = []
    clicks = [threading.Thread(target=lambda: statuses.append(click())) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert statuses.count(302) == 1
    assert _queued() == 1_000


def test_what_has_changed_meanwhile_is_said_and_the_list_kept(office: Office, visitor: Visitor) -> None:
    """A campaign of that name was queued by somebody else: 400, and it can be tried again."""
    tried = _try(visitor, office.customer, NUMBERS, campaign_name="spring")
    execute("UPDATE campaign SET name = 'spring' WHERE id = 1")
    refused = _confirm(visitor, tried)
    assert refused.status_code == 400
    assert "campaign_name: spring is the name of another campaign of yours" in words(refused.text)
    execute("UPDATE campaign SET name = 'default' WHERE id = 1")
    assert _confirm(visitor, tried).status_code == 302


def test_a_list_is_thrown_away_when_asked(office: Office, visitor: Visitor) -> None:
    """And nothing was queued."""
    path = _try(visitor, office.customer, NUMBERS).headers["Location"]
    assert visitor.send(path, f"{path}/discard").status_code == 302
    assert (_queued(), _kept()) == (0, (0, 0))
    assert "no longer kept" in words(visitor.page(path, 404))


def test_a_list_is_gone_after_an_hour(office: Office, visitor: Visitor) -> None:
    """It is neither shown nor queued, and the next upload removes what is left of it."""
    path = _try(visitor, office.customer, NUMBERS).headers["Location"]
    fields = visitor.forms(path)[path].fields
    execute("UPDATE draft SET made_at = made_at - 3600")
    assert "is more than an hour old; send it again" in words(visitor.page(path, 404))
    assert visitor.web.post(path, data=fields).status_code == 404
    drafts.remove_old()
    assert (_queued(), _kept()) == (0, (0, 0))


def test_a_newer_list_takes_the_place_of_the_older(office: Office, visitor: Visitor) -> None:
    """An account has one at a time, so that what is kept is bounded."""
    first = _try(visitor, office.customer, NUMBERS).headers["Location"]
    _try(visitor, office.customer, NUMBERS)
    visitor.page(first, 404)
    assert _kept() == (1, 1)


def test_a_list_that_is_replaced_while_it_is_read_is_not_queued_in_part(office: Office, visitor: Visitor) -> None:
    """Reading it fails; it does not end early."""
    draft = drafts.keep(1, "long", io.BytesIO(b"6175550100\n" * 100_000))
    stream = draft.opened()
    stream.read(10)
    drafts.keep(1, "other", io.BytesIO(b"6175550100\n"))
    with pytest.raises(drafts.NoSuchDraft):
        stream.read()


def test_another_account_sees_nothing_of_it(office: Office, visitor: Visitor) -> None:
    """404 to look, confirm, discard or start from it, for an administrator too."""
    path = _try(visitor, office.customer, NUMBERS).headers["Location"]
    accounts.add("other", "5678", office.clock.now(), allow_weak_pin=True)
    accounts.set_admin("other", is_admin=True)
    other = Visitor(office.web.application.test_client()).sign_in("other", "5678")
    token = other.forms("/queue")["/queue"].fields["csrf_token"]
    draft_id = path.rpartition("/")[2]
    other.page(path, 404)
    other.page(f"/upload?draft={draft_id}", 404)
    for action in (path, f"{path}/discard"):
        assert other.web.post(action, data={"csrf_token": token}).status_code == 404
    typed = {"csrf_token": token, "draft": draft_id, "start_url": f"{office.customer.url}/start"}
    assert "no longer kept" in words(other.web.post("/upload", data=typed).text)
    assert (_queued(), _kept()) == (0, (1, 1))


def test_writes_without_a_token_are_refused(office: Office, visitor: Visitor) -> None:
    """400; the list stays as it is."""
    path = _try(visitor, office.customer, NUMBERS).headers["Location"]
    for action in (path, f"{path}/discard"):
        assert office.web.post(action).status_code == 400
    assert (_queued(), _kept()) == (0, (1, 1))


def test_calls_that_would_expire_are_counted(office: Office, visitor: Visitor) -> None:
    """50 lines, 30 seconds each: 100 calls begin within a minute."""
    tried = _try(visitor, office.customer, NUMBERS, expiration_time="+1 minute", max_retries="1")
    page = words(visitor.follow(tried))
    assert "Would expire 900" in page
    assert "25 min when none ever is" in page


def test_the_estimate_goes_by_what_was_dialled_here(office: Office, visitor: Visitor) -> None:
    """The average time that attempts held their lines takes the place of the assumption."""
    for _ in range(20):
        office.queue("6175550100", result_url="")
    office.work()
    execute("UPDATE attempt SET ended_at = started_at + 6")
    page = words(visitor.follow(_try(visitor, office.customer, NUMBERS)))
    assert "Estimated time 2 min" in page
    assert "6 s for an attempt, the average of the last 1,000 here" in page


def test_a_list_of_several_parts_comes_back_as_it_was(database: None) -> None:
    """Bytes are bytes, across the borders of the parts."""
    content = bytes(range(256)) * 5_000
    draft = drafts.keep(1, "any", io.BytesIO(content))
    assert draft.parts > 1
    with draft.opened() as stream:
        assert stream.read(7) == content[:7]
        assert stream.read() == content[7:]


def test_a_list_too_long_is_refused_when_it_is_tried(settings: Settings, database: None, customer: Customer) -> None:
    """By name of the limit, as the classic API does."""
    limited = replace(settings, max_lines_per_list=999)
    visitor = Visitor(factory.create_app(limited).test_client()).sign_in()
    answer = _try(visitor, customer, NUMBERS)
    assert answer.status_code == 400
    assert "phone_list: has more than 999 lines; send it in several parts" in words(answer.text)


def test_upkeep_throws_old_lists_away(office: Office, visitor: Visitor) -> None:
    """Nobody has to come back for that."""
    _try(visitor, office.customer, NUMBERS)
    office.service.upkeep()
    assert _kept() == (1, 1)
    execute("UPDATE draft SET made_at = made_at - 3600")
    office.service.upkeep()
    assert _kept() == (0, 0)
