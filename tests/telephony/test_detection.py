"""Who answered a real call, by its sound: made-up tones and espeak-ng's voices, as lines deliver them."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import needs
from signals import (
    VOICES,
    Signal,
    chords,
    clipped,
    joined,
    lossy,
    mulaw,
    noise,
    noisy,
    offset,
    pcm,
    silence,
    spoken,
    tone,
)

from app.telephony.carrier import BYTES_PER_SECOND
from app.telephony.detection import Beep, Detector, InformationTones, Tuning
from app.telephony.outcomes import CalleeType

Damage = Callable[[Signal], Signal]

with_voices = needs("espeak-ng")

TOTAL = Tuning().total / 1000
ORDINARY = 4.0
PIECE = 0.1
GREETINGS = ("Hello?", "Yes?", "Hi.", "Maria Jones.")
NAMES = ("Hello, this is Maria speaking.", "Good morning, this is Tom.", "Hello, Smith residence.")
MACHINES = (
    "Hi, you have reached the voice mail of Maria Jones. I can't take your call right now. Please leave a message.",
    "Hello. You've reached the Miller family. We can not come to the phone right now. Please leave your name.",
    "The person you are calling is not available. Please leave a message after the tone.",
    "Thank you for calling Acme Plumbing. Our office is closed. Please call again during business hours.",
)
NOISE = "noise 10 dB below"
DAMAGES: dict[str, Damage] = {
    "G.711": mulaw,
    "lost packets": lossy,
    "direct current": offset,
    "clipping": clipped,
    NOISE: noisy,
}


def answered(*sounds: Signal) -> Signal:
    """What is heard after an answer, and silence to the end of the time."""
    return joined(silence(0.5), *sounds, silence(TOTAL))


def information(*hertz: float, lasts: float = 0.38) -> Signal:
    return joined(*(tone(lasts, each, decibels=-28) for each in hertz))


def over(line: Signal, sound: Signal) -> Signal:
    return line[: len(sound)] + sound


CED = answered(silence(1.5), tone(3.3, 2100, decibels=-28))
CNG = answered(tone(0.5, 1100, decibels=-28), silence(3))
INTERCEPT = answered(information(913.8, 1370.6, 1776.7, lasts=0.274))
RINGING = tone(2, 440, 480)
BUSY = joined(*[tone(0.5, 480, 620), silence(0.5)] * 5)
PERSON = answered(spoken("Hello?"))
MACHINE = answered(spoken(MACHINES[0]))
SIGNALS = {
    "CED": (CED, CalleeType.FAXMACHINE),
    "CED, 1 % high": (answered(tone(3, 2121)), CalleeType.FAXMACHINE),
    "CED, 1 % low": (answered(tone(3, 2079)), CalleeType.FAXMACHINE),
    "CED that turns its phase": (answered(*[tone(0.45, 2100), -tone(0.45, 2100)] * 3), CalleeType.FAXMACHINE),
    "CED after a word": (answered(spoken("Fax."), tone(3, 2100)), CalleeType.FAXMACHINE),
    "CNG": (CNG, CalleeType.FAXMACHINE),
    "CNG, 1 % high, 15 % long": (answered(tone(0.575, 1111), silence(3)), CalleeType.FAXMACHINE),
    "CNG, 1 % low, 15 % short": (answered(tone(0.425, 1089), silence(3)), CalleeType.FAXMACHINE),
    "intercept": (INTERCEPT, CalleeType.INFORMATIONTONE),
    "no circuit": (answered(information(985.2, 1428.5, 1776.7)), CalleeType.INFORMATIONTONE),
    "a person": (PERSON, CalleeType.VOICE),
    "a person after ringing": (answered(RINGING[:8_000], silence(0.3), spoken("Hello?")), CalleeType.VOICE),
    "a person on a noisy line": (over(noise(9, 200), PERSON), CalleeType.VOICE),
    "a machine": (MACHINE, CalleeType.ANSWERINGMACHINE),
    "music": (answered(chords(5, seed=1)), CalleeType.ANSWERINGMACHINE),
    "silence": (answered(), CalleeType.UNKNOWN),
    "line noise": (noise(6, 230), CalleeType.UNKNOWN),
    "a click": (answered(noise(0.04, 3_000)), CalleeType.UNKNOWN),
    "busy": (answered(BUSY), CalleeType.UNKNOWN),
    "ringing": (answered(RINGING), CalleeType.UNKNOWN),
    "a key's echo": (answered(tone(0.1, 770, 1336)), CalleeType.UNKNOWN),
    "keys' echoes": (answered(*[tone(0.15, 852, 1477), silence(0.1)] * 4), CalleeType.UNKNOWN),
    "a long tone of CNG's pitch": (answered(tone(1.5, 1100)), CalleeType.UNKNOWN),
    "two segments": (answered(information(950, 1400)), CalleeType.UNKNOWN),
    "segments in another order": (answered(information(1400, 950, 1776.7)), CalleeType.UNKNOWN),
}


def detect(sound: Signal, piece: float = PIECE, tuning: Tuning | None = None) -> tuple[CalleeType | None, float]:
    """The verdict, and after how many seconds of sound it was there."""
    detector = Detector(tuning or Tuning())
    heard, size = pcm(sound), round(piece * BYTES_PER_SECOND)
    for place in range(0, len(heard), size):
        verdict = detector.feed(heard[place : place + size])
        if verdict is not None:
            return verdict, (place + size) / BYTES_PER_SECOND
    return None, len(heard) / BYTES_PER_SECOND


def first(listener: InformationTones | Beep, sound: Signal) -> float | None:
    """After how many seconds of sound it is heard."""
    heard, size = pcm(sound), round(PIECE * BYTES_PER_SECOND)
    for place in range(0, len(heard), size):
        if listener.feed(heard[place : place + size]):
            return (place + size) / BYTES_PER_SECOND
    return None


@with_voices
@pytest.mark.parametrize(("sound", "verdict"), SIGNALS.values(), ids=SIGNALS)
def test_who_answered_is_known_within_four_seconds_and_what_is_unclear_at_five(
    sound: Signal, verdict: CalleeType
) -> None:
    told, seconds = detect(sound)
    assert told is verdict
    assert seconds == TOTAL if verdict is CalleeType.UNKNOWN else seconds <= ORDINARY


@with_voices
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, damage) for name in ("CED", "CNG", "intercept") for damage in DAMAGES),
        *((name, "lost packets") for name in ("busy", "ringing", "keys' echoes", "a long tone of CNG's pitch")),
        *((name, damage) for name in ("a person", "a machine") for damage in DAMAGES if damage != NOISE),
    ],
)
def test_a_bad_line_changes_no_verdict(name: str, damage: str) -> None:
    sound, verdict = SIGNALS[name]
    told, seconds = detect(DAMAGES[damage](sound))
    assert told is verdict
    assert seconds <= (TOTAL if verdict is CalleeType.UNKNOWN else ORDINARY)


@with_voices
@pytest.mark.parametrize("decibels", [-6, -12, -20, -26, -30])
def test_a_short_greeting_is_a_person_and_a_long_one_a_machine_however_loud(decibels: float) -> None:
    for text in (*GREETINGS, MACHINES[0]):
        told, seconds = detect(mulaw(answered(spoken(text, decibels=decibels))))
        assert told is (CalleeType.VOICE if text in GREETINGS else CalleeType.ANSWERINGMACHINE), text
        assert seconds <= ORDINARY, text


@with_voices
@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_that_says_hello_is_a_person(voice: str) -> None:
    """At a slow, a common and a hasty pace."""
    for text in GREETINGS:
        for words_per_minute in (130, 175, 210):
            told, seconds = detect(mulaw(answered(spoken(text, voice, words_per_minute))))
            assert (told, seconds <= ORDINARY) == (CalleeType.VOICE, True), (text, words_per_minute)


@with_voices
@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_that_goes_on_is_a_machine(voice: str) -> None:
    for text in MACHINES:
        told, seconds = detect(mulaw(answered(spoken(text, voice))))
        assert (told, seconds <= ORDINARY) == (CalleeType.ANSWERINGMACHINE, True), text


@with_voices
def test_a_slow_person_who_gives_a_name_needs_a_patient_tuning() -> None:
    """With a limit of 1.5 s and three words, who says more than "Hello?" slowly passes for a machine."""
    slow = [answered(spoken(text, words_per_minute=130)) for text in NAMES]
    patient = Tuning(greeting=1900, max_words=5)
    assert CalleeType.ANSWERINGMACHINE in {detect(sound)[0] for sound in slow}
    assert {detect(sound, tuning=patient)[0] for sound in slow} == {CalleeType.VOICE}
    assert detect(MACHINE, tuning=patient)[0] is CalleeType.ANSWERINGMACHINE


@with_voices
@pytest.mark.parametrize("piece", [0.02, 0.033, 1.0, 20.0], ids=lambda piece: f"{piece} s")
@pytest.mark.parametrize(("sound", "verdict"), SIGNALS.values(), ids=SIGNALS)
def test_pieces_of_any_length_give_the_same_verdict(sound: Signal, verdict: CalleeType, piece: float) -> None:
    assert detect(sound, piece)[0] is verdict


@with_voices
@given(sizes=st.lists(st.integers(1, 9_001), min_size=1, max_size=40), name=st.sampled_from(sorted(SIGNALS)))
@settings(max_examples=100, deadline=None)
def test_pieces_may_even_break_samples(sizes: list[int], name: str) -> None:
    """Bytes come in pieces of any sizes, again and again; there is one verdict, and silence afterwards."""
    sound, verdict = SIGNALS[name]
    detector, left, told = Detector(Tuning()), pcm(sound), []
    while left:
        for size in sizes:
            told.append(detector.feed(left[:size]))
            left = left[size:]
        sizes = [*sizes[1:], sizes[0] + 97]
    assert [each for each in told if each is not None] == [verdict]


def _made_up(seed: int) -> Signal:
    match seed % 4:
        case 0:
            return noise(6, 100 * 1.06 ** (seed // 4), seed)
        case 1:
            return chords(6, seed)
        case 2:
            return joined(*(tone(0.3, hertz) for hertz in np.random.default_rng(seed).uniform(300, 3_200, 20)))
        case _:
            texts = (*GREETINGS, *NAMES, *MACHINES)
            return answered(spoken(texts[seed % len(texts)], VOICES[seed // 4 % len(VOICES)]))


@with_voices
def test_neither_noise_nor_music_nor_speech_is_a_fax_or_information() -> None:
    """Two hundred made-up sounds; melodies of pure tones are among them, each 0.3 s."""
    for seed in range(200):
        sound = mulaw(_made_up(seed))
        assert detect(sound)[0] not in (CalleeType.FAXMACHINE, CalleeType.INFORMATIONTONE), seed
        assert first(InformationTones(), sound) is None, seed


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param(information(985.2, 1370.6, 1776.7), id="vacant code"),
        pytest.param(joined(information(913.8, 1370.6, lasts=0.274), information(1776.7)), id="intercept"),
        pytest.param(joined(information(913.8, lasts=0.274), information(1428.5, 1776.7)), id="reorder"),
        pytest.param(information(985.2, 1428.5, 1776.7), id="no circuit"),
        pytest.param(information(904.7, 1356.9, 1758.9, lasts=0.274), id="1 % low"),
        pytest.param(information(995.1, 1442.8, 1794.5, lasts=0.274), id="1 % high"),
        pytest.param(
            joined(tone(0.33, 950), silence(0.03), tone(0.33, 1400), silence(0.03), tone(0.33, 1800)), id="with gaps"
        ),
    ],
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_information_tones_are_heard_before_the_answer(segments: Signal, damage: str) -> None:
    """After ringing as well, and before the announcement that follows them."""
    sound = joined(tone(2, 440, 480, decibels=-31), silence(1), segments, silence(0.2))
    heard = first(InformationTones(), DAMAGES[damage](sound))
    assert heard is not None
    assert heard > 3


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(RINGING, id="ringing"),
        pytest.param(BUSY, id="busy"),
        pytest.param(information(950, 1400), id="two segments"),
        pytest.param(information(1776.7, 1400, 950), id="the wrong way round"),
        pytest.param(
            joined(tone(0.38, 950), silence(1), tone(0.38, 1400), silence(1), tone(0.38, 1777)), id="far apart"
        ),
        pytest.param(joined(*(tone(0.38, each, 2_400) for each in (950, 1400, 1777))), id="pairs of tones"),
        pytest.param(chords(10, seed=2), id="music"),
        pytest.param(spoken(MACHINES[3]), id="an announcement", marks=with_voices),
    ],
)
def test_other_early_media_are_no_information_tones(sound: Signal) -> None:
    assert first(InformationTones(), joined(sound, silence(1))) is None


@with_voices
@pytest.mark.parametrize("damage", ["G.711", "direct current", "clipping", NOISE])
@pytest.mark.parametrize("seconds", [0.2, 0.4, 1.0, 2.5])
@pytest.mark.parametrize("hertz", [405, 440, 1000, 1400, 1995])
def test_a_beep_is_heard_as_soon_as_it_is_over(hertz: float, seconds: float, damage: str) -> None:
    sound = joined(spoken(MACHINES[2]), silence(0.4), tone(seconds, hertz))
    heard = first(Beep(), DAMAGES[damage](joined(sound, silence(2))))
    assert heard is not None
    assert 0 <= heard - len(sound) * 2 / BYTES_PER_SECOND <= 0.4


@with_voices
def test_a_beep_is_heard_though_packets_are_lost() -> None:
    sound = joined(spoken(MACHINES[2]), silence(0.4), tone(0.8, 1000), silence(1))
    assert first(Beep(), lossy(sound)) is not None


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(tone(0.1, 1000), id="too short"),
        pytest.param(tone(3.5, 1000), id="too long"),
        pytest.param(tone(0.5, 300), id="too low"),
        pytest.param(tone(0.5, 2500), id="too high"),
        pytest.param(RINGING, id="ringing"),
        pytest.param(BUSY, id="busy"),
        pytest.param(tone(0.5, 852, 1477), id="a key"),
        pytest.param(noise(3, 3_000), id="noise"),
        pytest.param(silence(1), id="silence"),
    ],
)
def test_other_sounds_are_no_beep(sound: Signal) -> None:
    assert first(Beep(), joined(silence(0.3), sound, silence(1))) is None


@with_voices
@pytest.mark.parametrize("voice", VOICES)
def test_no_voice_beeps(voice: str) -> None:
    for text in MACHINES:
        assert first(Beep(), joined(spoken(text, voice), silence(1))) is None, text


def test_a_hundred_calls_at_once_need_little_of_a_processor() -> None:
    """Each hears ten pieces a second: half a millisecond for each is half of one processor; some 30 us are usual."""
    pieces = [pcm(tone(PIECE, 440, 480))] * 49
    began = time.process_time()
    for _ in range(10):
        detector = Detector(Tuning())
        for piece in pieces:
            assert detector.feed(piece) is None
    assert (time.process_time() - began) / (10 * len(pieces)) < 0.0005
