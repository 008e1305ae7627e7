"""Reading grammars: formats found by type or content, references to other documents, and what is refused."""

import pytest

from app.voicexml.grammars import Answer, BadGrammar, UnsupportedFormat, load

XML = '<grammar root="r"><rule id="r">one</rule></grammar>'
ABNF = "#ABNF 1.0 UTF-8;\nroot $r;\n$r = one;"
JSGF = "#JSGF V1.0 UTF-8 en;\ngrammar numbers;\nimport <other.*>;\npublic <r> = one;"


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        pytest.param(XML, "", id="XML by content"),
        pytest.param(XML, "application/srgs+xml", id="XML by type"),
        pytest.param(XML, "application/srgs", id="XML that is sent as ABNF"),
        pytest.param(XML, "text/plain; charset=utf-8", id="XML sent as text"),
        pytest.param(f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- c -->\n{XML}', "", id="XML with a declaration"),
        pytest.param(
            '<!DOCTYPE grammar PUBLIC "-//W3C//DTD GRAMMAR 1.0//EN" "http://www.w3.org/TR/grammar.dtd">' + XML,
            "",
            id="XML with its DOCTYPE",
        ),
        pytest.param(
            '<v:grammar xmlns:v="http://www.w3.org/2001/vxml" root="r"><v:rule id="r">one</v:rule></v:grammar>',
            "",
            id="XML in the namespace of VoiceXML",
        ),
        pytest.param(ABNF, "", id="ABNF by content"),
        pytest.param(ABNF.partition("\n")[2], "application/srgs", id="ABNF by type"),
        pytest.param(f"<grammar type='application/srgs'>{ABNF}</grammar>", "", id="ABNF in a page"),
        pytest.param(JSGF, "", id="JSGF by content"),
        pytest.param("public <r> = one;", "application/x-jsgf", id="JSGF without its header"),
        pytest.param("<grammar type='application/x-jsgf'><![CDATA[<r> = one;]]></grammar>", "", id="JSGF in a page"),
        pytest.param("<grammar>one | two</grammar>", "", id="alternatives in a page"),
        pytest.param("one | two", "", id="alternatives"),
        pytest.param("one | two", "application/srgs", id="alternatives sent as ABNF"),
    ],
)
@pytest.mark.parametrize("encoding", ["str", "utf-8", "utf-8-sig"])
def test_formats_are_recognized(text: str, media_type: str, encoding: str) -> None:
    """By what a grammar says of itself, else by its type; text without either is JSGF, as pages write it inline."""
    sent = text if encoding == "str" else text.encode(encoding)
    assert load(sent, media_type=media_type).match(["one"], "voice").interpretation == "one"


def test_a_declared_encoding_holds_for_bytes_and_not_for_characters() -> None:
    """What was decoded already has no encoding any more."""
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><grammar root="r"><rule id="r">café</rule></grammar>'
    assert load(text.encode("latin-1")).match(["CAFÉ"], "voice")
    assert load(text).match(["CAFÉ"], "voice")
    abnf = "#ABNF 1.0 ISO-8859-1;root $r;$r = café;"
    assert load(abnf.encode("latin-1")).match(["CAFÉ"], "voice")


def test_the_mode_is_the_grammars_else_the_callers() -> None:
    """A page's mode attribute holds for grammars that say nothing."""
    assert load('<grammar root="r"><rule id="r">1</rule></grammar>', mode="dtmf").mode == "dtmf"
    assert load('<grammar root="r" mode="voice"><rule id="r">1</rule></grammar>', mode="dtmf").mode == "voice"
    assert load('<grammar mode="dtmf">1 | 2</grammar>').mode == "dtmf"


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        pytest.param("#JSGF V1.0; public <a> = x <b>; <b> = y+;", "x y y", "y", id="plus"),
        pytest.param("#JSGF V1.0; public <a> = x y* [z];", "x z", "y", id="star and brackets"),
        pytest.param("#JSGF V1.0; public <a> = x; public <b> = y; <c> = z;", "y", "z", id="all public rules"),
        pytest.param("#JSGF V1.0; <a> = x; <b> = y;", "x", "y", id="the first rule where none is public"),
        pytest.param("#JSGF V1.0; grammar g.h; <a> = <g.h.b>; <b> = y | <VOID>;", "y", "", id="a full name"),
        pytest.param('"x y" {tag} | /3/ \\* z', "x y", "y", id="quotes and escapes"),
        pytest.param("(x | y) (u | v)", "y u", "u", id="groups"),
    ],
)
def test_jsgf(text: str, accepted: str, refused: str) -> None:
    """The forms of JSGF that SRGS does not have."""
    grammar = load(text)
    assert grammar.match([accepted], "voice")
    assert not grammar.match([refused], "voice")


def test_the_star_is_a_key_where_it_repeats_nothing() -> None:
    """Pages write ``1 | 2 | *``."""
    grammar = load("1 {one} | 2+ | *", mode="dtmf")
    assert grammar.match(["*"], "dtmf").interpretation == "*"
    assert grammar.match(["22"], "dtmf").answer is Answer.EXTENDABLE


DOCUMENTS = {
    "http://h/g/cities.grxml": '<grammar root="city"><rule id="city"><one-of><item>rome<tag>FCO</tag></item>'
    "</one-of></rule>"
    '<rule id="state" scope="public">texas</rule><rule id="hidden">x</rule></grammar>',
    "http://h/g/numbers.gram": "#ABNF 1.0; root $n; public $n = one $<cities.grxml#state>;",
    "http://h/g/ring.grxml": '<grammar root="a"><rule id="a">a <ruleref uri="ring.grxml#a"/></rule></grammar>',
}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        pytest.param('<ruleref uri="cities.grxml"/>', "rome", id="the root of a document"),
        pytest.param('<ruleref uri="cities.grxml#city"/>', "rome", id="the root by its name"),
        pytest.param('<ruleref uri="/g/cities.grxml#state"/>', "texas", id="a public rule"),
        pytest.param('<ruleref uri="numbers.gram" type="application/srgs"/>', "one texas", id="of another form"),
    ],
)
def test_references_to_other_documents(rule: str, said: str) -> None:
    """Relative to the document they stand in; every document is fetched once."""
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return DOCUMENTS[address].encode()

    text = f'<grammar root="r"><rule id="r">{rule}<item repeat="0-1">{rule}</item></rule></grammar>'
    grammar = load(text, base="http://h/g/page.vxml", fetch=fetch)
    assert grammar.match([said], "voice")
    assert len(asked) == len(set(asked))


def test_what_a_reference_means() -> None:
    """The tags of the other document count."""
    grammar = load(
        '<grammar root="r"><rule id="r">to <ruleref uri="cities.grxml"/></rule></grammar>',
        base="http://h/g/",
        fetch=lambda address: DOCUMENTS[address].encode(),
    )
    assert grammar.match(["to rome"], "voice").interpretation == "FCO"


def test_a_rule_instead_of_the_root() -> None:
    """As in ``src="cities.grxml#state"``."""
    text = DOCUMENTS["http://h/g/cities.grxml"]
    assert load(text, rule="state").match(["texas"], "voice")
    with pytest.raises(BadGrammar, match="rule hidden is private"):
        load(text, rule="hidden")


def test_what_fetch_raises_passes_through() -> None:
    """Only the caller knows what a page that can't be fetched is to it."""

    def fetch(address: str) -> bytes:
        raise TimeoutError(address)

    with pytest.raises(TimeoutError):
        load('<grammar root="r"><rule id="r"><ruleref uri="http://h/x"/></rule></grammar>', fetch=fetch)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("<grammar/>", "names no root rule", id="empty"),
        pytest.param('<grammar><rule id="r">a</rule></grammar>', "names no root rule", id="no root"),
        pytest.param('<grammar root="x"><rule id="r">a</rule></grammar>', "there is no rule x", id="no such root"),
        pytest.param(
            '<grammar root="r"><rule id="r">a<ruleref uri="#x"/></rule></grammar>',
            "there is no rule x",
            id="no such rule",
        ),
        pytest.param(
            '<grammar root="r"><rule id="r">a</rule><rule id="r">b</rule></grammar>',
            "line 1: rule r is there twice",
            id="twice",
        ),
        pytest.param('<grammar root="r"><rule>a</rule></grammar>', "a rule has no id", id="no id"),
        pytest.param(
            '<grammar root="r" mode="smell"><rule id="r">a</rule></grammar>',
            "no mode 'smell'",
            id="a mode that is none",
        ),
        pytest.param(
            '<grammar root="r">\n<rule id="r"><itme>a</itme></rule></grammar>',
            "line 2: a rule has no itme in it",
            id="an element that is none",
        ),
        pytest.param(
            '<grammar root="r"><rule id="r"><item repeat="3-2">a</item></rule></grammar>',
            "ends before it begins",
            id="a repeat backwards",
        ),
        pytest.param(
            '<grammar root="r"><rule id="r"><item repeat="many">a</item></rule></grammar>',
            "write n, m-n or m-",
            id="a repeat that is none",
        ),
        pytest.param('<grammar root="r"><rule id="r"><one-of/></rule></grammar>', "a one-of has no item", id="no item"),
        pytest.param('<grammar root="r"><rule id="r"><ruleref/></rule></grammar>', "a ruleref has no uri", id="no uri"),
        pytest.param(
            '<grammar root="r"><rule id="r"><ruleref special="NOISE"/></rule></grammar>',
            "special NULL, VOID or GARBAGE",
            id="no such special",
        ),
        pytest.param(
            '<grammar root="r" mode="dtmf"><rule id="r">one</rule></grammar>',
            "'one' is on no telephone key",
            id="a word among keys",
        ),
        pytest.param("<grammar", "line 1: the grammar is not well-formed XML", id="no XML"),
        pytest.param("<vxml/>", "root element is vxml", id="another document"),
        pytest.param(
            '<!DOCTYPE grammar [<!ENTITY a "b">]><grammar root="r"><rule id="r">&a;</rule></grammar>',
            "declares entities",
            id="entities",
        ),
        pytest.param(
            '<grammar root="r"><rule id="r"><ruleref uri="http://h/x"/></rule></grammar>',
            "can't be fetched",
            id="nobody fetches",
        ),
        pytest.param("#ABNF 2.0; root $r; $r = a;", "is not '#ABNF 1.0;'", id="another ABNF"),
        pytest.param("#ABNF 1.0;\nroot $r;\n$r = a", "line 3: a semicolon is missing at the end", id="no semicolon"),
        pytest.param(
            "#ABNF 1.0;\nroot $r;\n$r = (a;", "line 3: a closing parenthesis is missing before ';'", id="no parenthesis"
        ),
        pytest.param("#ABNF 1.0;\nroot $r;\n$r = a | ;", "line 3: an alternative is empty", id="an empty alternative"),
        pytest.param(
            "#ABNF 1.0;\nroute $r;\n$r = a;", "line 2: the grammar's header has no 'route'", id="an unknown declaration"
        ),
        pytest.param(
            "#ABNF 1.0; root $r; $r = a <x>;", "a semicolon is missing before 'x'", id="a repeat that is no number"
        ),
        pytest.param("#ABNF 1.0; root $r; $NULL = a;", "no rule can be called NULL", id="a special rule"),
        pytest.param("#JSGF V1.0; public <r> = a", "a semicolon is missing", id="JSGF without semicolon"),
        pytest.param("#JSGF V1.0;", "has no rule", id="JSGF without rules"),
        pytest.param("#JSGF V1.0; public <r> = <s>;", "there is no rule s", id="JSGF without the rule"),
        pytest.param("", "an alternative is empty", id="nothing"),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    """With a sentence for the author and the line where it is known."""
    with pytest.raises(BadGrammar) as refused:
        load(text)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("kind", ["application/x-nuance-gsl", "text/gsl", "application/x-swi-parameter"])
def test_formats_that_are_not_read(kind: str) -> None:
    """Are error.unsupported.format for a page, and no broken grammar."""
    with pytest.raises(UnsupportedFormat):
        load("[one two]", media_type=kind)
