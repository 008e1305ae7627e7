"""Queueing one call from the console: the vendor's form, without login and PIN."""

import pytest
from office import Office
from visitor import Visitor, words

from app.calls import accounts
from app.calls.db import execute


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def _urls(office: Office) -> dict[str, str]:
    return {"start_url": f"{office.customer.url}/start", "result_url": f"{office.customer.url}/result"}


def test_a_call_is_queued_and_shown(office: Office, visitor: Visitor) -> None:
    """It is the viewer's own, and is dialled like any other."""
    answer = visitor.send(
        "/queue", "/queue", phone_number="617 555 0100", message_reference="a 1", max_retries="2", **_urls(office)
    )
    ((call_id, account_id),) = execute(
        "SELECT call.id, account_id FROM call JOIN campaign ON campaign.id = campaign_id"
    ).fetchall()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/calls/{call_id}")
    assert account_id == accounts.named("demo").id
    office.work()
    told = office.call(call_id)
    assert (told["status"], told["message_reference"], told["max_retries"]) == ("completed", "a 1", 2)
    assert office.customer.posts("/start")[0].form["phone_number"] == "617 555 0100"


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        pytest.param({"phone_number": "911"}, "phone_number", "emergency and crisis numbers", id="number"),
        pytest.param({"phone_number": ""}, "phone_number", "is required", id="no number"),
        pytest.param({"max_retries": "11"}, "max_retries", "must be a whole number from 0 to 10", id="retries"),
        pytest.param({"start_url": "ftp://x"}, "start_url", "must be an http or https URL", id="URL"),
        pytest.param({"scheduled_time": "soonish"}, "scheduled_time", '"soonish" is not a time', id="time"),
        pytest.param({"expiration_timestamp": "1"}, "expiration_timestamp", "must be later than now", id="expired"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    office: Office, visitor: Visitor, fields: dict[str, str], field: str, rule: str
) -> None:
    """400, the form with all that was typed, and nothing queued."""
    typed = {"phone_number": "6175550100", "message_reference": "<b>mine</b>"} | _urls(office) | fields
    answer = visitor.send("/queue", "/queue", **typed)
    assert answer.status_code == 400
    assert f'<a href="#{field}">{field}: ' in answer.text
    assert f'id="{field}-problem">' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert words(answer.text).count(rule) == 2
    assert 'value="&lt;b&gt;mine&lt;/b&gt;"' in answer.text
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


def test_a_url_that_does_not_answer_is_said(office: Office, visitor: Visitor) -> None:
    """The same probe and sentence as the classic API's."""
    answer = visitor.send("/queue", "/queue", phone_number="6175550100", start_url=f"{office.customer.url}/none")
    assert answer.status_code == 400
    assert f"start_url: {office.customer.url}/none did not answer 200 OK: it answered 404" in words(answer.text)


def test_what_was_saved_fills_in_both_forms(office: Office, visitor: Visitor) -> None:
    """Only when asked for, and for this account alone."""
    typed = _urls(office) | {"max_retries": "3", "retry_interval": "600"}
    visitor.send("/queue", "/queue", phone_number="6175550100", **typed)
    assert visitor.forms("/queue")["/queue"].fields["max_retries"] == ""
    visitor.send("/queue", "/queue", phone_number="6175550100", message_reference="x", keep="1", **typed)
    for path in ("/queue", "/upload"):
        fields = visitor.forms(path)[path].fields
        assert {name: fields[name] for name in typed} == typed
        assert fields["message_reference"] == ""
    accounts.add("other", "5678", office.clock.now(), allow_weak_pin=True)
    other = Visitor(office.web.application.test_client()).sign_in("other", "5678")
    assert other.forms("/queue")["/queue"].fields["start_url"] == ""


@pytest.mark.parametrize("path", ["/queue", "/upload"])
def test_a_form_without_its_token_is_refused(office: Office, visitor: Visitor, path: str) -> None:
    """400, and nothing queued."""
    answer = office.web.post(path, data={"phone_number": "6175550100"} | _urls(office))
    assert answer.status_code == 400
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


@pytest.mark.parametrize("path", ["/queue", "/upload"])
def test_strangers_sign_in_first(office: Office, path: str) -> None:
    """And come back to the page."""
    answer = office.web.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login?next={path}?")
