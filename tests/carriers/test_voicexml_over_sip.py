"""What VoiceXML promises of sound, keys and time, with a callee on a real line: barge-in, digits, silence, recordings.

All times are seconds of the call, with the tolerance that a busy machine and the network's 20 ms ask for.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from dialling import ON_THE_WIRE, Phone
from peer import Peer
from talking import Found, Site, Talks, page, tone

pytestmark = ON_THE_WIRE

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


GOODBYE = """<catch event="connection.disconnect.hangup"><var name="why" expr="'left'"/>
    <submit next="goodbye" namelist="why" method="post"/></catch>"""
LEFT: Site = {
    "goodbye": "<form><block><exit/></block></form>",
    "long.wav": tone(440, 5),
    "slow": page(f'{GOODBYE}<form><field name="a"><option dtmf="1">1</option></field></form>', 2.5),
}
LEAVES = {
    "in mid-prompt": '<form><field name="a"><option dtmf="1">1</option><audio src="long.wav"/></field></form>',
    "in the last prompt": '<form><block><audio src="long.wav"/><disconnect/></block></form>',
    "in silence": '<form><field name="a"><option dtmf="1">1</option></field></form>',
    "while a page is fetched": '<form><block><goto next="slow"/></block></form>',
}


@pytest.mark.parametrize("start", LEAVES.values(), ids=LEAVES)
def test_a_callee_who_leaves_is_told_of(talk: Talks, start: str) -> None:
    talked = talk.with_(GOODBYE + start, site=LEFT, number="+16172220000")
    assert [each["by"] for each in talked.of("disconnect")] == ["caller"]
    assert [(each.method, each.url, each.body) for each in talked.requests[-1:]] == [
        ("POST", "http://customer/goodbye", b"why=left")
    ]
    (left,) = talked.of("disconnect")
    assert left["at"] == close(2, 0.5) or "slow" in start
    assert talked.outcome is not None
    assert talked.outcome.duration == 2
    for each in talked.of("audio"):
        assert each["cut_after"] == close(2, 0.5)


def test_breaks_are_as_long_as_they_say(talk: Talks) -> None:
    talked = talk.with_(
        """<form><block><prompt><audio src="a.wav"/><break time="1s"/><audio src="a.wav"/></prompt>
        <prompt>one.<break time="1500ms"/>two</prompt></block></form>""",
        site={"a.wav": tone(440, 0.3)},
    )
    (_, first), (second, _) = (span for span in talked.spans(440) if span[1] - span[0] > 0.25)
    assert second - first == pytest.approx(1.0, abs=0.05)
    words = talked.spans(joined=0.5)[-2:]
    assert [each["text"] for each in talked.of("prompt") if each["text"]] == ["one. two"]
    assert len(words) == 2
    assert 1.5 < words[1][0] - words[0][1] < 2.2


def test_a_mark_tells_where_a_prompt_was_interrupted(talk: Talks) -> None:
    talked = talk.with_(
        f"""<form><field name="a">{DIGIT}<prompt><mark name="first"/><break time="1s"/><mark name="second"/>
        One two three four five six seven eight nine ten eleven twelve.<mark name="third"/></prompt>
        <filled><log expr="[a$.markname, a$.marktime].join(' ')"/></filled></field></form>""",
        "@1.6 keys=1",
    )
    name, milliseconds = talked.logged[0].split()
    assert name == "second"
    assert int(milliseconds) / 1000 == close(0.6, 0.2)


def test_prompts_of_several_pages_follow_each_other_without_a_gap(talk: Talks) -> None:
    talked = talk.with_(
        '<form><block><audio src="a.wav"/><goto next="two"/></block></form>',
        site={
            "two": '<form><block><audio src="b.wav"/><submit next="three"/></block></form>',
            "three": '<form><block><audio src="c.wav"/></block><block><audio src="a.wav"/></block></form>',
            "a.wav": tone(440, 0.7),
            "b.wav": tone(880, 0.7),
            "c.wav": tone(1320, 0.7),
        },
    )
    ((begin, end),) = talked.spans(joined=0.1)
    assert end - begin == pytest.approx(2.8, abs=0.1)
    order = sorted((span, hertz) for hertz in (440, 880, 1320) for span in talked.spans(hertz))
    assert [hertz for _, hertz in order] == [440, 880, 1320, 440]
    assert all(last - first == pytest.approx(0.7, abs=0.06) for (first, last), _ in order)


def test_what_is_no_sound_is_told_in_words(talk: Talks) -> None:
    talked = talk.with_(
        """<form><block><audio src="page.wav">Instead of a page.</audio><audio src="broken.wav">Of a file.</audio>
        <audio src="none.wav">Of nothing.</audio><audio src="raw">Of telephone audio.</audio></block></form>""",
        site={
            "page.wav": Found(b"<html>There is none.</html>"),
            "broken.wav": Found(b"RIFF" + b"\0" * 100),
            "raw": Found(tone(440, 0.5, format="RAW", subtype="ULAW").body, "audio/basic"),
        },
    )
    assert [each["text"] for each in talked.of("prompt")] == ["Instead of a page.", "Of a file.", "Of nothing."]
    assert [each["played"] for each in talked.of("audio")] == [False, False, False, True]
    assert [end - begin for begin, end in talked.spans(440) if end - begin > 0.2] == [pytest.approx(0.5, abs=0.05)]


def test_a_very_long_prompt_can_be_interrupted(talk: Talks) -> None:
    words = "This is a story without an end. " * 600
    talked = talk.with_(
        f'<form><field name="a">{DIGIT}<prompt>{words}</prompt><filled><log expr="a"/></filled></field></form>',
        "@4 keys=1",
    )
    assert talked.logged == ["1"]
    assert talked.processor_seconds < 2


@pytest.mark.parametrize("kind", ["blind", "bridge", "consultation"])
def test_nobody_is_transferred(talk: Talks, kind: str) -> None:
    talked = talk.with_(
        f"""<form><catch event="error.unsupported.transfer"><log expr="_event"/><exit/></catch>
        <transfer name="t" dest="tel:+16175550100" type="{kind}"><audio src="a.wav"/></transfer></form>""",
        site={"a.wav": tone(440, 0.3)},
    )
    assert talked.logged == [f"error.unsupported.transfer.{kind}"]
    assert len(talked.spans()) == 1


TELLS = "<log expr=\"session.connection.callee_type + ' ' + session.connection.beep\"/>"
MEANWHILE = {
    "in a prompt": f"""<form><block>{TELLS}</block><field name="a">{DIGIT}<prompt timeout="0.1s">
        <audio src="long.wav"/></prompt><noinput>{TELLS}<exit/></noinput></field></form>""",
    "in silence": f"""<form><block>{TELLS}</block><field name="a">{DIGIT}<prompt timeout="3s">Well</prompt>
        <noinput>{TELLS}<exit/></noinput></field></form>""",
    "while a page is fetched": f"""<form><block>{TELLS}<goto next="slow"/></block></form>""",
}


@pytest.mark.parametrize("start", MEANWHILE.values(), ids=MEANWHILE)
def test_it_becomes_known_who_answered(talk: Talks, start: str) -> None:
    site: Site = {"long.wav": tone(440, 3), "slow": page(f"<form><block>{TELLS}</block></form>", 3.0)}
    talked = talk.with_(start, site=site, number="+16175550100", detection=True)
    assert talked.logged == ["processing false", "voice false"]


def test_a_page_can_wait_for_the_beep(talk: Talks) -> None:
    talked = talk.with_(
        """<form><field name="a" cond="!session.connection.beep"><option dtmf="1">1</option><prompt timeout="0.3s"/>
        <property name="timeout" value="0.3s"/><noinput/></field>
        <block><audio src="message.wav"/></block></form>""",
        site={"message.wav": tone(440, 0.5)},
        number="+16175550101",
        detection=True,
    )
    (beep,) = talked.of("variable", name="session.connection.beep", value=True)
    ((begin, _),) = talked.spans()
    assert beep["at"] < begin < beep["at"] + 1.5


def test_conversations_at_once_are_apart(talk: Talks) -> None:
    def asks(hertz: int) -> str:
        return f"""<form><field name="a">{DIGIT}<prompt><audio src="{hertz}.wav"/></prompt>
            <filled><log expr="a"/></filled></field><block><audio src="{hertz}.wav"/></block></form>"""

    tones = {500 + 100 * each: each for each in range(10)}
    site: Site = {f"{hertz}.wav": tone(hertz, 1) for hertz in tones}
    with ThreadPoolExecutor(len(tones)) as pool:
        started = {
            hertz: pool.submit(talk.with_, asks(hertz), f"@2 keys={key}", site=site, number=f"+1{200 + key}5550107")
            for hertz, key in tones.items()
        }
    for hertz, key in tones.items():
        talked = started[hertz].result()
        assert talked.logged == [str(key)]
        assert [end - begin for begin, end in talked.spans()] == [pytest.approx(1, abs=0.05)] * 2
        assert talked.spans(hertz) == talked.spans()
        assert talked.processor_seconds < 0.5
