"""ECMAScript in a call: what no script of a page gets past, and what goes on meanwhile."""

import threading
import time

import pytest

from app.voicexml.ecmascript import Scopes, ScriptError, call_apart


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("while (1) ;", id="endless loop"),
        pytest.param("try { while (1) ; } catch (e) {}", id="endless loop that catches"),
        pytest.param("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", id="catastrophic regex"),
        pytest.param("(function f() { f() })()", id="recursion"),
        pytest.param("(function f() { try { f() } catch (e) { f() } })()", id="recursion that catches"),
        pytest.param("(function () { var a = []; while (1) a.push('x'.repeat(999) + a.length) })()", id="memory"),
        pytest.param("'x'.repeat(1e9)", id="long text"),
        pytest.param("new Set(new Array(4e9))", id="long iteration"),
        pytest.param("new Set({[Symbol.iterator]: function () { return {next: Object} }})", id="endless iterator"),
        pytest.param("throw {toString: function () { while (1) ; }}", id="thrown: a text that never ends"),
        pytest.param("var e = Error(); e.toString = function () { while (1) ; }; throw e", id="thrown: such an error"),
        pytest.param("Error.prototype.toString = function () { while (1) ; }; nobody", id="an error of all kinds"),
        pytest.param("Object.prototype.toString = function () { while (1) ; }; throw {}", id="prototype pollution"),
        pytest.param("for (;;) 'a'.repeat(8e6).endsWith('a'.repeat(7e6))", id="long work between two looks"),
        pytest.param("for (;;) try { 'a'.repeat(8e6).endsWith('a'.repeat(7e6)) } catch (e) {}", id="and it catches"),
    ],
)
def test_a_limit_ends_the_script_and_not_the_call(scopes: Scopes, source: str) -> None:
    before = time.monotonic()
    with pytest.raises(ScriptError) as caught:
        scopes.run(source)
    assert caught.value.kind == "Limit"
    assert time.monotonic() - before < 10
    assert scopes.evaluate("where") == "dialog"


@pytest.mark.parametrize(
    "expr",
    [
        "new Array(1e9).join('x')",
        "new Array(4e9).indexOf(1)",
        "[].indexOf.call({length: 1e15}, 1)",
        "[].indexOf.call({get length() { return 1e15 }}, 1)",
        "[].indexOf.call({length: {valueOf: function () { return 1e15 }}}, 1)",
        "[].concat(new Array(4e9))",
        "'a'.repeat(3e6).indexOf('a'.repeat(1.5e6) + 'b')",
        "'a'.repeat(8e6).indexOf('a'.repeat(900) + 'b')",
        "'a'.repeat(3e6).indexOf(['a'.repeat(1.5e6) + 'b'])",
        "'\\u0301\\u0316'.repeat(200000).normalize()",
        "new Float64Array(1e6).sort()",
    ],
)
def test_a_loop_inside_the_engine_is_refused_before_it_starts(scopes: Scopes, expr: str) -> None:
    with pytest.raises(ScriptError) as caught:
        scopes.evaluate(expr)
    assert caught.value.kind == "RangeError"


def test_memory_that_stays_in_use_ends_all_of_the_calls_scripts_cleanly() -> None:
    scopes = Scopes(memory=2 * 1024 * 1024)
    scopes.enter("session")
    for _ in range(3):
        with pytest.raises(ScriptError) as caught:
            scopes.run("kept = typeof kept == 'undefined' ? [] : kept; while (1) kept.push(kept.length / 7)")
        assert caught.value.kind == "Limit"
    Scopes().enter("session")


def test_a_page_can_not_take_evaluation_away(scopes: Scopes) -> None:
    scopes.run("eval = null; JSON = null; Object = null; Function = null; Array.prototype.push = null; String = null")
    scopes.declare("x", "1")
    assert scopes.evaluate("x + 1") == 2


def test_a_call_may_move_to_another_thread(scopes: Scopes) -> None:
    heard: list[object] = []
    thread = threading.Thread(target=lambda: heard.append(scopes.evaluate("where")))
    thread.start()
    thread.join()
    assert heard == ["dialog"]


def test_other_threads_go_on_while_a_script_loops(scopes: Scopes) -> None:
    ticks = []
    ended = threading.Event()

    def tick() -> None:
        while not ended.is_set():
            ticks.append(1)
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(ScriptError):
        scopes.run("while (1) ;")
    ended.set()
    thread.join()
    assert len(ticks) > 5


def test_a_function_apart_knows_nothing_of_a_call_and_has_limits() -> None:
    assert call_apart("(function (text) { return text + typeof session })", "x") == "xundefined"
    with pytest.raises(ScriptError) as caught:
        call_apart("(function () { while (1) ; })", "", seconds=0.2)
    assert caught.value.kind == "Limit"
