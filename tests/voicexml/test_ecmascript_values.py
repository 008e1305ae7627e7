"""ECMAScript in a call: what values are on their way out, and what failures are called."""

import pytest

from app.voicexml.ecmascript import UNDEFINED, Scopes, ScriptError


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        pytest.param("1 + 1", 2, id="number"),
        pytest.param("0.1 + 0.2", 0.1 + 0.2, id="fraction"),
        pytest.param("1/0", float("inf"), id="infinity"),
        pytest.param("'a' + 1", "a1", id="string"),
        pytest.param("1 == 1", True, id="boolean"),
        pytest.param("null", None, id="null"),
        pytest.param("void 0", UNDEFINED, id="undefined"),
        pytest.param("{a: [1, {b: 'x'}]}", {"a": [1, {"b": "x"}]}, id="an object literal is no block"),
        pytest.param("[1,,2]", [1, None, 2], id="array with a hole"),
        pytest.param("new Date(0)", "1970-01-01T00:00:00.000Z", id="date"),
        pytest.param("function (a) { return a }", "function (a) { return a }", id="function"),
        pytest.param("({f: function () {}})", {"f": "function () {}"}, id="function in an object"),
        pytest.param("'\\ud83d\\ude00'", "😀", id="surrogate pair"),
        pytest.param("'\\ud83d'", "\ufffd", id="half a surrogate pair"),
        pytest.param("['\\ud83d', '\\\\ud83d']", ["\ufffd", "\\ud83d"], id="half a pair in an array"),
        pytest.param("1; ", 1, id="semicolon at the end"),
        pytest.param("1 // one", 1, id="comment at the end"),
        pytest.param("where", "dialog", id="the nearest scope wins"),
        pytest.param("document.where", "document", id="a scope by its name"),
        pytest.param("session.where + application.where", "sessionapplication", id="outer scopes by name"),
        pytest.param("dialog.session_own", UNDEFINED, id="a scope object has its own variables only"),
        pytest.param("session_own + application_own + document_own", 3, id="outer variables are visible"),
        pytest.param("typeof nowhere", "undefined", id="typeof of an undeclared name"),
        pytest.param("typeof print + typeof require", "undefinedundefined", id="no way out"),
    ],
)
def test_a_value_comes_out_as_json_knows_it(scopes: Scopes, expr: str, value: object) -> None:
    assert scopes.evaluate(expr) == value


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        pytest.param("undefined", "undefined", id="undefined"),
        pytest.param("null", "null", id="null"),
        pytest.param("true", "true", id="boolean"),
        pytest.param("1.0", "1", id="whole number"),
        pytest.param("1e21", "1e+21", id="large number"),
        pytest.param("-0", "0", id="minus zero"),
        pytest.param("0/0", "NaN", id="not a number"),
        pytest.param("[1,[2,3]]", "1,2,3", id="array"),
        pytest.param("({})", "[object Object]", id="object"),
        pytest.param("({toString: function () { return 'me' }})", "me", id="object that prints itself"),
    ],
)
def test_a_value_prints_as_javascript_prints_it(scopes: Scopes, expr: str, text: str) -> None:
    assert scopes.text(expr) == text


@pytest.mark.parametrize(
    ("expr", "holds"),
    [
        ("where == 'dialog'", True),
        ("''", False),
        ("0", False),
        ("'false'", True),
        ("undefined", False),
        ("[]", True),
    ],
)
def test_a_condition_is_what_javascript_takes_for_true(scopes: Scopes, expr: str, holds: bool) -> None:
    assert scopes.truth(expr) is holds


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        pytest.param("nowhere", "ReferenceError", id="undeclared"),
        pytest.param("nowhere.x", "ReferenceError", id="property of an undeclared"),
        pytest.param("null.x", "TypeError", id="property of null"),
        pytest.param("where()", "TypeError", id="not a function"),
        pytest.param("new Array(-1)", "RangeError", id="range"),
        pytest.param("1 +", "SyntaxError", id="incomplete"),
        pytest.param("", "SyntaxError", id="empty"),
        pytest.param("   ", "SyntaxError", id="blank"),
        pytest.param("var x = 1", "SyntaxError", id="a statement"),
        pytest.param("(function () { throw 'thrown' })()", "Error", id="a thrown string"),
        pytest.param("(function () { throw {a: 1} })()", "Error", id="a thrown object"),
        pytest.param("(function () { throw {get stack() { while (1) ; }} })()", "Error", id="with an endless stack"),
        pytest.param("decodeURIComponent('%')", "Error", id="another of JavaScript's errors"),
        pytest.param("'\ud800'", "Error", id="a source that is not Unicode"),
    ],
)
def test_a_failure_is_a_script_error_of_its_kind(scopes: Scopes, expr: str, kind: str) -> None:
    with pytest.raises(ScriptError) as caught:
        scopes.evaluate(expr)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
    assert scopes.evaluate("1") == 1


def test_the_sentence_is_javascripts_own(scopes: Scopes) -> None:
    with pytest.raises(ScriptError, match=r"^ReferenceError: nowhere is not defined$"):
        scopes.evaluate("nowhere")
