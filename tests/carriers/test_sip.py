"""A call over SIP as the other side sees it: who calls, when it gives up, who hangs up, what is refused."""

import socket
import threading
import time
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from dialling import ON_THE_WIRE, TIMEOUT_SECONDS, Phone
from live import until
from messages import Call
from peer import Peer
from talking import CONNECTION

from app.intake import phone as numbers
from app.outside.addresses import Policy
from app.outside.applications import fetching
from app.outside.fetch import Outside
from app.telephony.carrier import BYTES_PER_SECOND, Line
from app.telephony.outcomes import CalleeType
from app.telephony.sip import pacing, stack
from app.telephony.sip.line import PAUSE_SECONDS
from app.voicexml import session
from app.voicexml.resources import Request
from scheduler.live import LiveCaller

pytestmark = ON_THE_WIRE


def last_call(exchange: Peer, number: str) -> Call:
    return [call for call in exchange.calls() if call.number == number][-1]


def says(text: str, seconds: float = 30) -> "object":
    """A conversation in which a text is said, until it is over or somebody hangs up."""

    def converse(_: datetime, line: Line) -> float:
        pcm = memoryview(line.speaker.words(text))
        while line.seconds() < seconds and (pcm or line.unsaid()):
            pcm = pcm[line.play(bytes(pcm[:BYTES_PER_SECOND])) :]
            happening = line.next(0.05)
            if happening is not None and happening.kind == "gone":
                break
        return line.seconds()

    return converse


@pytest.mark.parametrize(
    ("ani", "caller"), [("8009957586", "+18009957586"), ("", "+16175559999")], ids=["the call's ani", "the trunk's"]
)
def test_the_caller_id_stands_in_from_and_is_asserted(sip: Phone, exchange: Peer, ani: str, caller: str) -> None:
    sip.dial("+16175550103", ani=ani)
    invite = last_call(exchange, "+16175550103").first("INVITE")
    assert f"sip:{caller}@" in invite.header("From")
    assert f"sip:{caller}@" in invite.header("P-Asserted-Identity")


def test_a_challenge_is_answered(sip: Phone, exchange: Peer) -> None:
    assert sip.dial("+16172500000").answered_at is not None
    proofs = [m for m in last_call(exchange, "+16172500000").messages if m.header("Proxy-Authorization")]
    assert proofs
    assert all(message.proves("secret") for message in proofs if message.method == "INVITE")


def test_ringing_for_too_long_is_canceled(sip: Phone, exchange: Peer) -> None:
    began = time.monotonic()
    assert sip.dial("+16175550104").callee_type == CalleeType.NOANSWER
    assert time.monotonic() - began >= TIMEOUT_SECONDS
    until(lambda: "ACK" in last_call(exchange, "+16175550104").story, 5, "the end of the INVITE is acknowledged")
    assert [each for each in last_call(exchange, "+16175550104").story if each not in ("100", "200")] == [
        "INVITE",
        "180",
        "CANCEL",
        "487",
        "ACK",
    ]


def test_an_answer_that_crosses_the_cancel_is_hung_up(sip: Phone, exchange: Peer) -> None:
    assert sip.dial("+16172300000").callee_type == CalleeType.NOANSWER
    until(lambda: "BYE" in last_call(exchange, "+16172300000").story, 5, "it is hung up")
    assert last_call(exchange, "+16172300000").count("ACK") == 1


def test_no_sign_of_ringing_is_a_failure_of_the_line(sip: Phone, exchange: Peer) -> None:
    assert sip.dial("+16172800000").callee_type == CalleeType.LINEFAILURE
    assert last_call(exchange, "+16172800000").count("CANCEL") == 1
    assert not sip.carrier.trouble


@pytest.mark.parametrize(
    ("number", "callee_type"),
    [
        ("+16175550103", CalleeType.BUSY),
        ("+16172700000", CalleeType.VOICE),
        ("+16175550104", CalleeType.NOANSWER),
    ],
    ids=["busy", "answers", "rings"],
)
def test_what_a_near_trunk_says_at_once_is_not_missed(sip: Phone, number: str, callee_type: CalleeType) -> None:
    """It answers before we have seen that the call is on its way."""
    idle, loop = threading.Event(), sip.carrier._stack._loop

    def keep_busy() -> None:
        if not idle.is_set():
            time.sleep(0.1)
            loop.call_soon(keep_busy)

    loop.call_soon_threadsafe(keep_busy)
    threading.Timer(1.0, idle.set).start()
    assert sip.dial(number).callee_type == callee_type


def test_early_media_is_no_answer_by_itself(sip: Phone) -> None:
    assert sip.dial("+16172400000").callee_type == CalleeType.VOICE


def test_whoever_answers_at_once_is_answered(sip: Phone) -> None:
    assert sip.dial("+16172700000").callee_type == CalleeType.VOICE


def test_we_hang_up_when_all_is_said(sip: Phone, exchange: Peer) -> None:
    outcome = sip.dial("+16175550100", says("One, two, three."))
    call = last_call(exchange, "+16175550100")
    assert call.count("BYE") == 1
    assert outcome.duration >= 1


def test_the_callee_hangs_up_in_mid_prompt(sip: Phone, exchange: Peer) -> None:
    began = time.monotonic()
    outcome = sip.dial("+16172220000", says("This is a very long story, and it goes on and on. " * 10))
    assert outcome.answered_at is not None
    assert outcome.duration == 2
    assert time.monotonic() - began < 25  # the story takes 30 s
    assert ">BYE" in last_call(exchange, "+16172220000").story


def test_the_whole_prompt_is_heard(sip: Phone, exchange: Peer) -> None:
    sip.dial("+16175550107", says("One, two, three, four, five."), detection=False)
    heard = exchange.heard(last_call(exchange, "+16175550107"))
    assert heard.lost == 0
    assert len(heard.sound) >= len(sip.carrier._speaker.words("One, two, three, four, five.")) // 2


@pytest.mark.parametrize(
    ("postd", "pressed"),
    [
        ("0123456789", ["0123456789"]),
        ("*#ABCD", ["*#ABCD"]),
        ("abcd", ["ABCD"]),
        ("1,2", ["1", "2"]),
        ("1p2", ["1", "2"]),
        ("1w2", ["1", "2"]),
        ("1P2W3", ["1", "2", "3"]),
        ("p*9#", ["*9#"]),
        ("1,,2", ["1", "", "2"]),
        ("7p", ["7"]),
    ],
)
def test_every_key_of_a_number_is_pressed_after_the_answer(
    sip: Phone, exchange: Peer, postd: str, pressed: list[str]
) -> None:
    """Between the groups of ``pressed`` there is a pause, or two where one of them is empty."""
    asked = numbers.parse(f"+16175550107;postd={postd}", numbers.NumberRules())
    outcome = sip.dial("+16175550107", says("Thanks."), postd=asked.postd, detection=False)
    assert outcome.answered_at is not None
    call, keys = last_call(exchange, "+16175550107"), "".join(pressed)
    until(lambda: exchange.heard(call).keys == keys, 3, "the keys arrive")
    assert ">BYE" not in call.story
    seconds = exchange.heard(call).key_seconds
    pauses = [place for place, group in enumerate(pressed) for _ in group]
    for (before, after), (one, another) in zip(pairwise(pauses), pairwise(seconds), strict=True):
        assert another - one >= PAUSE_SECONDS * (after - before)


def test_keys_are_heard_one_by_one(sip: Phone) -> None:
    sip.dial("+16172011234", lambda _, line: sip.wait_for("gone", line, 4.0))
    keys = [each for each in sip.happened if each.kind == "key"]
    assert "".join(each.value for each in keys) == "1234"
    assert keys[0].second > 0.5
    assert [each.second for each in keys] == sorted(each.second for each in keys)


def test_nobody_can_have_us_call_somebody_else(sip: Phone, exchange: Peer) -> None:
    before = len(exchange.calls())
    sip.dial("+16172610000", lambda _, line: sip.wait_for("gone", line, 3.0))
    call = last_call(exchange, "+16172610000")
    assert ">REFER" in call.story
    assert len(exchange.calls()) == before + 1


def test_nobody_can_call_us(sip: Phone, exchange: Peer) -> None:
    told: list[str] = []

    def called(_: datetime, line: Line) -> float:
        told.extend(exchange.invite(last_call(exchange, "+16172700000").first("INVITE").header("Contact")))
        return 1.0

    sip.dial("+16172700000", called)
    assert told[0] == ">INVITE"
    assert "<486" in told or "<603" in told or "<404" in told
    assert "<200" not in told


def test_detection_that_is_off_listens_to_nobody(sip: Phone) -> None:
    outcome = sip.dial("+16175550101", says("Good day."), detection=False)
    assert outcome.callee_type == CalleeType.UNKNOWN
    assert not [each for each in sip.happened if each.kind == "callee"]


def test_many_ring_at_once(sip: Phone) -> None:
    met: list[CalleeType] = []
    numbers = ["+16175550100", "+16175550103", "+16175550105", "+16175550107"] * 5
    threads = [threading.Thread(target=lambda n=n: met.append(sip.dial(n).callee_type)) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {kind: met.count(kind) for kind in set(met)} == {
        CalleeType.VOICE: 5,
        CalleeType.BUSY: 5,
        CalleeType.INFORMATIONTONE: 5,
        CalleeType.UNKNOWN: 5,
    }


def test_a_caller_id_that_there_is_no_room_for_is_asserted(
    sip: Phone, exchange: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack has room for so many; whoever comes later gets its call all the same."""
    monkeypatch.setattr(stack, "MOST_AGENTS", 0)
    assert sip.dial("+16175550103", ani="8005550123").callee_type == CalleeType.BUSY
    invite = last_call(exchange, "+16175550103").first("INVITE")
    assert "sip:+16175559999@" in invite.header("From")
    assert "sip:+18005550123@" in invite.header("P-Asserted-Identity")


def test_the_stack_names_its_threads_as_we_know_them(sip: Phone) -> None:
    names: list[str] = []

    def converse(_: datetime, line: Line) -> float:
        names.extend((each / "comm").read_text().strip() for each in pacing.THREADS.iterdir())
        return line.seconds()

    sip.dial("+16175550100", converse, detection=False)
    assert names.count(pacing.ON_TIME) == 1


def test_a_fetch_ends_when_the_callee_hangs_up(sip: Phone) -> None:
    """The line is free soon after, though the page's server would keep it for much longer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        fetch = fetching(Outside(Policy("open"), user_agent="ringback-test"))
        told: list[dict[str, Any]] = []

        def converse(_: datetime, line: Line) -> float:
            caller = LiveCaller(line)
            result = session.run(
                Request("GET", url, seconds=25.0), caller, fetch, {"connection": CONNECTION}, report=told.append
            )
            assert caller.leaves_after == pytest.approx(2, abs=0.5)
            assert not result.errors
            return result.seconds

        outcome = sip.dial("+16172220000", converse)  # hangs up after 2 s
    assert outcome.answered_at is not None
    (fetched,) = [entry for entry in told if entry["event"] == "fetch"]
    assert fetched["error"] == "nobody waits for it any more"
    assert fetched["seconds"] < 5
    assert [entry["by"] for entry in told if entry["event"] == "disconnect"] == ["caller"]
