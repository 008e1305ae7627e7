"""What no grammar and no input may do: hang, raise anything but BadGrammar, cost more than it is worth."""

import contextlib
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.voicexml.grammars import Answer, BadGrammar, builtin, dtmf_choice, load, phrase_grammar

SECONDS = 0.1


def seconds(work: Callable[[], object]) -> float:
    """The processor time of this thread that some work takes, the best of three: other tests run beside this one."""
    taken = []
    for _ in range(3):
        before = time.thread_time()
        work()
        taken.append(time.thread_time() - before)
    return min(taken)


def abnf(rules: str) -> str:
    return f"#ABNF 1.0; root $r; {rules}"


AMBIGUOUS = [
    pytest.param("$r = " + "[a] " * 40 + ";", "a " * 39 + "b", id="2^40 optional parts"),
    pytest.param("$r = " + "[a] " * 40 + ";", "a " * 40, id="2^40 optional parts that match"),
    pytest.param("$r = " + "(a|a) " * 40 + ";", "a " * 39 + "b", id="2^40 alternatives"),
    pytest.param("$r = (a<0->)<0->;", "a " * 100 + "b", id="repeats in repeats"),
    pytest.param("$r = ((([a])<0->)<0->)<0->;", "a " * 50 + "b", id="repeats of what may be empty"),
    pytest.param("$r = ([a] [b])<3-900000>;", "a b " * 50 + "c", id="an endless repeat of what may be empty"),
    pytest.param("$r = a $r $r | a;", "a " * 60, id="rules that branch"),
    pytest.param("$r = a $r $r | a;", "a " * 500 + "b", id="rules that branch, longer"),
    pytest.param("$r = a $r | a;", "a " * 500, id="right recursion"),
    pytest.param("$r = $GARBAGE a $GARBAGE a $GARBAGE a $GARBAGE b;", "a " * 300, id="garbage"),
    pytest.param("$r = $GARBAGE<0->;", "a " * 500, id="endless garbage"),
    pytest.param(
        "$r = $r1 b;" + "".join(f"$r{n} = $r{n + 1} $r{n + 1};" for n in range(1, 30)) + "$r30 = a<0->;",
        "a " * 50,
        id="2^30 rules",
    ),
]


@pytest.mark.parametrize(("rules", "said"), AMBIGUOUS)
def test_ambiguous_grammars_are_answered_in_time(rules: str, said: str) -> None:
    """Whatever the answer is."""
    grammar = load(abnf(rules))
    assert seconds(lambda: grammar.match([said], "voice")) < SECONDS


def test_ambiguity_that_is_cheap_is_answered_right() -> None:
    """The bound is no excuse for what a person would write."""
    grammar = load(abnf("$r = " + "[a] " * 40 + ";"))
    assert grammar.match(["a " * 40], "voice").answer is Answer.FULL
    assert grammar.match(["a " * 39], "voice").answer is Answer.EXTENDABLE
    assert grammar.match(["a " * 41], "voice").answer is Answer.NO
    assert load(abnf("$r = a $r | a;")).match(["a " * 100], "voice").answer is Answer.EXTENDABLE
    assert builtin("builtin:dtmf/digits?length=200").match(["1" * 200], "dtmf").answer is Answer.FULL


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("$r = $r a | a;", id="itself first"),
        pytest.param("$r = $s a; $s = $r b | c;", id="through another rule"),
        pytest.param("$r = [a] $r b | c;", id="after what may be missing"),
        pytest.param("$r = $s $r | c; $s = $NULL | d;", id="after a rule that may be empty"),
        pytest.param("$r = $r;", id="nothing but itself"),
        pytest.param("$r = ($GARBAGE $r)<0->;", id="after garbage"),
    ],
)
def test_left_recursion_is_refused(rules: str) -> None:
    """When the grammar is read, long before anybody speaks."""
    with pytest.raises(BadGrammar, match="begins with itself"):
        load(abnf(rules))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(abnf("$r = " + "(" * 5000 + "a" + ")" * 5000 + ";"), id="parentheses"),
        pytest.param("[" * 5000, id="brackets"),
        pytest.param(
            '<grammar root="r"><rule id="r">' + "<item>" * 200 + "a" + "</item>" * 200 + "</rule></grammar>", id="items"
        ),
        pytest.param(
            abnf("$r = $r1;" + "".join(f"$r{n} = $r{n + 1};" for n in range(1, 3000)) + "$r3000 = a;"),
            id="rules in rules",
        ),
        pytest.param("a " * 600_000, id="its length"),
    ],
)
def test_what_is_too_deep_or_too_long_is_refused(text: str) -> None:
    """With a sentence and not with an overflow."""
    with pytest.raises(BadGrammar):
        load(text)


def test_rules_that_never_end_match_nothing() -> None:
    """A rule that always refers to itself has no words."""
    assert load(abnf("$r = a $r;")).match(["a a a"], "voice").answer is Answer.NO


def test_documents_that_refer_to_ever_more_documents() -> None:
    """Are followed for a while."""
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return abnf(f"$r = a $<{address}x>;").encode()

    with pytest.raises(BadGrammar, match="more than 20 documents"):
        load(abnf("$r = $<http://h/x>;"), fetch=fetch)
    assert len(asked) < 20


def test_a_list_of_ten_thousand_names() -> None:
    """Costs as much as one of ten, once it is indexed."""
    grammar = load(abnf("$r = " + "|".join(f"name{n} surname{n} {{{n}}}" for n in range(10_000)) + ";"))
    assert grammar.match(["name9999 surname9999"], "voice").interpretation == "9999"
    assert seconds(lambda: grammar.match(["name9999 surname9999"], "voice")) < 0.001


MENU = (
    "<grammar root='r'><rule id='r'><one-of>"
    + "".join(f"<item>choice number {n}<tag>out='c{n}'</tag></item>" for n in range(10))
    + "</one-of></rule></grammar>"
)


def test_a_menu_is_matched_at_once() -> None:
    """In a fraction of a millisecond, and read in a few; measured values are a fifth of these."""
    grammar = load(MENU)
    assert grammar.match(["choice number 9"], "voice").interpretation == "c9"
    assert seconds(lambda: [grammar.match(["choice number 9"], "voice") for _ in range(100)]) < 100 * 0.0004
    assert seconds(lambda: [load(MENU) for _ in range(20)]) < 20 * 0.004


PIECES = [*"ab12 ;=|()[]<>{}/*+$!#\"'\\-\n", "$r", "<r>", "<1-3>", "$NULL", "$GARBAGE", "{!{", "}!}", "é", "\ud800"]
GRAMMAR_LETTERS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
INPUTS = st.lists(st.text(max_size=8) | st.sampled_from(["a", "b", "1", "2", "*", "dtmf-1", "yes", "five"]), max_size=6)
ELEMENTS = st.recursive(
    st.sampled_from(
        ["a", "1", " ", "<tag>x</tag>", "<tag>out='y'</tag>", "<ruleref uri='#r'/>", "<ruleref special='GARBAGE'/>"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(
        lambda parts: "<one-of>" + "".join(f"<item repeat='0-2'>{part}</item>" for part in parts) + "</one-of>"
    ),
    max_leaves=8,
)
HEADS = [
    "",
    "#JSGF V1.0; public <r> = ",
    "#ABNF 1.0; root $r; $r = ",
    "#ABNF 1.0; root $r; mode dtmf; $r = ",
    "<grammar root='r'><rule id='r'>",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(HEADS),
    GRAMMAR_LETTERS,
    st.sampled_from(["", ";", "</rule></grammar>"]),
    INPUTS,
    st.sampled_from(["voice", "dtmf"]),
)
def test_no_text_breaks_the_readers(head: str, body: str, end: str, inputs: list[str], mode: str) -> None:
    """A grammar is read or refused, whatever its text is; no input raises anything but BadGrammar."""
    with contextlib.suppress(BadGrammar):
        load(head + body + end, mode=mode).match(inputs, mode)


@settings(max_examples=150, deadline=None)
@given(ELEMENTS, INPUTS, st.sampled_from(["voice", "dtmf"]))
def test_no_elements_break_the_matcher(elements: str, inputs: list[str], mode: str) -> None:
    """The same for elements that make sense one by one."""
    with contextlib.suppress(BadGrammar):
        load(f"<grammar root='r' mode='{mode}'><rule id='r'>a {elements}</rule></grammar>").match(inputs, mode)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_break_the_readers(sent: bytes) -> None:
    """Grammars come over the network."""
    for media_type in ("", "application/srgs+xml", "application/srgs"):
        with contextlib.suppress(BadGrammar):
            load(sent, media_type=media_type)


BUILTINS = [
    builtin(f"builtin:{mode}/{kind}")
    for mode in ("dtmf", "grammar")
    for kind in ("boolean", "digits", "date", "time", "currency", "number", "phone")
]
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """one two ten twenty hundred thousand and a point oh third may march dollars cents past to half am p m
        1 23 1999 3:30 $5.5 x , -""",
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS | st.text(max_size=6), max_size=8).map(" ".join))
def test_no_input_breaks_the_builtins(said: str) -> None:
    """Nor the phrases; and what matches has a meaning."""
    for grammar in (*BUILTINS, phrase_grammar([("ten past two", 1)], "approximate"), dtmf_choice([("123", 1)])):
        match = grammar.match([said], grammar.mode)
        assert bool(match) is (match.interpretation is not None)
