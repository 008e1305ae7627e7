"""What a request to the testing API may ask for, and the sentence when it may not."""

from collections.abc import Callable

import pytest
from flask import Request
from werkzeug.exceptions import BadRequest
from werkzeug.test import EnvironBuilder

from app import clock
from app.testing import asked

AT = 1475095892
NOW = clock.instant(AT)
STEP = "advance: must be a number of seconds from 0"


def _request(query: str = "", body: bytes = b"") -> Request:
    return Request(EnvironBuilder("/testing", query_string=query, method="POST", data=body).get_environ())


def _refused(ask: Callable[[], object]) -> str:
    with pytest.raises(BadRequest) as refused:
        ask()
    return str(refused.value.description)


@pytest.mark.parametrize(
    "spelling", ["+16175550100", "16175550100", "(617) 555-0100", "tel:+1-617-555-0100;ani=8009957586", "６175550100"]
)
def test_a_number_is_taken_in_any_spelling(spelling: str) -> None:
    """The path names the number as a form field would."""
    assert asked.number(spelling) == "+16175550100"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        pytest.param("911", "number: emergency and crisis numbers are never dialled", id="an emergency number"),
        pytest.param("x", "number: 'x' can't be part of a number", id="no number"),
    ],
)
def test_numbers_that_are_refused(number: str, sentence: str) -> None:
    """The rule of the form field."""
    assert _refused(lambda: asked.number(number)).startswith(sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"", "outcomes: must be a list", id="no body"),
        pytest.param(b"busy", "the body is not JSON", id="no JSON"),
        pytest.param(b"\xff\xfe{", "the body is not JSON", id="no text"),
        pytest.param(b"[" * 100_000, "the body is not JSON", id="too deep"),
        pytest.param(b'["busy"]', "the body must be a JSON object", id="a list"),
        pytest.param(b'{"outcome": []}', "in the body: outcome is not known, only outcomes", id="an unknown key"),
        pytest.param(b'{"outcomes": ["bussy"]}', "outcomes[0]: must be one of", id="an unknown type"),
        pytest.param(b'{"outcomes": [{"callee": "voice", "ring": 1e999}]}', "outcomes[0].ring:", id="infinity"),
        pytest.param(b'{"outcomes": [{"callee": "voice", "ring": NaN}]}', "outcomes[0].ring:", id="no number"),
    ],
)
def test_scripts_that_are_refused(body: bytes, sentence: str) -> None:
    """What is wrong with the body comes before what is wrong with the script."""
    assert _refused(lambda: asked.script(_request(body=body))).startswith(sentence)


@pytest.mark.parametrize(
    ("body", "to", "timeout"),
    [
        pytest.param(b'{"advance": 86400}', AT + 86400, 60, id="advance"),
        pytest.param(b'{"advance": 0}', AT, 60, id="by nothing: what is due now is done"),
        pytest.param(b'{"advance": 0.5, "timeout": 600}', AT + 0.5, 600, id="by a part of a second"),
        pytest.param(b'{"to": 1475095892, "timeout": 0}', AT, 0, id="to now"),
        pytest.param(b'{"to": 1475182292}', AT + 86400, 60, id="to"),
    ],
)
def test_moves(body: bytes, to: float, timeout: float) -> None:
    """Seconds from now, or an instant."""
    assert asked.move(_request(body=body), NOW) == asked.Move(clock.instant(to), timeout)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"{}", 'send either "advance", in seconds, or "to", in UNIX seconds', id="neither"),
        pytest.param(
            b'{"advance": 1, "to": 1475182292}',
            'send either "advance", in seconds, or "to", in UNIX seconds',
            id="both",
        ),
        pytest.param(b'{"advance": -1}', STEP, id="backwards"),
        pytest.param(b'{"advance": "60"}', STEP, id="a text"),
        pytest.param(b'{"advance": true}', STEP, id="true"),
        pytest.param(b'{"advance": null}', STEP, id="null"),
        pytest.param(b'{"advance": NaN}', STEP, id="NaN"),
        pytest.param(b'{"advance": 1%s}' % (b"0" * 400), STEP, id="a huge number"),
        pytest.param(
            b'{"to": 1475095891}', f"to: it is {AT} already, and time does not run backwards", id="into the past"
        ),
        pytest.param(b'{"advance": 253402300800}', STEP, id="further than any date"),
        pytest.param(b'{"advance": 253402200000}', "the year 9997 is the last one to move to", id="too far"),
        pytest.param(
            b'{"advance": 1, "timeout": 601}', "timeout: must be a number of seconds from 0 to 600", id="too long"
        ),
        pytest.param(
            b'{"advance": 1, "days": 1}', "in the body: days is not known, only advance, to, timeout", id="a typo"
        ),
    ],
)
def test_moves_that_are_refused(body: bytes, sentence: str) -> None:
    """Nothing is clamped."""
    assert _refused(lambda: asked.move(_request(body=body), NOW)) == sentence


def test_the_filter_of_calls() -> None:
    """Empty parameters count as absent; a plus that was not encoded is a plus all the same."""
    query = "login=demo&status=queued&message_reference=&phone_number=+16175550100&after=7&limit=3"
    wanted = {"login": "demo", "status": "queued", "phone_number": "+16175550100", "after": 7}
    assert asked.search(_request(query)) == asked.Search(wanted, 3)
    assert asked.search(_request()) == asked.Search({}, 100)
    assert asked.wait(_request("count=2&timeout=0.5")) == asked.Wait({}, 2, 0.5)
    assert asked.wait(_request()) == asked.Wait({}, 1, 10)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        pytest.param("stauts=queued", "in the query: stauts is not known, only login, status, message_", id="a typo"),
        pytest.param("login=a&login=b", "login: is given twice", id="twice"),
        pytest.param("login=%00", "login: holds a character that is never stored", id="NUL"),
        pytest.param("status=done", "status: must be one of queued, dialing, connected, completed,", id="no status"),
        pytest.param("count=0", "count: must be a whole number from 1 to 1000", id="none"),
        pytest.param("count=+5", "count: must be a whole number from 1 to 1000", id="no digits"),
        pytest.param("count=1001", "count: must be a whole number from 1 to 1000", id="too many"),
        pytest.param("after=2147483648", "after: must be a whole number from 0 to 2147483647", id="no call_id"),
        pytest.param("timeout=601", "timeout: must be a number of seconds from 0 to 600", id="too long"),
        pytest.param("timeout=-1", "timeout: must be a number of seconds from 0 to 600", id="backwards"),
        pytest.param("timeout=nan", "timeout: must be a number of seconds from 0 to 600", id="NaN"),
        pytest.param("timeout=soon", "timeout: must be a number of seconds from 0 to 600", id="a text"),
    ],
)
def test_waits_that_are_refused(query: str, sentence: str) -> None:
    """A mistake is seen, not taken for a wish that nothing fulfils."""
    assert _refused(lambda: asked.wait(_request(query))).startswith(sentence)
