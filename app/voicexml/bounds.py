"""What the engine can do that no script of a page may: work that no memory bounds and that nothing ends before its end.

JavaScript that is evaluated in every context before any page's script.
"""

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
"""A function that bounds another one: what is thrown in it has a text, and nothing of the page's."""
