"""People and machines by words and pauses: the rule at its bounds."""

import pytest

from app.telephony.greetings import FRAME_MS, Greeting, Tuning
from app.telephony.outcomes import CalleeType


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [
        pytest.param([-5000], None, id="silence from the beginning decides nothing"),
        pytest.param([400, -780], None, id="a word, and not yet long enough silent"),
        pytest.param([400, -800], CalleeType.VOICE, id="a word and silence"),
        pytest.param([-3000, 400, -800], CalleeType.VOICE, id="a person who was slow to speak"),
        pytest.param([80, -800], None, id="a click is no word"),
        pytest.param([100, -800], CalleeType.VOICE, id="the shortest word"),
        pytest.param([60, -40, 60, -800], CalleeType.VOICE, id="a word with a stop in it"),
        pytest.param([60, -60, 60, -800], None, id="two clicks are no word"),
        pytest.param([400, -400, 60, -340], CalleeType.VOICE, id="a click does not end the silence"),
        pytest.param([1480], None, id="not yet a long greeting"),
        pytest.param([1500], CalleeType.ANSWERINGMACHINE, id="a long greeting"),
        pytest.param([700, -700, 800], CalleeType.ANSWERINGMACHINE, id="a long greeting with a pause"),
        pytest.param([700, -700, 780], None, id="pauses are not counted as greeting"),
        pytest.param([200, -60, 200, -60, 200], None, id="three words"),
        pytest.param([200, -60, 200, -60, 200, -60, 100], CalleeType.ANSWERINGMACHINE, id="four words"),
        pytest.param([200, -40, 200, -40, 200, -40, 200], None, id="a word with many stops is one"),
        pytest.param([200, -60, 200, -60, 200, -60, 80], None, id="three words and a click"),
    ],
)
def test_words_and_pauses_tell_people_from_machines(heard: list[int], verdict: CalleeType | None) -> None:
    """Milliseconds of voice, and of silence as negative ones."""
    assert _verdict(heard, Tuning()) is verdict


@pytest.mark.parametrize(
    ("tuning", "heard", "verdict"),
    [
        pytest.param(Tuning(greeting=1000), [1000], CalleeType.ANSWERINGMACHINE, id="greeting"),
        pytest.param(Tuning(after_greeting_silence=500), [300, -500], CalleeType.VOICE, id="after_greeting_silence"),
        pytest.param(Tuning(min_word=200), [180, -800], None, id="min_word"),
        pytest.param(Tuning(max_words=1), [200, -60, 200], CalleeType.ANSWERINGMACHINE, id="max_words"),
        pytest.param(Tuning(between_words=100), [60, -80, 60, -800], CalleeType.VOICE, id="between_words"),
    ],
)
def test_each_bound_can_be_tuned(tuning: Tuning, heard: list[int], verdict: CalleeType | None) -> None:
    assert _verdict(heard, tuning) is verdict
    assert _verdict(heard, Tuning()) is not verdict


def test_what_a_tone_interrupts_is_no_word() -> None:
    """The edges of tones sound like voice for a moment."""
    greeting = Greeting(Tuning())
    for _ in range(3):
        greeting.speaks(4)
        greeting.is_interrupted()
    for _ in range(40):
        greeting.pauses()
    assert greeting.verdict is None


def _verdict(heard: list[int], tuning: Tuning) -> CalleeType | None:
    """The first verdict, frame by frame."""
    greeting = Greeting(tuning)
    for milliseconds in heard:
        for _ in range(abs(milliseconds) // FRAME_MS):
            greeting.speaks(1) if milliseconds > 0 else greeting.pauses()
            if greeting.verdict is not None:
                return greeting.verdict
    return None
