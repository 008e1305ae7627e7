"""The JavaScript side of ``ecmascript``: the scope chain, evaluated in a context before any page's script.

The chain keeps the scopes as objects without a prototype and evaluates expressions inside nested ``with`` statements
over them. Nothing here is Python; ``ecmascript`` calls what this source evaluates to, with a function's name first.
"""

CHAIN = r"""
(function () {
var stringify = JSON.stringify, make = Object.create, keys = Object.keys, own = Object.getOwnPropertyNames;
var compile = Function;
var is = Object.is, host = globalThis, builtin = make(null), chain = [make(null)], kinds = [""], aside = [], held = [];
var values = [], scripts = [], pages = null;

own(host).forEach(function (name) { builtin[name] = true; });
// Direct evaluation is what every expression goes through: a page may not take it away.
Object.defineProperty(host, "eval", {writable: false, configurable: false});

function nest(depth) {
    var text = "";
    for (var i = 0; i < depth; i++) text += "with(ringback$chain[" + i + "])";
    return text;
}
function value(source) {
    var depth = chain.length;
    var f = values[depth] || (values[depth] = compile("ringback$chain", "ringback$source",
        nest(depth) + "return eval(ringback$source)"));
    return f(chain, source);
}
function wrapped(expr) { return value("(" + expr + "\n)"); }
function named(kind) {
    for (var i = kinds.length - 1; i > 0; i--) if (kinds[i] === kind) return i;
    throw new ReferenceError("there is no " + kind + " scope here");
}
function owner(root) {
    for (var i = chain.length - 1; i >= 0; i--) if (root in chain[i]) return chain[i];
    return root in host && !builtin[root] ? host : null;
}
function known(root) {
    var scope = owner(root);
    if (scope === null) throw new ReferenceError(root + " is not defined");
    return scope;
}
function shown() {
    // Every variable in reach, and what it is.
    var found = make(null);
    for (var i = 1; i < chain.length; i++) for (var name in chain[i]) found[name] = chain[i][name];
    return found;
}
function written(key, item) { return typeof item === "function" ? String(item) : item; }
function encode(item) {
    if (typeof item === "number" && !isFinite(item)) return "n" + item;
    if (typeof item === "symbol" || typeof item === "bigint") item = String(item);
    var text = stringify(item, written);
    return text === undefined ? "u" : text;
}
function writable(scope, root) {
    var session = kinds[1] === "session" ? chain[1] : null;
    if (session !== null && (scope === session || scope[root] === session))
        throw new ReferenceError("session variables can't be changed");
    return scope;
}
function hoisted(candidates, blank, scope) {
    // Called when a script's declarations exist and none of its statements has run. What the script declares is
    // found inside of blank, which holds every candidate; what is not declared shows blank's own value.
    var found = [];
    return function (look) {
        for (var i = 0; i < candidates.length; i++) {
            var item;
            try { item = look(candidates[i]); } catch (e) { continue; }
            if (item === blank) continue;
            found.push(candidates[i]);
            if (item !== undefined) scope[candidates[i]] = item;
            else if (!(candidates[i] in scope)) scope[candidates[i]] = undefined;
        }
        for (i = 0; i < candidates.length; i++) delete blank[candidates[i]];
        return found;
    };
}
function lexical(candidates, scope) {
    // let, const and class belong to the evaluation alone: their values are copied out when the script has ended.
    return function (look) {
        for (var i = 0; i < candidates.length; i++) {
            var name = candidates[i], inner, outer, missing = false;
            if (name in scope) continue;
            try { inner = look(name); } catch (e) { continue; }
            try { outer = value(name); } catch (e) { missing = true; }
            if (missing || outer !== inner) scope[name] = inner;
        }
    };
}
var functions = {
    enter: function (kind) {
        var scope = make(null);
        chain.push(scope); kinds.push(kind);
        if (kind !== "anonymous") chain[0][kind] = scope;
    },
    leave: function () {
        chain.pop();
        var kind = kinds.pop();
        if (kind !== "anonymous") delete chain[0][kind];
    },
    reset: function (kind) {
        var i = named(kind);
        chain[i] = make(null);
        if (kind !== "anonymous") chain[0][kind] = chain[i];
    },
    aside: function () {
        aside.push([chain, kinds]);
        var first = make(null);
        first.session = chain[1];
        chain = [first, chain[1]]; kinds = ["", "session"];
    },
    back: function () { var last = aside.pop(); chain = last[0]; kinds = last[1]; },
    declare: function (name, expr) {
        var scope = chain[chain.length - 1];
        if (expr !== null) { var item = wrapped(expr); scope[name] = item; }
        else if (!(name in scope)) scope[name] = undefined;
    },
    assign: function (name, root, second, expr) {
        var item = wrapped(expr), scope = writable(known(root), root);
        if (name === root) { scope[name] = item; return; }
        if (scope === chain[0] && second !== null && !(second in scope[root]))
            throw new ReferenceError(root + "." + second + " is not defined");
        value("(function(){" + name + "=arguments[0]})")(item);
    },
    clear: function (name) { writable(known(name), name)[name] = undefined; },
    evaluate: function (expr) { return encode(wrapped(expr)); },
    text: function (expr) { return String(wrapped(expr)).toWellFormed(); },
    truth: function (expr) { return !!wrapped(expr); },
    run: function (source, list, lets) {
        var depth = chain.length, scope = chain[depth - 1], blank = make(null), candidates = JSON.parse(list);
        for (var i = 0; i < candidates.length; i++) blank[candidates[i]] = blank;
        var f = scripts[depth] || (scripts[depth] = compile("ringback$chain", "ringback$source", "ringback$blank",
            "ringback$declared", "ringback$lexical",
            "with(ringback$blank)(function(){var ringback$look=function(){return eval(arguments[0])};" + nest(depth) +
            "eval(ringback$source)})()"));
        var after = lets ? "\n;ringback$lexical(function(){return eval(arguments[0])})" : "", before = shown();
        f(chain, "ringback$declared(ringback$look);" + source + after, blank, hoisted(candidates, blank, scope),
            lexical(candidates, scope));
        var now = shown(), changed = "";
        for (var name in now)
            if (typeof now[name] !== "function" && !is(now[name], before[name])) changed += name + " ";
        return changed;
    },
    set: function (name, text, kind) {
        var item = text === null ? undefined : JSON.parse(text);
        var scope = kind === null ? owner(name) : chain[named(kind)];
        (scope === null ? chain[chain.length - 1] : scope)[name] = item;
    },
    page: function (name, maker, text) {
        pages = pages || (0, eval)(maker);
        chain[chain.length - 1][name] = pages(text);
    },
    member: function (path, last, text) { value(path)[last] = text === null ? undefined : JSON.parse(text); },
    exists: function (name) { return owner(name) !== null; },
    vacant: function (list, place) {
        for (var all = JSON.parse(list); place < all.length; place++)
            if (known(all[place])[all[place]] === undefined) break;
        return place;
    },
    names: function (kind) { return stringify(keys(chain[named(kind)])); },
    hold: function (expr) { return held.push(wrapped(expr)) - 1; },
    put: function (name, handle) { chain[chain.length - 1][name] = held[handle]; held[handle] = undefined; }
};
return function (name, a, b, c, d) { return functions[name](a, b, c, d); };
})()
"""
