"""Who answers a simulated call: scripts, reserved numbers, the mix; and what a script may say."""

import json

import pytest

from app.telephony.callees import Callee, Callees, read_script
from app.telephony.outcomes import CalleeType

BUSY = Callee(CalleeType.BUSY, 0)
VOICE = Callee(CalleeType.VOICE, 4)
NOANSWER = Callee(CalleeType.NOANSWER, 45)


@pytest.mark.parametrize(
    ("outcome", "callee"),
    [
        pytest.param("voice", VOICE, id="a callee type"),
        pytest.param("busy", BUSY, id="one that does not answer"),
        pytest.param("unknown", Callee(CalleeType.UNKNOWN, 4), id="answered and not determined"),
        pytest.param({"callee": "voice"}, VOICE, id="an object"),
        pytest.param({"callee": "voice", "ring": 0}, Callee(CalleeType.VOICE, 0), id="picked up at once"),
        pytest.param({"callee": "faxmachine", "ring": 44.9}, Callee(CalleeType.FAXMACHINE, 44.9), id="just in time"),
        pytest.param({"callee": "voice", "ring": 45}, NOANSWER, id="45 s of ringing"),
        pytest.param({"callee": "voice", "ring": 3600, "says": ["hi"]}, NOANSWER, id="an hour of ringing"),
        pytest.param({"callee": "busy", "ring": 3}, Callee(CalleeType.BUSY, 3), id="busy after a while"),
        pytest.param({"callee": "noanswer", "ring": 60}, NOANSWER, id="noanswer gives up after 45 s"),
        pytest.param(
            {"callee": "voice", "ring": 4, "says": ["yes"], "dtmf": ["1", "*#AD"], "hangs_up_after": 20},
            Callee(CalleeType.VOICE, 4, ("yes",), ("1", "*#AD"), 20),
            id="all keys",
        ),
        pytest.param(
            {
                "callee": "voice",
                "does": [
                    {"noinput": True},
                    {"say": "né", "after": 1.5},
                    {"dtmf": "1#"},
                    {"transfer": "busy"},
                    {"hangup": True, "after": 0},
                ],
                "hangs_up_at_prompt": 9,
            },
            Callee(
                CalleeType.VOICE,
                4,
                does=(
                    ("noinput", "", None),
                    ("say", "né", 1.5),
                    ("dtmf", "1#", None),
                    ("transfer", "busy", None),
                    ("hangup", "", 0),
                ),
                hangs_up_at_prompt=9,
            ),
            id="one step after the other",
        ),
    ],
)
def test_what_an_outcome_means(outcome: object, callee: Callee) -> None:
    """A callee type alone rings and answers as the reserved numbers do; an object may say more."""
    assert Callee.read(outcome, "outcomes[0]") == callee


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        pytest.param(None, "outcomes: must be a list of 1 to 100 outcomes, one per attempt", id="missing"),
        pytest.param("busy", "outcomes: must be a list of 1 to 100 outcomes, one per attempt", id="no list"),
        pytest.param([], "outcomes: must be a list of 1 to 100 outcomes, one per attempt", id="empty"),
        pytest.param(["busy"] * 101, "outcomes: must be a list of 1 to 100 outcomes, one per attempt", id="too many"),
        pytest.param(
            ["busy", "bussy"],
            "outcomes[1]: must be one of voice, answeringmachine, faxmachine, busy, noanswer, informationtone, "
            "linefailure, unknown",
            id="a type that is none",
        ),
        pytest.param(
            ["noattempt"],
            "outcomes[0]: must be one of voice, answeringmachine, faxmachine, busy, noanswer, informationtone, "
            "linefailure, unknown",
            id="a type that no dial meets",
        ),
        pytest.param(
            [{"callee": ["voice"]}],
            "outcomes[0].callee: must be one of voice, answeringmachine, faxmachine, busy, noanswer, informationtone, "
            "linefailure, unknown",
            id="callee is a list",
        ),
        pytest.param([{"ring": 4}], "outcomes[0].callee: is required", id="no callee"),
        pytest.param(
            [{"callee": "voice", "rings": 4}],
            "outcomes[0]: rings is none of callee, ring, says, dtmf, does, hangs_up_after, hangs_up_at_prompt",
            id="an unknown key",
        ),
        pytest.param(
            [{"callee": "voice", "ring": -1}],
            "outcomes[0].ring: must be seconds, from 0 and at most 86400",
            id="a negative ring",
        ),
        pytest.param(
            [{"callee": "voice", "ring": True}],
            "outcomes[0].ring: must be seconds, from 0 and at most 86400",
            id="true is no number",
        ),
        pytest.param(
            [{"callee": "voice", "ring": float("nan")}],
            "outcomes[0].ring: must be seconds, from 0 and at most 86400",
            id="nor is NaN",
        ),
        pytest.param(
            [{"callee": "noanswer", "ring": 10}],
            "outcomes[0].ring: noanswer is 45 s of ringing; leave ring out",
            id="noanswer after 10 s",
        ),
        pytest.param(
            [{"callee": "voice", "says": "yes"}], "outcomes[0].says: must be a list of texts", id="says is a text"
        ),
        pytest.param(
            [{"callee": "voice", "says": [" "]}], "outcomes[0].says: must be a list of texts", id="says nothing"
        ),
        pytest.param(
            [{"callee": "voice", "dtmf": ["1", "x"]}],
            "outcomes[0].dtmf: must be a list of texts of the keys 0-9, *, # and A-D",
            id="x is no key",
        ),
        pytest.param(
            [{"callee": "voice", "dtmf": [1]}],
            "outcomes[0].dtmf: must be a list of texts of the keys 0-9, *, # and A-D",
            id="a number is no text",
        ),
        pytest.param(
            [{"callee": "voice", "hangs_up_after": 0}],
            "outcomes[0].hangs_up_after: must be seconds, above 0 and at most 86400",
            id="hangs up at once",
        ),
        pytest.param(
            [{"callee": "voice", "hangs_up_after": None}],
            "outcomes[0].hangs_up_after: must be seconds, above 0 and at most 86400",
            id="hangs up after null",
        ),
        pytest.param(
            [{"callee": "busy", "says": ["yes"]}], "outcomes[0].says: busy does not answer", id="busy says yes"
        ),
        pytest.param(
            [{"callee": "voice", "says": ["yes"], "does": []}],
            "outcomes[0].does: can't be given beside says and dtmf",
            id="says and does",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"say": "yes", "dtmf": "1"}]}],
            "outcomes[0].does[0]: must have one step, of say, dtmf, noinput, hangup, transfer",
            id="two steps in one",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"after": 2}]}],
            "outcomes[0].does[0]: must have one step, of say, dtmf, noinput, hangup, transfer",
            id="no step at all",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"say": "yes", "after": "soon"}]}],
            "outcomes[0].does[0].after: must be seconds, from 0 and at most 86400",
            id="says yes soon",
        ),
        pytest.param(
            [{"callee": "voice", "does": [["say", "yes"]]}],
            "outcomes[0].does: must be a list of objects with one step each",
            id="a step that is a list",
        ),
        pytest.param(
            [{"callee": "voice", "hangs_up_at_prompt": 0}],
            "outcomes[0].hangs_up_at_prompt: must be a whole number from 1 to 1000",
            id="hangs up before the first prompt",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"noinput": True}, {"shout": "yes"}]}],
            "outcomes[0].does[1]: shout is none of say, dtmf, noinput, hangup, transfer",
            id="shouts",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"noinput": 2}]}],
            "outcomes[0].does[0].noinput: must be true",
            id="silent twice",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"dtmf": "x"}]}],
            "outcomes[0].does[0].dtmf: must be keys 0-9, *, # and A-D",
            id="does press no key",
        ),
        pytest.param(
            [{"callee": "voice", "does": [{"transfer": ""}]}],
            "outcomes[0].does[0].transfer: must be a text",
            id="a transfer without outcome",
        ),
    ],
)
def test_what_a_script_may_not_say(outcomes: object, sentence: str) -> None:
    """The sentence names the place and the key."""
    with pytest.raises(ValueError, match="outcomes") as refused:
        read_script(outcomes)
    assert str(refused.value) == sentence


def test_a_script_wins_over_reserved_numbers_and_the_mix() -> None:
    """One outcome per attempt, the last one repeats."""
    callees = Callees({"linefailure": 1}, "seed")
    script = json.dumps(["busy", {"callee": "voice", "ring": 1}])
    for number in ("+16175550100", "+16172223333"):
        met = [callees.meet(number, 7, attempt, script) for attempt in (1, 2, 3)]
        assert met == [BUSY, Callee(CalleeType.VOICE, 1), Callee(CalleeType.VOICE, 1)]
    assert callees.meet("+16175550100", 7, 1) == VOICE
    assert callees.meet("+16172223333", 7, 1) == Callee(CalleeType.LINEFAILURE, 0)


def test_a_callee_that_hangs_up_ends_the_conversation() -> None:
    """Longer talk is cut, shorter talk is not made longer."""
    hasty = Callee(CalleeType.VOICE, 4, hangs_up_after=20)
    assert (hasty.stays(30), hasty.stays(5), VOICE.stays(30)) == (20, 5, 30)
