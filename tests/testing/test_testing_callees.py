"""Scripts of callees over HTTP."""

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


def test_a_script_that_is_refused_leaves_nothing(web: FlaskClient) -> None:
    """400, a sentence, and nothing is stored."""
    answer = web.put(PATH, json={"outcomes": ["busy", "bussy"]})
    assert answer.status_code == 400
    assert answer.json["error"].startswith("outcomes[1]: must be one of voice, ")
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
