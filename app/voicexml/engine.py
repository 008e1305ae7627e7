"""The JavaScript engine behind bounds: one function in a context of its own, and what may go wrong in it.

The only module that knows the engine. Texts, numbers and truth values cross over, nothing else; a script can't reach
Python. One engine serves one thread at a time and never survives a fork.
"""

import functools
import threading
from typing import Any

import quickjs  # type: ignore[import-untyped]

from app.voicexml.limits import Limits

SCRIPT_SECONDS = 0.5
"""Processor time that one script may take, up to five times as much while others run; people's take a thousandth."""

_KINDS = ("ReferenceError", "SyntaxError", "TypeError", "RangeError")
_MOST_SHARES = 4
_LOOK_SECONDS = 0.5
_MOST_LOOKS = 4
_STEPS = 16

_running: set["Engine"] = set()
"""Those that run a script at this moment, in any thread."""


class ScriptError(Exception):
    """An expression or script failed; ``str()`` is a sentence with JavaScript's own message.

    ``kind`` is "ReferenceError", "SyntaxError", "TypeError" or "RangeError", "Limit" when it took too much time,
    memory or depth, and "Error" for whatever else a script throws.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Engine:
    """A JavaScript function: what ``source`` evaluates to."""

    def __init__(
        self, source: str, *, seconds: float, memory: int, stack: int = 256 * 1024, limits: Limits | None = None
    ) -> None:
        """``seconds`` of processor time for one call, bytes of memory and stack; ``limits`` of all calls together."""
        _start_watch()
        self._seconds = seconds
        self._memory = memory
        self._limits = limits
        self._context = quickjs.Context()
        self._context.set_memory_limit(memory)
        self._context.set_max_stack_size(stack)
        self._function = self._context.eval(BOUNDS)(self._context.eval(source))
        self._dead = self._starved = False
        self._looks = 0

    def call(self, *arguments: object) -> Any:
        """The function's value. Raises ScriptError whatever goes wrong in it, and Over."""
        if self._limits is None:
            return self._timed(arguments)
        self._limits.seconds_left()
        try:
            value = self._timed(arguments)
        except ScriptError:
            self._limits.seconds_left()
            raise
        if isinstance(value, str):
            self._limits.count_characters(len(value))
        return value

    def _timed(self, arguments: tuple[object, ...]) -> Any:
        if self._dead:
            raise ScriptError("Limit", "no memory is left for scripts")
        self._looks = 0
        _running.add(self)
        try:
            for each in arguments:
                if isinstance(each, str):
                    each.encode()  # the engine's binding breaks on half a surrogate pair
            # The engine's clock is the processor time of the whole process: scripts that run at once share it, and the
            # rest of the process may take as much as one of them. Short scripts end before the clock is looked at.
            self._context.set_time_limit(self._seconds * (1 + min(len(_running), _MOST_SHARES)))
            return self._function(*arguments)
        except quickjs.StackOverflow:
            raise ScriptError("Limit", "the script calls itself too deeply") from None
        except quickjs.JSException as failure:
            wrong = self._error(str(failure))
            if self._dead and self._limits is not None:
                self._limits.end(f"the application's variables fill the {self._memory >> 20} MiB that scripts have")
            raise wrong from None
        except UnicodeError:
            raise ScriptError("Error", "a text that is not Unicode can't be used") from None
        finally:
            _running.discard(self)
            if self._starved:
                self._starved = False
                self._context.set_memory_limit(self._memory)

    def look(self) -> None:
        """Notice that a script still runs. One that should have ended long ago gets less memory.

        The engine looks at its clock every 10,000 calls and jumps. What makes each of them long, such as copying a
        text of a million characters, needs memory; without it the script fails at once, or comes to its clock soon. The
        error that ends it needs a little as well: from one look to the next it gets a step more, until that is there.
        """
        self._looks += 1
        beyond = self._looks - _MOST_LOOKS * len(_running)
        if beyond > 0:
            self._starved = True
            self._context.set_memory_limit(self._memory * (beyond % _STEPS) // _STEPS)

    def _error(self, text: str) -> ScriptError:
        """The engine's report as a ScriptError: "Kind: message" and the lines of its stack."""
        message = text.partition("\n    at ")[0].strip()
        kind, colon, _ = message.partition(": ")
        if self._starved or message == "InternalError: interrupted":
            return ScriptError("Limit", "the script ran for too long")
        if message in ("InternalError: out of memory", "InternalError", "null"):  # there may be no room for the message
            self._dead = not self._breathes()
            return ScriptError("Limit", "the script wants too much memory")
        if message.startswith("InternalError: "):
            return ScriptError("Limit", message)
        return ScriptError(kind if colon and kind in _KINDS else "Error", message.removesuffix("\nundefined"))

    def _breathes(self) -> bool:
        """Whether anything can still be evaluated after memory ran out: what was being built may be gone, or kept."""
        self._context.gc()
        try:
            self._context.eval("(function () { for (var kept = [], i = 0; i < 1000; i++) kept[i] = {i: i} })()")
        except quickjs.JSException:
            return False
        return True


@functools.cache
def _start_watch() -> None:
    threading.Thread(target=_watch, name="scripts", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(_LOOK_SECONDS):
        for engine in list(_running):
            engine.look()


BOUNDS = r"""
(function () {
var own = Object.getOwnPropertyNames, described = Object.getOwnPropertyDescriptor, parent = Object.getPrototypeOf;
var define = Object.defineProperty, apply = Reflect.apply, isArray = Array.isArray, isView = ArrayBuffer.isView;
var text = String, cut = String.prototype.slice;
// The engine looks at its clock between statements and calls, never inside a loop of its own: what could loop there for
// hours without using memory is taken away or bounded.
["Atomics", "SharedArrayBuffer", "Proxy", "WeakRef", "FinalizationRegistry", "BigInt"].forEach(function (name) {
    delete globalThis[name];
});
function length(item) {
    if (item === null || typeof item !== "object" && typeof item !== "function" || isView(item)) return 0;
    if (isArray(item)) return item.length;
    for (var found, o = item; o !== null && !found; o = parent(o)) found = described(o, "length");
    if (!found) return 0;
    if (!("value" in found) || typeof found.value === "object") return Infinity;
    return +found.value;
}
function short(total) { if (total > 1000000) throw new RangeError("an array of more than 1000000 elements"); }
own(Array.prototype).forEach(function (name) {
    var native = Array.prototype[name];
    if (typeof native !== "function" || name === "constructor") return;
    define(Array.prototype, name, {value: function () {
        var total = length(this);
        if (native.name === "concat") for (var i = 0; i < arguments.length; i++) total += length(arguments[i]);
        short(total);
        return apply(native, this, arguments);
    }});
});
(function (typed) {
    var native = typed.sort;
    define(typed, "sort", {value: function () {
        short(this.length * 100);
        return apply(native, this, arguments);
    }});
})(parent(Uint8Array.prototype));
delete Array.prototype.flat;
delete Array.prototype.flatMap;
delete String.raw;
(function (iterator) {
    var native = iterator.next;
    iterator.next = function next() { return apply(native, this, []); };
})(parent([][Symbol.iterator]()));
// Looking for a text takes the product of both lengths, ordering accents the square of the length.
["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"].forEach(function (name) {
    var native = String.prototype[name], hook = {split: Symbol.split, replace: Symbol.replace}[name.slice(0, 7)];
    define(String.prototype, name, {value: function (sought) {
        if (this === null || this === undefined || sought === undefined) return apply(native, this, arguments);
        if (typeof sought === "object" && hook && sought[hook]) return apply(native, this, arguments);
        var whole = text(this);
        arguments[0] = text(sought);
        if (whole.length * arguments[0].length > 20000000)
            throw new RangeError("a search for so long a text in so long a text");
        return apply(native, whole, arguments);
    }});
});
["normalize", "localeCompare"].forEach(function (name) {
    var native = String.prototype[name];
    define(String.prototype, name, {value: function (other) {
        if (this === null || this === undefined) return apply(native, this, arguments);
        var whole = text(this);
        if (name === "localeCompare") other = arguments[0] = text(other);
        if (whole.length > 5000 || name === "localeCompare" && other.length > 5000)
            throw new RangeError("so long a text can't be put in normal form");
        return apply(native, whole, arguments);
    }});
});
// When the engine is interrupted its report is printed beyond the clock's reach: nothing of a page's may be in it.
define(Error, "prepareStackTrace", {value: undefined, writable: false, configurable: false});
define(Error, "stackTraceLimit", {value: 10, writable: false, configurable: false});
["name", "message", "toString", Symbol.toPrimitive, "stack"].forEach(function (name) {
    var value = typeof name === "symbol" ? undefined : name === "stack" ? "" : InternalError.prototype[name];
    define(InternalError.prototype, name, {value: value, writable: false, configurable: false});
});
return function (called) {
    // What a script throws is printed here, where the clock still counts, and not by the engine's binding.
    return function () {
        try { return apply(called, undefined, arguments); }
        catch (thrown) {
            var said;
            try { said = apply(cut, text(thrown), [0, 1000]); } catch (e) { said = "what was thrown has no text"; }
            throw {__proto__: null, stack: "", toString: function () { return said; }};
        }
    };
};
})()
"""
"""Evaluated before any page's script, in every context: the engine's own limits leave these gaps."""
