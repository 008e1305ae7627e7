"""Recording a callee on a real line: what is kept of what it says, what ends that, and where it goes."""

import io
import re
from email.parser import BytesParser
from email.policy import HTTP

import numpy as np
import pytest
import soundfile
from dialling import ON_THE_WIRE, Phone
from heard import likeness
from numpy.typing import NDArray
from peer import Peer
from sounds import samples
from talking import Site, Talked, Talks, spans, tone

pytestmark = ON_THE_WIRE

SHADOW = "[r$.duration, r$.size, r$.termchar, r$.maxtime].join(', ')"
SITE: Site = {"again": "<form><block><exit/></block></form>", "a.wav": tone(440, 0.5)}


@pytest.fixture
def talk(sip: Phone, exchange: Peer) -> Talks:
    return Talks(sip, exchange)


def page(attributes: str, *, before: str = "", filled: str = "") -> str:
    return f"""<catch event="connection.disconnect.hangup">
        <submit next="again" namelist="r" method="post" enctype="multipart/form-data"/></catch>
        <form>{before}<record name="r" {attributes}><prompt timeout="2s"><audio src="a.wav"/></prompt>
        <noinput><log expr="'noinput'"/><exit/></noinput>
        <filled><log expr="{SHADOW}"/>{filled}
        <submit next="again" namelist="r" method="post" enctype="multipart/form-data"/></filled>
        </record></form>"""


def posted(talked: Talked) -> NDArray[np.int16]:
    """The recording that the customer got: a WAV file of mu-law."""
    request = talked.requests[-1]
    assert request.method == "POST"
    form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {request.content_type}\r\n\r\n".encode() + request.body)
    (part,) = form.iter_parts()
    assert (part.get_content_type(), part.get_filename()) == ("audio/x-wav", "r.wav")
    with soundfile.SoundFile(io.BytesIO(part.get_content())) as file:
        assert (file.format, file.subtype, file.samplerate, file.channels) == ("WAV", "ULAW", 8000, 1)
        return file.read(dtype="int16")


def spoken(exchange: Peer, name: str) -> NDArray[np.int16]:
    return samples((exchange.folder / f"{name}.ulaw").read_bytes())


def test_what_is_said_after_the_beep_is_recorded_played_and_sent(talk: Talks, exchange: Peer) -> None:
    talked = talk.with_(page('beep="true" finalsilence="1s"', filled='<audio expr="r"/>'), "@1.5 smith", site=SITE)
    said, kept = spoken(exchange, "smith"), posted(talked)
    assert likeness(said, kept) > 0.95
    duration, size, key, full = talked.logged[0].split(", ")
    assert int(duration) == pytest.approx(len(said) / 8 + 1500, abs=400)  # with half a second before and one after
    assert int(duration) == pytest.approx(len(kept) / 8, abs=1)
    assert (key, full) == ("", "false")
    assert int(size) > len(kept)
    ((begin, end),) = talked.spans(1000)[:1]  # the beep, after the prompt
    assert 0.5 < begin < 1.0
    assert end - begin == pytest.approx(0.25, abs=0.05)
    assert likeness(said, talked.sound[round(8000 * (end + 0.5)) :]) > 0.95


ENDS = {
    "maxtime": ('maxtime="1s"', "@0.8 greeting", r"1000, \d+, , true", 1.0),
    "a key": ("", "@0.8 smith keys=5", r"\d+, \d+, 5, false", 2.5),
    "silence": ('finalsilence="700ms" dtmfterm="false"', "@0.8 smith keys=5", r"\d+, \d+, , false", 3.0),
}


@pytest.mark.parametrize(("attributes", "score", "shadow", "seconds"), ENDS.values(), ids=ENDS)
def test_what_ends_a_recording(talk: Talks, attributes: str, score: str, shadow: str, seconds: float) -> None:
    talked = talk.with_(page(attributes), score, site=SITE)
    assert re.fullmatch(shadow, talked.logged[0]), talked.logged
    assert len(posted(talked)) / 8000 == pytest.approx(seconds, abs=0.7)


def test_keys_that_end_no_recording_are_nobody_elses(talk: Talks) -> None:
    talked = talk.with_(
        """<form><property name="timeout" value="1s"/><record name="r" dtmfterm="false" finalsilence="700ms"/>
        <field name="a"><grammar src="builtin:dtmf/digits?length=1"/>
        <noinput><log expr="'nothing'"/><exit/></noinput><filled><log expr="a"/></filled></field></form>""",
        "@0.3 smith keys=5",
    )
    assert talked.logged == ["nothing"]


def test_nobody_who_says_nothing_is_recorded(talk: Talks) -> None:
    talked = talk.with_(page('beep="true"'), "@5 keys=1", site=SITE)
    assert talked.logged == ["noinput"]
    assert talked.result is not None
    assert talked.result.seconds == pytest.approx(0.5 + 0.25 + 2, abs=0.5)


def test_what_was_said_before_and_during_the_prompt_is_not_on_it(talk: Talks, exchange: Peer) -> None:
    """Nor does it cut the prompt off: it may be an echo."""
    before = '<field name="a"><option dtmf="1">1</option></field>'
    talked = talk.with_(
        page('beep="true" finalsilence="1s"', before=before), "0.1 hello keys=1 0.1 hello @2.5 smith", site=SITE
    )
    assert [end - begin for begin, end in talked.spans(440)] == [pytest.approx(0.5, abs=0.05)]
    kept = posted(talked)
    assert likeness(spoken(exchange, "smith"), kept) > 0.95
    assert likeness(spoken(exchange, "hello"), kept) < 0.8
    assert len(kept) / 8000 < 4.5


def test_a_callee_who_falls_silent_for_good_is_recorded(talk: Talks) -> None:
    """Telephones that send nothing while nobody speaks."""
    talked = talk.with_(page('finalsilence="1s"'), "@0.8 smith stop", site=SITE)
    assert len(posted(talked)) / 8000 == pytest.approx(2.3, abs=0.7)


def test_a_hang_up_keeps_what_was_said(talk: Talks, exchange: Peer) -> None:
    talked = talk.with_(page("").replace('<audio src="a.wav"/>', ""), number="+16172220000", site=SITE)
    assert talked.of("disconnect", by="caller")
    assert talked.of("recorded")
    assert likeness(spoken(exchange, "hello"), posted(talked)) > 0.95
    assert spans(posted(talked))
