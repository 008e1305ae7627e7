"""The builtin types of VoiceXML 2.0 appendix P, typed and keyed; phrases and keys of choices (section 2.2)."""

import pytest

from app.voicexml.grammars import Answer, BadGrammar, builtin, dtmf_choice, keys_grammar, phrase_grammar

NO, PREFIX, FULL, MORE = Answer.NO, Answer.PREFIX, Answer.FULL, Answer.EXTENDABLE

SPOKEN: dict[str, dict[str, object]] = {
    "boolean": {
        "yes": True,
        "Yeah!": True,
        "yes please": True,
        "that's right": True,
        "no": False,
        "No, thank you.": False,
        "that's not right": False,
        "maybe": None,
        "yes and no": None,
        "": None,
    },
    "digits": {
        "oh two one": "021",
        "1234": "1234",
        "617 555 0100": "6175550100",
        "double five 1": "551",
        "twenty one": None,
        "5 apples": None,
        "double": None,
    },
    "digits?length=3": {"oh two one": "021", "12": None, "1234": None},
    "digits?minlength=2;maxlength=3": {"1": None, "12": "12", "123": "123", "1234": None},
    "date": {
        "march third": "????0303",
        "March 3rd, 2024": "20240303",
        "the third of march nineteen ninety nine": "19990303",
        "march third two thousand and five": "20050303",
        "march five twenty oh five": "20050305",
        "5 march": "????0305",
        "may": "????05??",
        "march 2024": "202403??",
        "twenty twenty four": "2024????",
        "friday the third": "??????03",
        "2024-03-05": "20240305",
        "3/5/2024": "20240305",
        "3/5": "????0305",
        "20240305": "20240305",
        "february twenty ninth": "????0229",
        "february twenty ninth 2023": None,
        "february thirtieth": None,
        "friday": None,
        "13/13": None,
    },
    "time": {
        "three thirty p m": "0330p",
        "3:30 pm": "0330p",
        "3:30 P.M.": "0330p",
        "3pm": "0300p",
        "three": "0300?",
        "three oh five": "0305?",
        "three o'clock": "0300?",
        "half past three": "0330?",
        "quarter to four": "0345?",
        "ten minutes to one a.m.": "1250a",
        "eleven fifteen in the morning": "1115a",
        "noon": "1200p",
        "midnight": "1200a",
        "15:30": "1530h",
        "fifteen hundred hours": "1500h",
        "twenty three fifteen": "2315h",
        "0330": "0330?",
        "25:00": None,
        "13 pm": None,
        "three sixty": None,
        "hours": None,
    },
    "currency": {
        "twenty five dollars and ten cents": "USD25.10",
        "$25.10": "USD25.10",
        "25.10": "25.10",
        "25": "25.00",
        "ten cents": "USD0.10",
        "a dollar fifty": "USD1.50",
        "five pounds": "GBP5.00",
        "25 euros": "EUR25.00",
        "eur 25.10": "EUR25.10",
        "$1,234.5": "USD1234.50",
        "one hundred and five": "105.00",
        "five dollars and": None,
        "two hundred cents": None,
        "-5": None,
    },
    "number": {
        "one hundred and five": "105",
        "105": "105",
        "two million three hundred thousand and one": "2300001",
        "a thousand": "1000",
        "2 million": "2000000",
        "five point three": "5.3",
        "point five": "0.5",
        "minus seven": "-7",
        "-7": "-7",
        "1,234.5": "1234.5",
        "one two three": "123",
        "oh two one": "021",
        "twenty zero": None,
        "five hundred hundred": None,
        "hundred and": None,
        "one point": None,
        "and five": None,
    },
    "phone": {
        "617 555 0100": "6175550100",
        "(617) 555-0100 x22": "6175550100x22",
        "+1 617 555 0100": "16175550100",
        "eight hundred five five five one two one two extension twenty two": "8005551212x22",
        "800 flowers": None,
        "5550100 x": None,
    },
}
KEYED: dict[str, dict[str, tuple[Answer, object]]] = {
    "boolean": {"": (PREFIX, None), "1": (FULL, True), "2": (FULL, False), "3": (NO, None), "11": (NO, None)},
    "boolean?y=9;n=*": {"9": (FULL, True), "*": (FULL, False), "1": (NO, None)},
    "digits": {"1": (MORE, "1"), "0123456789": (MORE, "0123456789"), "1*": (NO, None), "#": (NO, None)},
    "digits?length=3": {"12": (PREFIX, None), "123": (FULL, "123"), "1234": (NO, None)},
    "digits?minlength=3;maxlength=5": {"12": (PREFIX, None), "123": (MORE, "123"), "12345": (FULL, "12345")},
    "digits?minlength=2": {"1": (PREFIX, None), "123456": (MORE, "123456")},
    "date": {"20240305": (FULL, "20240305"), "2024": (PREFIX, None), "20240230": (NO, None), "20241": (PREFIX, None)},
    "time": {"0330": (FULL, "0330?"), "1530": (FULL, "1530h"), "0000": (FULL, "0000h"), "24": (NO, None)},
    "currency": {"25*10": (FULL, "25.10"), "25": (MORE, "25.00"), "*5": (MORE, "0.50"), "25*123": (NO, None)},
    "number": {"25*10": (MORE, "25.10"), "*5": (MORE, "0.5"), "25*": (MORE, "25"), "*": (PREFIX, None)},
    "phone": {"6175550100": (MORE, "6175550100"), "6175550100*": (PREFIX, None), "617*22": (MORE, "617x22")},
}


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        pytest.param(kind, said, value, id=f"{kind}: {said}")
        for kind, table in SPOKEN.items()
        for said, value in table.items()
    ],
)
def test_spoken(kind: str, said: str, value: object) -> None:
    """Typed speech, in words or digits, as the text that appendix P prescribes."""
    match = builtin(f"builtin:grammar/{kind}").match([said], "voice")
    assert match.interpretation == value
    assert bool(match) is (value is not None)


@pytest.mark.parametrize(
    ("kind", "keys", "answer"),
    [
        pytest.param(kind, keys, answer, id=f"{kind}: {keys}")
        for kind, table in KEYED.items()
        for keys, answer in table.items()
    ],
)
def test_keyed(kind: str, keys: str, answer: tuple[Answer, object]) -> None:
    """Keys, and whether more of them could come."""
    match = builtin(f"builtin:dtmf/{kind}").match(list(keys), "dtmf")
    assert (match.answer, match.interpretation) == answer


def test_a_fields_type() -> None:
    """The same by its name alone, where the mode is known."""
    assert builtin("digits?length=2", "dtmf").match("12", "dtmf").interpretation == "12"
    assert builtin("boolean", "voice").match(["yes"], "voice").interpretation is True
    assert not builtin("boolean", "voice").match(["1"], "dtmf")


@pytest.mark.parametrize(
    "address",
    [
        "digits",
        "builtin:dtmf/colour",
        "builtin:smell/digits",
        "builtin:dtmf/digits?minlength=5;maxlength=2",
        "builtin:dtmf/digits?length=3;minlength=4",
        "builtin:dtmf/digits?length=0",
        "builtin:dtmf/digits?length=many",
        "builtin:dtmf/digits?length",
        "builtin:dtmf/boolean?y=1;n=1",
        "builtin:dtmf/boolean?y=12",
    ],
)
def test_builtins_that_there_are_not(address: str) -> None:
    """Unknown types, and parameters that are ill-formed or contradict each other."""
    with pytest.raises(BadGrammar):
        builtin(address)


@pytest.mark.parametrize(
    ("said", "answer", "value"),
    [
        pytest.param("Stargazer Astrophysics News!", FULL, "space", id="the whole phrase"),
        pytest.param("news", FULL, "space", id="its last word"),
        pytest.param("stargazer", MORE, "space", id="its first word"),
        pytest.param("stargazer news", FULL, "space", id="words with a gap"),
        pytest.param("news stargazer", NO, None, id="not in its order"),
        pytest.param("sports news", FULL, "sport", id="another phrase"),
        pytest.param("weather", NO, None, id="no word of any"),
        pytest.param("", PREFIX, None, id="nothing"),
    ],
)
def test_approximate_phrases(said: str, answer: Answer, value: object) -> None:
    """Some words in their order will do (section 2.2.5); a phrase that is said whole goes before."""
    grammar = phrase_grammar([("Stargazer astrophysics news", "space"), ("sports news", "sport")], accept="approximate")
    match = grammar.match([said], "voice")
    assert (match.answer, match.interpretation) == (answer, value)


def test_exact_phrases() -> None:
    """All words, as most pages want it."""
    grammar = phrase_grammar([("top news", 1), ("top news today", 2)])
    assert grammar.match(["top"], "voice").answer is PREFIX
    assert grammar.match(["Top News"], "voice").answer is MORE
    assert grammar.match(["top", "news", "today"], "voice").interpretation == 2
    assert not grammar.match(["news"], "voice")
    with pytest.raises(BadGrammar, match="accept is exact or approximate"):
        phrase_grammar([("a", 1)], accept="roughly")


def test_keys_of_choices() -> None:
    """A key that begins a longer sequence waits for it."""
    grammar = dtmf_choice([("1", "a"), ("12", "b"), ("#", "c")])
    assert [grammar.match([keys], "dtmf").answer for keys in ("", "1", "12", "#", "3")] == [
        PREFIX,
        MORE,
        FULL,
        FULL,
        NO,
    ]
    assert keys_grammar("1 2").match("12", "dtmf").interpretation == "12"
    with pytest.raises(BadGrammar, match="on no telephone key"):
        dtmf_choice([("one", "a")])
