"""What VoiceXML promises of sound, keys and time, with a callee on a real line: barge-in, digits, silence, recordings.

All times are seconds of the call, with the tolerance that a busy machine and the network's 20 ms ask for.
"""

import pytest
from dialling import Phone
from peer import Peer
from talking import Talks, tone

LATE = 0.35
"""How much later than the application wanted it something may be heard."""

DIGIT = '<grammar src="builtin:dtmf/digits?length=1"/>'
ONE_OR_TWO = '<option dtmf="1" value="one">one</option><option dtmf="2" value="two">two</option>'


@pytest.fixture
def talk(sip: Phone, exchange: Peer) -> Talks:
    return Talks(sip, exchange)


def close(seconds: float, before: float = 0.1) -> object:
    """About so many seconds, or a little late."""
    return pytest.approx(seconds + (LATE - before) / 2, abs=(LATE + before) / 2)


def test_a_key_cuts_a_prompt_off(talk: Talks) -> None:
    talked = talk.with_(
        f"""<form><field name="a">{DIGIT}<prompt><audio src="long.wav"/></prompt>
        <filled><log expr="a"/></filled></field></form>""",
        "@1 keys=7",
        site={"long.wav": tone(440, 5)},
    )
    assert talked.logged == ["7"]
    ((begin, end),) = talked.spans()
    (said,) = talked.of("audio")
    assert begin == close(0)
    assert said["cut_after"] == close(1)
    assert end == close(1)


def test_a_prompt_without_bargein_is_heard_to_the_end(talk: Talks) -> None:
    talked = talk.with_(
        f"""<form><field name="a">{DIGIT}<prompt bargein="false"><audio src="short.wav"/></prompt>
        <filled><log expr="a"/></filled></field></form>""",
        "@0.5 keys=7 @2 keys=8",
        site={"short.wav": tone(440, 1.5)},
    )
    assert talked.logged == ["8"]
    (ignored,) = talked.of("input", dtmf="7", ignored=True)
    assert ignored["at"] == close(0.5)
    ((begin, end),) = talked.spans()
    assert end - begin == pytest.approx(1.5, abs=0.05)
    assert "cut_after" not in talked.of("audio")[0]


PAUSE = '<property name="interdigittimeout" value="800ms"/>'
KEYS = {
    "all four of four": ("digits?length=4", "", "@0.4 keys=1234", ["1234", "undefined"]),
    "the termchar ends them": ("digits", "", "@0.4 keys=12#5#", ["12", "5"]),
    "a pause ends them": ("digits", PAUSE, "@0.4 keys=12 @2 keys=34", ["12", "34"]),
    "another termchar": ("digits", '<property name="termchar" value="*"/>', "@0.4 keys=12*5*", ["12", "5"]),
    "typed ahead": ("digits?length=2", "", "@0.4 keys=1234", ["12", "34"]),
}


@pytest.mark.parametrize(("grammar", "prefix", "score", "values"), KEYS.values(), ids=KEYS)
def test_keys_come_one_by_one(talk: Talks, grammar: str, prefix: str, score: str, values: list[str]) -> None:
    fields = "".join(
        f"""<field name="{name}"><grammar src="builtin:dtmf/{grammar}"/><prompt timeout="1s">
        <audio src="{name}.wav"/></prompt><noinput><log expr="'undefined'"/><exit/></noinput>
        <filled><log expr="{name}"/></filled></field>"""
        for name in "ab"
    )
    talked = talk.with_(f"{prefix}<form>{fields}</form>", score, site={"a.wav": tone(440, 2), "b.wav": tone(880, 2)})
    assert talked.logged == values


def test_keys_typed_ahead_spare_the_next_prompt(talk: Talks) -> None:
    talked = talk.with_(
        f"""<form><field name="a">{DIGIT}<prompt><audio src="a.wav"/></prompt></field>
        <field name="b">{DIGIT}<prompt><audio src="b.wav"/></prompt></field>
        <field name="c">{DIGIT}<prompt bargein="false"><audio src="c.wav"/></prompt>
        <filled><log expr="a + b + c"/></filled></field></form>""",
        "@0.5 keys=123 @3 keys=4",
        site={"a.wav": tone(440, 3), "b.wav": tone(880, 3), "c.wav": tone(1320, 1)},
    )
    assert talked.logged == ["124"]  # c's prompt can't be interrupted: what was typed before it is forgotten
    assert talked.of("input", dtmf="3", ignored=True)
    assert [end - begin for begin, end in talked.spans(880)] in ([], [pytest.approx(0, abs=LATE)])
    assert [end - begin for begin, end in talked.spans(1320)] == [pytest.approx(1, abs=0.05)]


def test_a_wrong_key_is_no_match(talk: Talks) -> None:
    talked = talk.with_(
        f"""<form><field name="a">{ONE_OR_TWO}<prompt><audio src="a.wav"/></prompt>
        <prompt count="2"><audio src="b.wav"/></prompt>
        <nomatch><log expr="application.lastresult$.utterance"/><reprompt/></nomatch>
        <filled><log expr="a"/></filled></field></form>""",
        "@0.5 keys=9 @3 keys=2",
        site={"a.wav": tone(440, 2), "b.wav": tone(880, 1)},
    )
    assert talked.logged == ["9", "two"]
    assert [end for _, end in talked.spans(440)] == [close(0.5)]
    assert [end - begin for begin, end in talked.spans(880)] == [pytest.approx(1, abs=0.05)]


def test_silence_is_noinput_after_the_timeout(talk: Talks) -> None:
    """Whoever only speaks where keys are waited for is silent."""
    talked = talk.with_(
        f"""<form><field name="a">{DIGIT}<prompt timeout="0.7s"><audio src="a.wav"/></prompt>
        <prompt count="2" timeout="1.2s"><audio src="b.wav"/></prompt>
        <noinput count="1"><log expr="'first'"/><reprompt/></noinput>
        <noinput count="2"><log expr="'second'"/><exit/></noinput></field></form>""",
        "@0.2 smith",
        site={"a.wav": tone(440, 0.5), "b.wav": tone(880, 0.5)},
    )
    assert talked.logged == ["first", "second"]
    first, second = (each["at"] for each in talked.of("input", noinput=True))
    assert [end for _, end in talked.spans(440)] == [close(0.5)]
    assert first == close(1.2 - 0.7)  # told when it begins
    assert second == close(1.2 + 0.5)
    assert talked.result is not None
    assert talked.result.seconds == close(1.2 + 0.5 + 1.2)
    assert not talked.of("input", say="")


def test_a_field_for_words_alone_hears_nothing_and_says_so(talk: Talks) -> None:
    talked = talk.with_(
        """<form><property name="timeout" value="1s"/><property name="recordutterance" value="true"/>
        <field name="a" type="boolean"><grammar src="builtin:grammar/boolean"/>
        <noinput><log expr="'nothing'"/><exit/></noinput></field></form>""".replace(' type="boolean"', ""),
        "@0.2 smith keys=1",
    )
    assert talked.logged == ["nothing"]
    assert talked.of("unheard")
