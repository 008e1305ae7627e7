"""Scripts of callees over HTTP."""

import pytest
from flask.testing import FlaskClient
from office import Office

SCRIPT = ["busy", {"callee": "voice", "ring": 4, "says": ["yes", "né"], "dtmf": ["1"], "hangs_up_after": 20}]
PATH = "/testing/callees/6175550100"


def test_a_script_is_set_read_and_removed(web: FlaskClient) -> None:
    """It comes back as it was given, under the number's normal form; without one the answer is 404."""
    told = {"number": "+16175550100", "outcomes": SCRIPT}
    assert web.get(PATH).status_code == 404
    assert web.put(PATH, json={"outcomes": SCRIPT}).json == told
    assert web.get(PATH).json == told
    assert web.get("/testing/callees").json == {"callees": [told]}
    assert web.delete(PATH).json == {"number": "+16175550100", "removed": True}
    assert web.delete(PATH).status_code == 404
    assert web.get("/testing/callees").json == {"callees": []}


def test_the_last_script_counts(web: FlaskClient) -> None:
    """PUT replaces."""
    for outcomes in (SCRIPT, ["noanswer"]):
        web.put(PATH, json={"outcomes": outcomes})
    assert web.get(PATH).json == {"number": "+16175550100", "outcomes": ["noanswer"]}


@pytest.mark.parametrize(
    "spelling", ["+16175550100", "16175550100", "(617) 555-0100", "tel:+1-617-555-0100;ani=8009957586", "６175550100"]
)
def test_a_number_is_taken_in_any_spelling(web: FlaskClient, spelling: str) -> None:
    """The path names the number as a form field would."""
    web.put(PATH, json={"outcomes": ["busy"]})
    assert web.get(f"/testing/callees/{spelling}").json == {"number": "+16175550100", "outcomes": ["busy"]}


@pytest.mark.parametrize(
    ("number", "body", "sentence"),
    [
        pytest.param("911", b'{"outcomes": ["busy"]}', "number: emergency and crisis", id="an emergency number"),
        pytest.param("12", b'{"outcomes": ["busy"]}', "number: has 2 digits", id="no number"),
        pytest.param("6175550100", b"", "outcomes: must be a list", id="no body"),
        pytest.param("6175550100", b"busy", "the body is not JSON", id="no JSON"),
        pytest.param("6175550100", b"\xff\xfe{", "the body is not JSON", id="no text"),
        pytest.param("6175550100", b"[" * 100_000, "the body is not JSON", id="too deep"),
        pytest.param("6175550100", b'["busy"]', "the body must be a JSON object", id="a list"),
        pytest.param("6175550100", b'{"outcome": []}', "in the body: outcome is not known", id="an unknown key"),
        pytest.param("6175550100", b'{"outcomes": ["bussy"]}', "outcomes[0]: must be one of", id="an unknown type"),
        pytest.param(
            "6175550100", b'{"outcomes": [{"callee": "voice", "ring": 1e999}]}', "outcomes[0].ring:", id="infinity"
        ),
    ],
)
def test_what_is_refused(web: FlaskClient, number: str, body: bytes, sentence: str) -> None:
    """400, a sentence, and nothing is stored."""
    answer = web.put(f"/testing/callees/{number}", data=body)
    assert answer.status_code == 400
    assert answer.json["error"].startswith(sentence)
    assert web.get("/testing/callees").json == {"callees": []}


def test_a_scripted_number_does_what_its_script_says(office: Office) -> None:
    """The script wins over the reserved number 555-0100: busy, then a voice that answers after 10 s."""
    office.web.put(PATH, json={"outcomes": ["busy", {"callee": "answeringmachine", "ring": 10}]})
    call_id = office.queue("6175550100", max_retries=2, retry_interval=60)
    office.work()
    assert office.call(call_id)["history"][0]["callee_type"] == "busy"
    office.clock.advance(seconds=60)
    office.work()
    call = office.call(call_id)
    assert [attempt["callee_type"] for attempt in call["history"]] == ["busy", "answeringmachine"]
    assert call["status"] == "completed"


def test_a_callee_that_hangs_up_shortens_the_call(office: Office) -> None:
    """The page takes longer to say than the callee listens."""
    office.web.put(PATH, json={"outcomes": [{"callee": "voice", "hangs_up_after": 1}]})
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["duration"] == 1
