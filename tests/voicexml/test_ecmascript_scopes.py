"""ECMAScript in a call: scopes by VoiceXML 2.0 section 5.1.2, and what declares and changes variables in them."""

import pytest

from app.voicexml.ecmascript import UNDEFINED, Scopes, ScriptError


def test_a_variable_without_value_is_undefined_and_keeps_its_value_when_declared_again(scopes: Scopes) -> None:
    scopes.declare("x", None)
    assert scopes.get("x") is UNDEFINED
    scopes.declare("x", "7")
    scopes.declare("x", None)
    assert scopes.get("x") == 7


def test_a_declaration_reads_the_outer_variable_of_its_own_name(scopes: Scopes) -> None:
    scopes.declare("where", "where + '!'")
    assert scopes.evaluate("[where, dialog.where]") == ["dialog!", "dialog"]


@pytest.mark.parametrize("name", ["document.x", "a b", "1a", "", "var", "eval", "a-b", "a["])
def test_a_name_that_no_variable_can_have_is_refused(scopes: Scopes, name: str) -> None:
    with pytest.raises(ScriptError, match="can't be the name of a variable") as caught:
        scopes.declare(name, "1")
    assert caught.value.kind == "SyntaxError"


@pytest.mark.parametrize("name", ["x", "_x", "$", "x$", "naïve", "größe", "of"])
def test_a_name_of_javascript_is_accepted(scopes: Scopes, name: str) -> None:
    scopes.declare(name, "1")
    assert scopes.evaluate(name) == 1
    assert scopes.names("anonymous") == [name]


@pytest.mark.parametrize(
    ("name", "expr", "read", "value"),
    [
        pytest.param("where", "'new'", "[where, document.where]", ["new", "document"], id="nearest"),
        pytest.param("document.where", "'new'", "[where, document.where]", ["dialog", "new"], id="by its scope"),
        pytest.param("o.p", "2", "o", {"p": 2, "q": {}}, id="property"),
        pytest.param("o.q.r", "where", "o.q.r", "dialog", id="deep property"),
        pytest.param("o['p']", "2", "o.p", 2, id="property in brackets"),
        pytest.param("dialog.o.p", "2", "o.p", 2, id="property by its scope"),
        pytest.param("l[1]", "'b'", "l", [0, "b"], id="array element"),
        pytest.param("shadow$.n", "1;", "shadow$.n", 1, id="shadow variable"),
    ],
)
def test_assign_finds_what_was_declared(scopes: Scopes, name: str, expr: str, read: str, value: object) -> None:
    scopes.set("o", {"p": 1, "q": {}}, "dialog")
    scopes.set("l", [0], "dialog")
    scopes.set("shadow$", {}, "dialog")
    scopes.assign(name, expr)
    assert scopes.evaluate(read) == value


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("nowhere", "ReferenceError", id="undeclared"),
        pytest.param("document.nowhere", "ReferenceError", id="undeclared in that scope"),
        pytest.param("document.dialog_own", "ReferenceError", id="declared in another scope"),
        pytest.param("nowhere.x", "ReferenceError", id="property of an undeclared"),
        pytest.param("session.where", "ReferenceError", id="session"),
        pytest.param("session.nowhere", "ReferenceError", id="new in the session"),
        pytest.param("session_own", "ReferenceError", id="session without its name"),
        pytest.param("Date", "ReferenceError", id="JavaScript's own"),
        pytest.param("where.x.y", "TypeError", id="property of undefined"),
        pytest.param("1x", "SyntaxError", id="no name"),
        pytest.param("this", "SyntaxError", id="reserved"),
        pytest.param("where = 1, where", "SyntaxError", id="an expression"),
    ],
)
def test_assign_refuses_what_was_not_declared(scopes: Scopes, name: str, kind: str) -> None:
    with pytest.raises(ScriptError) as caught:
        scopes.assign(name, "1")
    assert caught.value.kind == kind
    assert scopes.evaluate("[session.where, session_own, typeof Date]") == ["session", 1, "function"]


def test_a_variable_named_like_a_scope_hides_the_scope(scopes: Scopes) -> None:
    scopes.declare("document", "'mine'")
    scopes.assign("document", "document + '!'")
    assert scopes.evaluate("document") == "mine!"


def test_clear_leaves_the_variable_declared(scopes: Scopes) -> None:
    scopes.clear("where")
    assert scopes.evaluate("[typeof where, document.where]") == ["undefined", "document"]
    assert scopes.exists("where")
    with pytest.raises(ScriptError, match="nowhere is not defined"):
        scopes.clear("nowhere")


@pytest.mark.parametrize(
    ("source", "read", "value"),
    [
        pytest.param("var a = 1, b = a + 1;", "[a, b]", [1, 2], id="var"),
        pytest.param("var a; a = 5", "a", 5, id="var without value"),
        pytest.param("if (false) { var a }", "typeof a", "undefined", id="var that is never reached"),
        pytest.param("for (var i = 0; i < 3; i++) ;", "i", 3, id="var in a loop"),
        pytest.param("function f(x) { return x * 2 }", "f(4)", 8, id="function"),
        pytest.param("var r = f(); function f() { return 'early' }", "r", "early", id="function before its text"),
        pytest.param("var n = 0; function up() { n++ }", "(up(), up(), n)", 2, id="function that changes a variable"),
        pytest.param("function f() { return where }", "f()", "dialog", id="function that reads the chain"),
        pytest.param("where = 'new'", "dialog.where", "new", id="assignment to an outer variable"),
        pytest.param("var where = 'new'", "[where, dialog.where]", ["new", "dialog"], id="var hides the outer one"),
        pytest.param("loose = 1", "loose", 1, id="assignment without var"),
        pytest.param("const k = 1; let l = k + 1", "[k, l]", [1, 2], id="const and let"),
        pytest.param("class C { m() { return 7 } }", "new C().m()", 7, id="class"),
        pytest.param("{ function g() { return 1 } }", "g()", 1, id="function in a block"),
        pytest.param("function parseInt() { return 'mine' }", "parseInt('1')", "mine", id="one of JavaScript's names"),
        pytest.param("var s = 'var t = 1; function u() {}'", "typeof t + typeof u", "undefinedundefined", id="in text"),
        pytest.param("var x = 010; with (Math) { var m = max(1, 2) }", "[x, m]", [8, 2], id="sloppy"),
        pytest.param("<!-- old browsers\nvar a = 1;\n//-->", "a", 1, id="hidden from old browsers"),
        pytest.param("var d = new Date(2020, 0, 31)", "d.getDate()", 31, id="a date stays a date"),
        pytest.param("this.a = 1", "a", 1, id="this"),
        pytest.param("var x = 1 // end", "x", 1, id="comment at the end"),
        pytest.param("", "1", 1, id="empty"),
    ],
)
def test_what_a_script_declares_lands_in_the_innermost_scope(
    scopes: Scopes, source: str, read: str, value: object
) -> None:
    scopes.run(source)
    assert scopes.evaluate(read) == value


def test_what_a_script_declares_goes_with_its_scope(scopes: Scopes) -> None:
    scopes.run("var a = 1; function parseFloat() { return 'mine' }")
    assert scopes.names("anonymous") == ["a", "parseFloat"]
    scopes.leave()
    assert scopes.evaluate("typeof a + parseFloat('1.5')") == "undefined1.5"


def test_a_script_that_fails_keeps_what_it_did_before(scopes: Scopes) -> None:
    with pytest.raises(ScriptError, match="nowhere is not defined"):
        scopes.run("var a = 1; nowhere(); a = 2")
    assert scopes.evaluate("a") == 1


def test_leaving_a_scope_and_entering_it_again_forgets_its_variables(scopes: Scopes) -> None:
    scopes.leave()
    scopes.leave()
    assert scopes.evaluate("where") == "document"
    with pytest.raises(ScriptError, match="dialog is not defined"):
        scopes.evaluate("dialog")
    scopes.enter("dialog")
    assert scopes.names("dialog") == []


def test_a_reset_scope_is_empty_and_the_others_keep_theirs(scopes: Scopes) -> None:
    scopes.reset("document")
    assert scopes.names("document") == []
    assert scopes.evaluate("[where, application.where, typeof document.where]") == [
        "dialog",
        "application",
        "undefined",
    ]


def test_resetting_a_scope_that_is_not_there_fails() -> None:
    with pytest.raises(ScriptError, match="there is no document scope here"):
        Scopes().reset("document")


def test_values_from_outside(scopes: Scopes) -> None:
    scopes.set("answer", {"city": "Zürich", "n": [1, None]})
    scopes.set("where", "changed")
    scopes.set("lastresult$", [{}], "application")
    scopes.set("lastresult$.confidence", 0.9, "application")
    scopes.set("nothing", UNDEFINED)
    assert scopes.get("answer") == {"city": "Zürich", "n": [1, None]}
    assert scopes.names("anonymous") == ["answer", "nothing"]
    assert scopes.evaluate("dialog.where") == "changed"
    assert scopes.evaluate("application.lastresult$.confidence") == 0.9
    assert scopes.exists("nothing")
    assert scopes.get("nothing") is UNDEFINED
    with pytest.raises(ScriptError, match="no_such is not defined"):
        scopes.set("no_such.x", 1)


def test_the_session_can_be_set_from_outside_only(scopes: Scopes) -> None:
    scopes.set("connection", {"callee_type": "processing"}, "session")
    scopes.set("connection.callee_type", "voice", "session")
    assert scopes.evaluate("session.connection.callee_type") == "voice"
    with pytest.raises(ScriptError, match="session variables can't be changed"):
        scopes.assign("session.connection.callee_type", "'fax'")


def test_a_subdialog_sees_the_session_and_nothing_else_of_its_caller(scopes: Scopes) -> None:
    handle = scopes.hold("new Date(2020, 0, 31)")
    scopes.open_context()
    for name in ("application", "document", "dialog"):
        scopes.enter(name)
    scopes.put("when", handle)
    assert scopes.evaluate("when.getDate()") == 31
    assert scopes.evaluate("[where, typeof document_own, typeof document.where]") == [
        "session",
        "undefined",
        "undefined",
    ]
    returned = scopes.hold("when")
    scopes.close_context()
    scopes.put("result", returned)
    assert scopes.evaluate("[result.getDate(), where, document.where]") == [31, "dialog", "document"]
    assert not scopes.exists("when")
