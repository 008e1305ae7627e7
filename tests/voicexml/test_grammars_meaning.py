"""What tags mean: SISR 1.0, its literals, and the ways tags were written before it."""

import pytest

from app.voicexml.grammars import BadGrammar, load


def meaning(tag: str, tag_format: str = "", said: str = "a b") -> object:
    """The interpretation of a rule of two words with a tag at its end."""
    declared = f"tag-format <{tag_format}>;" if tag_format else ""
    return load(f"#ABNF 1.0; root $r; {declared} $r = a b {{!{{{tag}}}!}};").match([said], "voice").interpretation


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        pytest.param("'foo'", "foo", id="a text"),
        pytest.param('"foo bar";', "foo bar", id="a text in double quotes"),
        pytest.param(" new york ", "new york", id="bare words"),
        pytest.param("true", "true", id="a bare word that is no more"),
        pytest.param('$ = "x"', "x", id="dollar"),
        pytest.param("this.color = 'x'; this.size = 2", {"color": "x", "size": 2}, id="this"),
        pytest.param("$ = 3;", 3, id="dollar and a number"),
        pytest.param("$.slot = 'y'; $.other = 'z'", {"slot": "y", "other": "z"}, id="dollar and slots"),
        pytest.param("$slot = 'y'", {"slot": "y"}, id="a slot with a dollar"),
        pytest.param("var slot='x'", {"slot": "x"}, id="a variable"),
        pytest.param('slot="x"; n=1', {"slot": "x", "n": 1}, id="bare slots"),
        pytest.param("var c='x'; var d=new Object(); d.day='1';", {"c": "x", "d": {"day": "1"}}, id="objects"),
        pytest.param("out = 'x'", "x", id="out"),
        pytest.param("out.a = [1, true, null, 'x']", {"a": [1, True, None, "x"]}, id="out with a list"),
        pytest.param("var t = 2; out = t * 2", 4, id="out counts before variables"),
        pytest.param("out = meta.current().text.toUpperCase()", "A B", id="the text of the rule"),
        pytest.param("function twice(x) { return 2 * x } out = twice(4)", 8, id="a function"),
        pytest.param("out = undefined", None, id="undefined"),
        pytest.param("out = 0/0", None, id="no number"),
        pytest.param("1 == 1;", "a b", id="nothing was set"),
        pytest.param(" ", "a b", id="nothing"),
        pytest.param("out.a = '\\ud800'", {"a": "\ufffd"}, id="half a character"),
    ],
)
def test_tags_without_a_tag_format(tag: str, value: object) -> None:
    """Whatever pages wrote: the drafts of SISR, JSGF, slots, and SISR itself."""
    assert meaning(tag) == value


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        pytest.param("out = 'x'", "x", id="out"),
        pytest.param("out.a = 1; out.b = out.a + 1", {"a": 1, "b": 2}, id="an object"),
        pytest.param("'foo'", {}, id="a text alone sets nothing"),
        pytest.param("var x = 1", {}, id="a variable is no slot"),
    ],
)
def test_tags_of_sisr(tag: str, value: object) -> None:
    """With tag-format semantics/1.0 tags are scripts and nothing else (SISR 1.0 section 3)."""
    assert meaning(tag, "semantics/1.0") == value


@pytest.mark.parametrize("tag", ["out = 'x'", "'foo'", "new york", "a { b", ""])
def test_literal_tags(tag: str) -> None:
    """With semantics/1.0-literals a tag is its own text, whatever it looks like."""
    assert meaning(tag, "semantics/1.0-literals") == tag


@pytest.mark.parametrize(
    ("rules", "said", "value"),
    [
        pytest.param("$r = a {x} b {y};", "a b", "y", id="the last literal of a rule"),
        pytest.param("$r = {x} a [b {y}];", "a", "x", id="only what was matched"),
        pytest.param("$r = $s $t; $s = a {x}; $t = b {y};", "a b", "y", id="the last rule"),
        pytest.param("$r = $s $t; $s = a {x}; $t = b;", "a b", "x", id="the last rule with a tag in it"),
        pytest.param("$r = $s<2>; $s = a | b;", "a b", "a b", id="rules without tags are their words"),
        pytest.param("$r = $s $t {out = rules.s + rules.t}; $s = a {x}; $t = b;", "a b", "xb", id="rules by name"),
        pytest.param("$r = $s $s {out = rules.s}; $s = a {x} | b {y};", "a b", "y", id="the last of a name"),
        pytest.param("$r = $s {$ = $s + $$}; $s = a {x};", "a", "xx", id="rules of the drafts"),
        pytest.param("$r = $s {$.s = $s; $.n = $s.n}; $s = a {$.n = 1};", "a", {"s": {"n": 1}, "n": 1}, id="members"),
        pytest.param("$r = $s {out.text = meta.s.text} b; $s = a {x};", "a b", {"text": "a"}, id="the text of a rule"),
        pytest.param("$r = a {city = 'x'} b {day = 'y'};", "a b", {"city": "x", "day": "y"}, id="slots add up"),
        pytest.param("$r = a {out.n = 1} b {out.n += 1};", "a b", {"n": 2}, id="a rule's tags share its variable"),
    ],
)
def test_rules_in_rules(rules: str, said: str, value: object) -> None:
    """How the meanings of rules come together."""
    assert load(f"#ABNF 1.0; root $r; {rules}").match([said], "voice").interpretation == value


def test_sisr_takes_the_last_rule_even_without_tags() -> None:
    """Default assignment of SISR 1.0, where the grammar says that it is SISR."""
    rules = "$r = give me $s; $s = tea | milk;"
    assert (
        load(f"#ABNF 1.0; root $r; tag-format <semantics/1.0>; {rules}").match(["give me tea"], "voice").interpretation
        == "tea"
    )
    assert load(f"#ABNF 1.0; root $r; {rules}").match(["give me tea"], "voice").interpretation == "give me tea"


def test_documents_keep_their_tag_formats() -> None:
    """A grammar may refer to one that writes its tags in another way."""
    other = "#ABNF 1.0; root $n; tag-format <semantics/1.0-literals>; public $n = one {out = 1};"
    grammar = load("#ABNF 1.0; root $r; $r = $<http://h/n> {out = [rules.n]};", fetch=lambda address: other.encode())
    assert grammar.match(["one"], "voice").interpretation == ["out = 1"]


@pytest.mark.parametrize(
    "tag",
    [
        "out = nobody.knows",
        "out = (",
        "throw 'x'",
        "while (true) {}",
        "out = []; for (;;) out.push('0123456789')",
        "function f() { f() } f()",
        "out = {}; out.self = out",
        "out = []; for (var i = 0; i < 3000; i++) out = [out]",
    ],
)
def test_scripts_that_fail(tag: str) -> None:
    """Are the grammar's fault, with JavaScript's own message; none of them runs on."""
    with pytest.raises(BadGrammar, match="a tag of the grammar failed"):
        meaning(tag)


def test_scripts_know_nothing_of_one_another() -> None:
    """Each match has a context of its own."""
    grammar = load(
        "#ABNF 1.0; root $r; $r = a {Array.prototype.seen = (Array.prototype.seen || 0) + 1; out = [].seen};"
    )
    assert [grammar.match(["a"], "voice").interpretation for _ in range(2)] == [1, 1]
