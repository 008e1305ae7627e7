"""The peer itself: what it does for a number is what peer.py says, and it tells what it has seen."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dialling import ON_THE_WIRE
from live import until
from messages import Call
from numpy.typing import NDArray
from peer import Peer

pytestmark = ON_THE_WIRE

ANSWERED = "INVITE 100 180 200 ACK BYE 200"
CANCELED = "INVITE 100 180 CANCEL 200 487 ACK"
STORIES = {
    "a person": ("+16175550100", 200, ANSWERED),
    "a machine": ("+16175550101", 200, ANSWERED),
    "a fax": ("+16175550102", 200, ANSWERED),
    "busy": ("+16175550103", 486, "INVITE 100 486 ACK"),
    "rings for ever": ("+16175550104", 0, CANCELED),
    "no such number": ("+16175550105", 404, "INVITE 100 404 ACK"),
    "no line": ("+16175550106", 503, "INVITE 100 503 ACK"),
    "silence": ("+16175550107", 200, ANSWERED),
    "busy twice: the first dial": ("+16175550109", 486, "INVITE 100 486 ACK"),
    "rings in vain three times: the first dial": ("+16175550113", 0, CANCELED),
    "a second before the timeout": ("+16175550120", 200, ANSWERED),
    "a second after the timeout": ("+16175550121", 0, CANCELED),
    "a status": ("+16174800000", 480, "INVITE 100 480 ACK"),
    "a status after ringing": ("+16176031000", 603, "INVITE 100 180 603 ACK"),
    "a status after information tones": ("+16174042000", 404, "INVITE 100 183 404 ACK"),
    "another after other tones": ("+16175033034", 503, "INVITE 100 183 503 ACK"),
    "keys": ("+16172011234", 200, ANSWERED),
    "hangs up": ("+16172210000", 200, "INVITE 100 180 200 ACK >BYE <200"),
    "answers when it is canceled": ("+16172300000", 0, "INVITE 100 180 CANCEL 481 200 ACK BYE 200"),
    "early media": ("+16172400000", 200, "INVITE 100 183 200 ACK BYE 200"),
    "a challenge": ("+16172500000", 200, "INVITE 100 407 ACK INVITE 180 200 ACK BYE 200"),
    "a transfer": (
        "+16172610000",
        200,
        "INVITE 100 180 200 ACK >REFER <202 NOTIFY 200 NOTIFY 200 BYE 200",
    ),
    "at once": ("+16172700000", 200, "INVITE 100 200 ACK BYE 200"),
    "never rings": ("+16172800000", 0, "INVITE 100 CANCEL 200 487 ACK"),
    "unknown": ("+16177771234", 501, "INVITE 100 501 ACK"),
}


@dataclass(frozen=True)
class Evening:
    """All numbers dialled at once: what the phone says of each, and the peer afterwards."""

    peer: Peer
    outcomes: dict[str, dict[str, Any]]

    def call(self, number: str) -> Call:
        return next(call for call in self.peer.calls() if call.number == number)

    def spoken(self, number: str) -> NDArray[np.int16]:
        """What the phone heard."""
        return np.frombuffer(base64.b64decode(self.outcomes[number]["pcm"]), np.int16)


def ring(peer: Peer, *numbers: str, seconds: float = 3) -> dict[str, dict[str, Any]]:
    phone = [sys.executable, str(Path(__file__).parent / "phone.py"), peer.address, "3", str(seconds), *numbers]
    said = subprocess.run(phone, capture_output=True, text=True, check=True, timeout=60).stdout
    return dict(json.loads(said.splitlines()[-1]))


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    with Peer(tmp_path_factory.mktemp("evening")) as peer:
        return Evening(peer, ring(peer, *(number for number, _, _ in STORIES.values())))


@pytest.mark.parametrize(("number", "status", "story"), STORIES.values(), ids=STORIES)
def test_the_number_dialled_chooses_what_happens(evening: Evening, number: str, status: int, story: str) -> None:
    assert evening.outcomes[number]["status"] == status
    until(lambda: evening.call(number).story == story.split(), 5, "the story is over")


def test_a_refusal_carries_its_cause(evening: Evening) -> None:
    assert evening.outcomes["+16175033034"]["reason"] == "Refused,Q.850;cause=34"
    assert evening.outcomes["+16174042000"]["reason"] == "Refused"


def test_keys_are_pressed_as_events(evening: Evening) -> None:
    assert evening.outcomes["+16172011234"]["keys"] == "1234"


@pytest.mark.parametrize(
    ("number", "hertz"),
    [pytest.param("+16175550102", 2100, id="CED"), pytest.param("+16172400000", 460, id="ringback")],
)
def test_tones_have_their_frequency(evening: Evening, number: str, hertz: float) -> None:
    heard = evening.spoken(number)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert spectrum.argmax() * 8_000 / len(heard) == pytest.approx(hertz, abs=25)


@pytest.mark.parametrize(
    ("number", "speaks"),
    [
        pytest.param("+16175550100", lambda seconds: 0.2 < seconds < 1.2, id="a person says one word"),
        pytest.param("+16175550101", lambda seconds: seconds > 1.5, id="a machine talks"),
        pytest.param("+16175550107", lambda seconds: seconds == 0, id="silence"),
    ],
)
def test_how_long_a_callee_speaks(evening: Evening, number: str, speaks: Callable[[float], bool]) -> None:
    heard = evening.spoken(number)
    frames = np.abs(heard[: len(heard) // 160 * 160].reshape(-1, 160).astype(float)).mean(axis=1)
    assert speaks(np.count_nonzero(frames > 256) * 0.02)


def test_what_was_heard_can_be_looked_at(evening: Evening) -> None:
    heard = evening.peer.heard(evening.call("+16175550100"))
    tone = heard.sound[np.abs(heard.sound) > 100][800:7200].astype(float)
    assert heard.keys == "42#"
    assert heard.lost == 0
    assert np.median(heard.gaps) == pytest.approx(20, abs=2)
    assert len(heard.packets) > 150
    assert 6_400 * 0.9 < len(tone) <= 6_400


def test_whoever_does_not_talk_is_not_heard(evening: Evening) -> None:
    assert evening.peer.heard(evening.call("+16175550103")).packets == []


def test_a_challenge_is_answered_with_the_password(evening: Evening) -> None:
    *_, answer = [message for message in evening.call("+16172500000").messages if message.method == "INVITE"]
    assert answer.proves("secret")
    assert not answer.proves("another")


def test_a_number_that_is_busy_twice_counts_its_dials(tmp_path: Path) -> None:
    with Peer(tmp_path, ring=0.2) as peer:
        statuses = [
            ring(peer, number, seconds=0.2)[number]["status"] for number in ["+16175550109", "+16505550109"] * 2
        ]
    assert statuses == [486, 486, 200, 200]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    with Peer(tmp_path) as peer:
        processes = [peer.sipp, peer.media]
        assert [process.poll() for process in processes] == [None, None]
    assert None not in [process.poll() for process in processes]
