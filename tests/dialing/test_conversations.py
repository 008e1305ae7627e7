"""What is said in a call: the customer's application, run against the callee that the simulated carrier meets."""

from dataclasses import replace
from typing import Any

import pytest
from customer import Reply
from office import Office

from app.factory import create_scheduler
from app.settings import Settings
from scheduler.talk import MOST_TRANSCRIPT

pytestmark = pytest.mark.one_engine

MENU = b"""<vxml version="2.1"><form>
 <field name="answer">
  <grammar type="application/x-jsgf">yes | no</grammar>
  <grammar type="application/x-jsgf" mode="dtmf">1 | 2</grammar>
  <prompt>Will you come?</prompt><noinput>Please answer.<reprompt/></noinput></field>
 <block><submit next="next" method="post" namelist="answer"/></block></form></vxml>"""
TYPE = b"""<vxml version="2.0"><form>
 <block><value expr="session.connection.callee_type"/> at <value expr="session.telephone.dnis"/></block>
 <field name="f"><grammar type="application/x-jsgf">nothing</grammar>
  <catch event="noinput nomatch"><value expr="session.connection.callee_type"/><exit/></catch></field></form></vxml>"""
THANKS = b'<vxml version="2.0"><form><block>Thank you.</block></form></vxml>'
NUMBER = "6172223333"


def _call(office: Office, pages: dict[str, bytes], outcome: object, number: str = NUMBER) -> dict[str, Any]:
    """One call whose callee does as ``outcome`` says, whole."""
    for path, page in pages.items():
        office.customer.answers[path] = lambda _, page=page: Reply(body=page)
    if outcome is not None:
        answer = office.web.put(f"/testing/callees/{number}", json={"outcomes": [outcome]})
        assert answer.status_code == 200, answer.text
    call_id = office.queue(number)
    office.work()
    return office.call(call_id)


def _said(call: dict[str, Any]) -> list[str]:
    return [entry["text"] for entry in call["history"][0]["transcript"] if entry["event"] == "prompt"]


@pytest.mark.parametrize(
    ("does", "sent"),
    [
        pytest.param({"says": ["yes"]}, "yes", id="says"),
        pytest.param({"dtmf": ["2"]}, "2", id="presses"),
    ],
)
def test_what_the_callee_does_reaches_the_next_page(office: Office, does: dict[str, Any], sent: str) -> None:
    """The script's word or key fills the field, which is submitted; every fetch is kept with the call."""
    call = _call(office, {"/start": MENU, "/next": THANKS}, {"callee": "voice"} | does)
    (posted,) = office.customer.posts("/next")
    assert posted.form == {"answer": sent}
    assert _said(call) == ["Will you come?", "Thank you."]
    assert [each["purpose"] for each in call["exchanges"]][:2] == ["start_url", "page"]


def test_a_callee_without_a_script_listens_and_leaves(office: Office) -> None:
    """Silent twice, then gone; the call is completed all the same, and lasts as long as that takes."""
    call = _call(office, {"/start": MENU}, None, "6175550100")
    assert _said(call)[:3] == ["Will you come?", "Please answer.", "Will you come?"]
    assert call["status"] == "completed"
    assert call["duration"] >= 10


def test_a_callee_that_hangs_up_hears_no_more(office: Office) -> None:
    """hangs_up_after ends the conversation at that second."""
    call = _call(office, {"/start": MENU}, {"callee": "voice", "hangs_up_after": 3})
    assert call["duration"] == 3
    assert call["history"][0]["transcript"][-1]["event"] == "exit"


@pytest.mark.parametrize(
    ("does", "heard", "ended"),
    [
        pytest.param({"does": [{"say": "yes", "after": 0.5}]}, [(0.0, 0.5), (1.333, None)], 2.0, id="interrupts"),
        pytest.param({"does": [{"hangup": True, "after": 0.5}]}, [(0.0, 0.5)], 0.5, id="leaves in a prompt"),
        pytest.param({"says": ["yes"], "hangs_up_at_prompt": 2}, [(0.0, None)], 1.833, id="leaves at a prompt"),
    ],
)
def test_a_callee_acts_in_the_middle_of_a_prompt(
    office: Office, does: dict[str, Any], heard: list[tuple[float, float | None]], ended: float
) -> None:
    """Seconds at which prompts began and how much of them was heard, at 180 words a minute."""
    transcript = _call(office, {"/start": MENU, "/next": THANKS}, {"callee": "voice"} | does)["history"][0][
        "transcript"
    ]
    prompts = [each for each in transcript if each["event"] == "prompt" and each.get("heard", True)]
    assert [(each["at"], each.get("cut_after")) for each in prompts] == heard
    assert transcript[-1]["at"] == ended


def test_an_answering_machine_greets_and_beeps(office: Office) -> None:
    """Its greeting is no answer to the question; what is said behind the beep is what it records."""
    page = MENU.replace(b"<noinput>", b"<nomatch>Please call us.<exit/></nomatch><noinput>")
    machine = {"callee": "answeringmachine", "says": ["We are out"]}
    transcript = _call(office, {"/start": page}, machine)["history"][0]["transcript"]
    told = [(each["at"], each["event"]) for each in transcript if each["event"] in ("input", "beep", "prompt", "exit")]
    assert told == [(0.0, "prompt"), (0.0, "input"), (1.0, "beep"), (2.0, "prompt"), (3.0, "exit")]


def test_how_fast_people_speak_is_a_setting(settings: Settings, office: Office) -> None:
    """At 60 words a minute three words take three seconds."""
    slow = create_scheduler(replace(settings, words_per_minute=60), office.clock)
    call = _call(replace(office, service=slow), {"/start": THANKS.replace(b"you", b"you all")}, "voice")
    slow.dispatcher.close(1)
    slow.sender.close(5)
    assert call["duration"] == 3


@pytest.mark.parametrize(
    ("callee", "told"),
    [("voice", "voice"), ("answeringmachine", "answeringmachine"), ("faxmachine", "fax"), ("unknown", "unknown")],
)
def test_the_callee_type_is_known_after_four_seconds(office: Office, callee: str, told: str) -> None:
    """session.connection.callee_type is processing first (Outbound Calling Guide)."""
    said = _said(_call(office, {"/start": TYPE}, {"callee": callee}))
    assert said == ["processing at +16172223333", told]


def test_an_error_of_the_application_is_told_with_its_line(office: Office) -> None:
    """An expression that fails and that nobody handles ends the call, and the call's page says where it was."""
    page = b'<vxml version="2.0">\n<form>\n<block>\n<value expr="nobody"/></block></form></vxml>'
    call = _call(office, {"/start": page}, None, "6175550100")
    (error,) = [event["detail"] for event in call["events"] if event["event"] == "application error"]
    assert "line 4" in error
    assert call["status"] == "completed"


def test_an_error_in_a_root_document_is_told_with_the_place_there(office: Office) -> None:
    """The page that is active is another one than the one whose handler fails."""
    root = b'<vxml version="2.0">\n<noinput>\n<assign name="nobody" expr="1"/></noinput></vxml>'
    start = MENU.replace(b"<vxml", b'<vxml application="root"').replace(
        b"<noinput>Please answer.<reprompt/></noinput>", b""
    )
    call = _call(office, {"/root": root, "/start": start}, None, "6175550100")
    (error,) = [event["detail"] for event in call["events"] if event["event"] == "application error"]
    assert error == "error.semantic: root line 3: ReferenceError: nobody is not defined"
    thrown = [each for each in call["history"][0]["transcript"] if each["event"] == "throw"]
    assert [(each["document"].rpartition("/")[2], each["line"]) for each in thrown] == [("start", 2), ("root", 3)]


def test_keys_for_behind_the_answer_stand_in_the_transcript(office: Office) -> None:
    """postd is pressed when somebody has answered, before start_url is asked."""
    call = _call(office, {"/start": THANKS}, None, "tel:+16175550100;postd=12p3")
    assert call["history"][0]["transcript"][0] == {"at": 0.0, "event": "postd", "keys": "12p3"}


def test_a_transcript_that_is_cut_says_so(office: Office) -> None:
    """A page that goes in circles for ever: the beginning is kept, and that there was more."""
    page = b"""<vxml version="2.0"><form><var name="n" expr="0"/>
     <block name="b"><assign name="n" expr="n + 1"/><log>once more</log><if cond="n &lt; 900"><clear namelist="b"/></if>
     </block></form></vxml>"""
    transcript = _call(office, {"/start": page}, None, "6175550100")["history"][0]["transcript"]
    assert len(transcript) == MOST_TRANSCRIPT + 1
    assert transcript[-1]["event"] == "cut"


def test_a_page_that_does_not_come_is_told_with_its_time(office: Office) -> None:
    """The page waits as long as it says it does, and its handler takes over."""
    page = b"""<vxml version="2.0"><form><catch event="error.badfetch">Goodbye.</catch>
     <block><submit next="next" fetchtimeout="1s"/></block></form></vxml>"""
    office.customer.answers |= {"/start": lambda _: Reply(body=page), "/next": lambda _: Reply(delay=3)}
    call_id = office.queue("6175550100")
    office.work()
    (fetch,) = [each for each in office.call(call_id)["history"][0]["transcript"] if each.get("method") == "GET"]
    assert (fetch["status"], fetch["error"].partition(":")[0]) == (None, "no whole answer in time")
    assert 0.9 < fetch["seconds"] < 2.9


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("<throw event='error.x' messageexpr=\"'a\\u0000b'\"/>", id="a message"),
        pytest.param("<script>throw 'a\\u0000b'</script>", id="an exception"),
        pytest.param("<goto expr=\"'next?a\\u0000b'\"/>", id="an address"),
        pytest.param("<log><value expr=\"'a\\u0000b'\"/></log><exit expr=\"['a\\u0000b']\"/>", id="values"),
        pytest.param("<throw event='error.x' messageexpr=\"'x'.repeat(1e6)\"/>", id="a message of a megabyte"),
    ],
)
def test_any_text_of_an_application_can_be_written_down(office: Office, content: str) -> None:
    """On a database that takes no NUL as on others; what is long is cut."""
    page = f'<vxml version="2.1"><form><block>{content}</block></form></vxml>'.encode()
    call = _call(office, {"/start": page}, None, "6175550100")
    assert call["status"] == "completed"
    assert not [event for event in call["events"] if event["event"] == "lost" or len(event["detail"] or "") > 5_000]
