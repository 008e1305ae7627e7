"""Functions of the engine that go through megabytes: whatever a script calls, and how often, it ends in time.

A generator of hostile scripts: any function that the engine has, called without end with whatever is largest.
"""

import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.voicexml.ecmascript import Scopes, ScriptError
from app.voicexml.engine import SCRIPT_SECONDS

MOST_SECONDS = 2 * SCRIPT_SECONDS
"""Of processor time, for a script that wants to run for ever."""
MOST_GROWTH = 64 * 1024 * 1024
"""Of the process, in bytes, while a script that has 16 MiB runs."""

FIND = """(function () {
    var found = [], seen = new Set();
    function look(thing, depth) {
        if (thing === null || typeof thing !== "object" && typeof thing !== "function" || depth > 6) return;
        if (seen.has(thing)) return;
        seen.add(thing);
        if (typeof thing === "function") found.push(thing);
        Reflect.ownKeys(thing).forEach(function (key) {
            var part = Object.getOwnPropertyDescriptor(thing, key);
            [part.value, part.get, part.set].forEach(function (each) { look(each, depth + 1); });
        });
        look(Object.getPrototypeOf(thing), depth + 1);
    }
    Reflect.ownKeys(globalThis).forEach(function (key) {
        if (key !== "globalThis" && key !== "found") look(globalThis[key], 0);
    });
    [[].values(), "".matchAll(/a/g), new Map().values(), new Set().values(), (function* () {})(), async function () {},
     Iterator.from([]).map(isNaN), Iterator.from({next: isNaN}), 1n].forEach(function (each) { look(each, 0); });
    return found;
})()"""
"""Every function that a script can get at."""

LARGE = (
    *("'a'.repeat(6e6)", "' '.repeat(6e6)", "'1'.repeat(6e6)", "'\\u0130'.repeat(1e6)", "'\\ud800'.repeat(3e6)"),
    *("'\\u0301\\u0316'.repeat(2000)", "'%41'.repeat(1e6)", "'['.repeat(3e6)", "'[' + '1,'.repeat(4e5) + '1]'"),
    *("new Array(1e6)", "Array.from({length: 1e5}, isNaN)", "Object.assign([], {999999: 1, 5: 2})", "({length: 1e15})"),
    *("new Uint8Array(8e6)", "new Float64Array(1e6)", "new BigInt64Array(1e6)", "new ArrayBuffer(7e6)"),
    *("new Set(Array.from({length: 3e4}, String))", "new Map(Array.from({length: 3e4}, Object.entries))"),
    *("/(a*)*b/", "/^(a+)\\\\1$/", "/(?<=a*)b/g", "/[^]*/g", "new RegExp('a'.repeat(1e5))"),
    *("(function (a, b) { return a - b })", "[].values.call({length: 1e15})", "(function* () { for (;;) yield 1 })()"),
    *("1e21", "-1", "2147483647", "9007199254740991", "undefined", "'g'", "Symbol('a'.repeat(6e6))", "new Date()"),
)

WORST = {
    "trim": "var s = ' '.repeat(7e6); for (;;) s.trim()",
    "lastIndexOf of bytes": "var u = new Uint8Array(14e6); for (;;) u.lastIndexOf(1)",
    "and it catches": "var u = new Uint8Array(14e6); for (;;) try { for (;;) u.indexOf(1) } catch (e) {}",
    "comparison": "var a = 'a'.repeat(3e6), b = 'a'.repeat(3e6); for (;;) a === b",
    "a text as a number": "var s = ' '.repeat(7e6); for (;;) +s",
    "a name of megabytes": "var s = 'a'.repeat(7e6), o = {}; for (;;) o[s]",
    "a chain of prototypes": "for (var o = {}, i = 0; i < 5e4; i++) o = Object.create(o); for (;;) o.x",
    "normal forms": "var s = '\\u0301\\u0316'.repeat(2500); for (;;) s.normalize()",
    "upper case": "var s = '\\u00df'.repeat(2e6); for (;;) s.toUpperCase()",
    "encoding": "var s = 'a'.repeat(4e6); for (;;) encodeURIComponent(s)",
    "JSON": "var s = '[' + '1,'.repeat(3e5) + '1]'; for (;;) JSON.parse(s)",
    "sorting": "var a = Array.from({length: 1e5}, Math.random); for (;;) a.sort()",
    "filling": "var u = new Uint8Array(14e6); for (;;) u.fill(1).reverse()",
    "a regex that looks back": "var s = 'a'.repeat(4e6) + 'b'; for (;;) /(?<=(a+))c/.test(s)",
    "a product": "var n = 3n ** 100000n; for (;;) n * n",
    "compiling": "var s = 'o[a];'.repeat(40000); for (;;) new Function(s)",
    "copies in a row": "var s = 'a'.repeat(3e6); for (;;) { " + "s.slice(1); " * 200 + " }",
}


def check_ends(source: str, scopes: Scopes) -> None:
    """In time, and without much memory; whether it fails or ends by itself."""
    began, before = time.thread_time(), _resident()
    with suppress(ScriptError):
        scopes.run(source)
    took, grown = time.thread_time() - began, _resident() - before
    assert took < MOST_SECONDS, source
    assert grown < MOST_GROWTH, source


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("source", WORST.values(), ids=WORST)
def test_a_long_function_of_the_engine_called_without_end_is_ended(scopes: Scopes, source: str) -> None:
    with pytest.raises(ScriptError, match="ran for too long"):
        check_ends_and_raise(source, scopes)


def check_ends_and_raise(source: str, scopes: Scopes) -> None:
    began = time.thread_time()
    try:
        scopes.run(source)
    finally:
        assert time.thread_time() - began < MOST_SECONDS


def hostile(dice: random.Random, number: int) -> str:
    """A script that calls one of that many functions for ever, in one of the ways to call it."""
    place = dice.randrange(number)
    this, *given = (dice.choice(LARGE) for _ in range(4))
    call = dice.choice(("f.call(t, a, b, c)", "f.call(t, a)", "f.apply(t, [a, b])", "new f(a, b)"))
    names = "; ".join(
        f"try {{ {name} = {value} }} catch (e) {{}}" for name, value in zip("tabc", (this, *given), strict=True)
    )
    return f"var f = {FIND}[{place}], t, a, b, c; {names}; for (;;) try {{ {call} }} catch (e) {{}}"


def attack(seed: int, times: int) -> None:
    """Run that many hostile scripts, each in a context of its own."""
    dice = random.Random(seed)
    finding = Scopes()
    finding.enter("session")
    number = int(json.loads(finding.text(f"{FIND}.length")))
    assert number > 300
    for _ in range(times):
        scopes = Scopes(seconds=0.1)
        scopes.enter("session")
        check_ends(hostile(dice, number), scopes)


@pytest.mark.parametrize("seed", range(1))
def test_any_function_with_the_largest_arguments_is_ended(seed: int) -> None:
    attack(seed, 10)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_any_function_with_the_largest_arguments_is_ended_for_long(seed: int) -> None:
    attack(seed, 60)
