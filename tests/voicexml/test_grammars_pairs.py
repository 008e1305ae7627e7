"""Every rule form of SRGS 1.0 in its XML and its ABNF: the same answers, meanings and utterances on the same inputs."""

import pytest

from app.voicexml.grammars import Answer, Match, load

NO, PREFIX, FULL, MORE = Answer.NO, Answer.PREFIX, Answer.FULL, Answer.EXTENDABLE

Expected = dict[str, tuple[Answer, object]]
"""The input, in its words or keys, with the answer and the interpretation."""

PAIRS = [
    pytest.param(
        "voice",
        '<rule id="r">hello big world</rule>',
        "$r = hello big world;",
        {
            "": (PREFIX, None),
            "hello": (PREFIX, None),
            "Hello, big world!": (FULL, "hello big world"),
            "hello world": (NO, None),
            "hello big world again": (NO, None),
        },
        id="words",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><token>San Francisco</token> <item>"new york"</item></rule>',
        '$r = "San Francisco" ("new york");',
        {"san francisco New York": (FULL, "san francisco new york"), "san francisco new": (PREFIX, None)},
        id="tokens of several words",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><one-of><item>yes</item><item>yes sir</item><item weight="2.5">no</item></one-of></rule>',
        "$r = yes | yes sir | /2.5/ no;",
        {"yes": (MORE, "yes"), "yes sir": (FULL, "yes sir"), "no": (FULL, "no"), "sir": (NO, None)},
        id="alternatives with weights",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><one-of><item>a<tag>1st</tag></item><item>a<tag>2nd</tag></item></one-of></rule>',
        "$r = a {1st} | a {2nd};",
        {"a": (FULL, "1st")},
        id="the first alternative counts",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><item repeat="0-1">please</item> call <item repeat="0-1" repeat-prob="0.6">now</item></rule>',
        "$r = [please] call now<0-1 /0.6/>;",
        {
            "call": (MORE, "call"),
            "please call now": (FULL, "please call now"),
            "please": (PREFIX, None),
            "please now": (NO, None),
        },
        id="optional parts",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><item repeat="2-3">ha</item></rule>',
        "$r = ha<2-3>;",
        {"ha": (PREFIX, None), "ha ha": (MORE, "ha ha"), "ha ha ha": (FULL, "ha ha ha"), "ha ha ha ha": (NO, None)},
        id="two to three times",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><item repeat="1-">ha</item></rule>',
        "$r = ha<1->;",
        {"": (PREFIX, None), "ha": (MORE, "ha"), "ha ha ha ha ha": (MORE, "ha ha ha ha ha"), "ha ho": (NO, None)},
        id="once or more",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><item repeat="3">ha</item></rule>',
        "$r = ha<3>;",
        {"ha ha": (PREFIX, None), "ha ha ha": (FULL, "ha ha ha")},
        id="exactly three times",
    ),
    pytest.param(
        "voice",
        '<rule id="r">a<item repeat="0">b</item></rule>',
        "$r = a b<0>;",
        {"a": (FULL, "a"), "a b": (NO, None)},
        id="never",
    ),
    pytest.param(
        "voice",
        '<rule id="r">to <ruleref uri="#city"/></rule><rule id="city"><one-of><item>paris</item><item>rome</item>'
        "</one-of></rule>",
        "$r = to $city; $city = paris | rome;",
        {"to": (PREFIX, None), "to rome": (FULL, "to rome"), "rome": (NO, None)},
        id="a rule in a rule, without tags",
    ),
    pytest.param(
        "voice",
        '<rule id="r">to <ruleref uri="#city"/></rule><rule id="city"><one-of><item>paris<tag>\'CDG\'</tag></item>'
        "<item>rome<tag>FCO</tag></item></one-of></rule>",
        "$r = to $city; $city = paris {'CDG'} | rome {FCO};",
        {"to paris": (FULL, "CDG"), "to rome": (FULL, "FCO")},
        id="a rule in a rule, with tags",
    ),
    pytest.param(
        "voice",
        '<rule id="r">a <item repeat="0-1"><ruleref uri="#r"/></item> b</rule>',
        "$r = a [$r] b;",
        {"a b": (FULL, "a b"), "a a b b": (FULL, "a a b b"), "a a b": (PREFIX, None), "a b b": (NO, None)},
        id="recursion in the middle",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><ruleref special="NULL"/>a<one-of><item>b</item><item>'
        '<ruleref special="NULL"/></item></one-of></rule>',
        "$r = $NULL a (b | $NULL);",
        {"a": (MORE, "a"), "a b": (FULL, "a b")},
        id="NULL",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><one-of><item>a <ruleref special="VOID"/></item><item>b</item></one-of></rule>',
        "$r = a $VOID | b;",
        {"": (PREFIX, None), "a": (NO, None), "b": (FULL, "b")},
        id="VOID",
    ),
    pytest.param(
        "voice",
        '<rule id="r">call <ruleref special="GARBAGE"/> now<tag>x</tag></rule>',
        "$r = call $GARBAGE now {x};",
        {
            "call now": (MORE, "x"),
            "call me if you can now": (MORE, "x"),
            "call me": (PREFIX, None),
            "me now": (NO, None),
        },
        id="GARBAGE",
    ),
    pytest.param(
        "voice",
        '<rule id="r"><one-of><item>I\'d like tea</item><item>p.m.</item><item>twenty-one</item>'
        "<item>3.5</item></one-of></rule>",
        "$r = I'd like tea | p.m. | twenty-one | 3.5;",
        {
            "I’D LIKE TEA": (FULL, "id like tea"),
            "PM": (FULL, "pm"),
            "twenty one": (FULL, "twenty one"),
            "3.5": (FULL, "3.5"),
            "35": (NO, None),
        },
        id="letters and punctuation",
    ),
    pytest.param(
        "dtmf",
        '<rule id="r"><item repeat="4"><ruleref uri="#digit"/></item><one-of><item>#</item>'
        "<item>*</item></one-of></rule>"
        '<rule id="digit"><one-of>' + "".join(f"<item>{key}</item>" for key in range(10)) + "</one-of></rule>",
        "$r = $digit<4> (# | *); $digit = " + "|".join(map(str, range(10))) + ";",
        {"12": (PREFIX, None), "1234#": (FULL, "1234#"), "1 2 3 4 *": (FULL, "1234*"), "12345": (NO, None)},
        id="keys",
    ),
    pytest.param(
        "dtmf",
        '<rule id="r"><one-of><item>dtmf-1<tag>one</tag></item><item>dtmf-star A<tag>two</tag></item></one-of></rule>',
        "$r = dtmf-1 {one} | dtmf-star A {two};",
        {"1": (FULL, "one"), "dtmf-1": (FULL, "one"), "*": (PREFIX, None), "*a": (FULL, "two"), "E": (NO, None)},
        id="keys by their names",
    ),
    pytest.param(
        "voice",
        '<tag>var rate = 2;</tag><rule id="r"><ruleref uri="#n"/> <ruleref uri="#n"/>'
        "<tag>out.n = rules.n * rate; out.said = meta.current().text; out.last = rules.latest()</tag></rule>"
        '<rule id="n"><one-of><item>one<tag>out = 1</tag></item><item>two<tag>out = 2;</tag></item></one-of></rule>',
        "{!{var rate = 2;}!}; $r = $n $n {!{out.n = rules.n * rate; out.said = meta.current().text; "
        "out.last = rules.latest()}!}; $n = one {out = 1} | two {out = 2;};",
        {"one two": (FULL, {"n": 4, "said": "one two", "last": 2})},
        id="scripts and tags of the header",
    ),
    pytest.param(
        "voice",
        '<!-- x --><rule id="r"><example>never</example>a <!-- b -->c</rule>',
        "/* x\n */ $r = a // b\n c;",
        {"a c": (FULL, "a c"), "a b c": (NO, None)},
        id="comments and examples",
    ),
]


def as_xml(mode: str, rules: str) -> str:
    """A grammar in its XML form."""
    return f'<grammar xmlns="http://www.w3.org/2001/06/grammar" version="1.0" root="r" mode="{mode}">{rules}</grammar>'


def as_abnf(mode: str, rules: str) -> str:
    """A grammar in its ABNF."""
    return f"#ABNF 1.0 UTF-8;\nlanguage en;\nmode {mode};\nroot $r;\n{rules}"


@pytest.mark.parametrize(("mode", "xml", "abnf", "expected"), PAIRS)
@pytest.mark.parametrize("form", ["xml", "abnf"])
def test_both_forms_give_the_same_answers(mode: str, xml: str, abnf: str, expected: Expected, form: str) -> None:
    """One rule in either form accepts the same, waits for the same and means the same."""
    grammar = load(as_xml(mode, xml) if form == "xml" else as_abnf(mode, abnf))
    assert grammar.mode == mode
    answers = {text: grammar.match([text], mode) for text in expected}
    assert {text: (match.answer, match.interpretation) for text, match in answers.items()} == expected


def test_the_utterance_is_in_the_words_of_the_grammar() -> None:
    """Whatever is typed: small letters, without punctuation; keys side by side."""
    assert load("New York").match(["new", "YORK!"], "voice").utterance == "new york"
    assert load("1 2 3", mode="dtmf").match(["1", "23"], "dtmf").utterance == "123"


def test_a_grammar_is_deaf_to_the_other_mode() -> None:
    """A key is no word."""
    assert load("1").match(["1"], "dtmf") == Match(NO)
    assert load("1", mode="dtmf").match(["1"], "voice") == Match(NO)
