"""The JavaScript that runs the scripts of semantic tags: SISR 1.0 section 3, and the ``$`` of its drafts.

One function of a JSON text with the steps of a derivation; it gives the JSON text of the root rule's value. ``out`` and
``$`` are the rule's value, ``rules`` and ``$name`` those of the rules in it, ``$$`` and ``rules.latest()`` the last one.
Where no tag format asks for strictness, variables that tags set are the slots of an object if nothing else was set.
"""

SISR = r"""
(function (text) {
  "use strict";
  const run = new Function("with (arguments[0]) { eval(arguments[1]) }");
  let apart = ["eval", "arguments"];  // names that are none of a rule's
  const given = JSON.parse(text), words = [], frames = [];
  for (const name of ["performance", "navigator", "queueMicrotask", "gc", "print"]) delete globalThis[name];
  const own = (thing, name) => Object.prototype.hasOwnProperty.call(thing, name);
  const hidden = (thing, name, value) => Object.defineProperty(thing, name, {value, configurable: true, writable: true});

  function said(start) { return words.slice(start).join(given.joint); }

  function frame(name) {
    const f = {name, start: words.length, out: {}, set: false, tags: 0, rules: {}, meta: {}, slots: {}, latest: undefined,
               latestMeta: undefined, any: false};
    hidden(f.rules, "latest", () => f.latest);
    hidden(f.meta, "latest", () => f.latestMeta);
    hidden(f.meta, "current", () => ({text: said(f.start), score: 1}));
    f.scope = new Proxy({}, {
      has: (_, name) => typeof name === "string" && !apart.includes(name) &&
        (special(f, name) || own(f.slots, name) || !(name in globalThis)),
      get: (_, name) => typeof name === "string" ? read(f, name) : undefined,
      set: (_, name, value) => { write(f, name, value); return true; },
      deleteProperty: (_, name) => delete f.slots[name],
    });
    return f;
  }

  function special(f, name) {
    return ["out", "$", "$$", "rules", "meta"].includes(name) || name[0] === "$" && own(f.rules, name.slice(1));
  }

  function read(f, name) {
    if (own(f.slots, name)) return f.slots[name];
    if (name === "out" || name === "$") return f.out;
    if (name === "$$") return f.latest;
    if (name === "rules" || name === "meta") return f[name];
    if (name[0] === "$" && own(f.rules, name.slice(1))) return f.rules[name.slice(1)];
    if (name[0] === "$" && own(f.slots, name.slice(1))) return f.slots[name.slice(1)];
    throw new ReferenceError(name + " is not defined");
  }

  function write(f, name, value) {
    if (name === "out" || name === "$") { f.out = value; f.set = true; }
    else if (name[0] === "$" && name.length > 1) f.slots[name.slice(1)] = value;
    else f.slots[name] = value;
  }

  function value(f, strict) {
    const filled = f.set || f.out !== null && typeof f.out === "object" && Object.keys(f.out).length > 0;
    if (filled || strict && f.tags) return f.out;
    if (Object.keys(f.slots).length) return f.slots;
    return f.any ? f.latest : said(f.start);
  }

  for (const tag of given.tags) (0, eval)(tag);
  frames.push(frame(""));
  for (const [kind, what, strict] of given.steps) {
    const f = frames[frames.length - 1];
    if (kind === "words") words.push(...what);
    else if (kind === "enter") frames.push(frame(what));
    else if (kind === "set") { f.out = what; f.set = true; f.tags++; }
    else if (kind === "run") {
      f.tags++;
      apart = ["eval", "arguments", ...Array.from(what.matchAll(/\bfunction\s+([\w$]+)/g), found => found[1])];
      run(f.scope, what);
    }
    else {
      frames.pop();
      const outer = frames[frames.length - 1];
      outer.latest = outer.rules[f.name] = value(f, strict);
      outer.latestMeta = outer.meta[f.name] = {text: said(f.start), score: 1};
      outer.any = true;
    }
  }
  const result = JSON.stringify(frames[0].latest);
  return result === undefined ? "null" : result;
})
"""
