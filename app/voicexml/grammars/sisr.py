"""The JavaScript that runs the scripts of semantic tags: SISR 1.0 section 3, and the ``$`` of its drafts.

One function of a JSON text with the steps of a derivation; it gives the JSON text of the root rule's value. ``out``,
``$`` and ``this`` are the rule's value, ``rules`` and ``$name`` those of the rules in it, ``$$`` and ``rules.latest()``
the last.
Where no tag format asks for SISR, variables that tags set are the slots of an object if nothing else was set.
"""

SISR = r"""
(function (text) {
  "use strict";
  for (const name of ["performance", "navigator", "queueMicrotask", "gc", "print"]) delete globalThis[name];
  const run = new Function("with (arguments[0]) { eval(arguments[1]) }");
  const given = JSON.parse(text), words = [], frames = [];
  const taken = ["out", "rules", "meta", "$", "$$", "eval", "arguments"];
  const assigned = /(?<![.\w$])([A-Za-z_$][\w$]*)\s*(?:[-+*\/%&|^]?=(?!=)|\+\+|--)/g;
  const own = (thing, name) => Object.prototype.hasOwnProperty.call(thing, name);
  const hidden = (thing, name, value) =>
    Object.defineProperty(thing, name, {value, configurable: true, writable: true});
  const said = start => words.slice(start).join(given.joint);

  function frame(name) {
    const f = {name, start: words.length, out: {}, set: false, tags: 0, latest: undefined, latestMeta: undefined,
               any: false, last: undefined, rules: {}, meta: {}, slots: [], scope: Object.create(null)};
    const value = {get: () => f.out, set: value => { f.out = value; f.set = true; }};
    hidden(f.rules, "latest", () => f.latest);
    hidden(f.meta, "latest", () => f.latestMeta);
    hidden(f.meta, "current", () => ({text: said(f.start), score: 1}));
    Object.defineProperties(f.scope, {out: value, $: value, $$: {get: () => f.latest},
                                      rules: {get: () => f.rules}, meta: {get: () => f.meta}});
    return f;
  }

  // What a tag sets has to be there before it runs: with() finds only what its object has.
  function declare(f, code) {
    for (const [, name] of code.matchAll(assigned)) {
      if (taken.includes(name) || own(f.scope, name) || name in globalThis) continue;
      const slot = name[0] === "$" ? name.slice(1) : name;
      if (!own(f.scope, slot)) { f.scope[slot] = undefined; f.slots.push(slot); }
      if (slot !== name) refer(f, name, slot);
    }
  }

  function refer(f, name, slot) {
    const get = () => own(f.scope, slot) && f.scope[slot] !== undefined ? f.scope[slot] : f.rules[slot];
    if (!own(f.scope, name)) Object.defineProperty(f.scope, name, {get, set: value => { f.scope[slot] = value; }});
  }

  function value(f, strict) {
    const filled = f.set || f.out !== null && typeof f.out === "object" && Object.keys(f.out).length > 0;
    if (filled || strict && f.tags) return f.out;
    const slots = f.slots.filter(name => f.scope[name] !== undefined);
    if (slots.length) return Object.fromEntries(slots.map(name => [name, f.scope[name]]));
    return f.any ? f.last : said(f.start);
  }

  function leave(f, outer, strict) {
    outer.latest = outer.rules[f.name] = value(f, strict);
    if (strict || f.tags || f.any) { outer.last = outer.latest; outer.any = true; }
    outer.latestMeta = outer.meta[f.name] = {text: said(f.start), score: 1};
    refer(outer, "$" + f.name, f.name);
  }

  for (const tag of given.tags) (0, eval)(tag);
  frames.push(frame(""));
  for (const [kind, what, strict] of given.steps) {
    const f = frames[frames.length - 1];
    if (kind === "words") words.push(...what);
    else if (kind === "enter") frames.push(frame(what));
    else if (kind === "set") { f.out = what; f.set = true; f.tags++; }
    else if (kind === "run") { f.tags++; declare(f, what); run.call(f.out, f.scope, what); }
    else { frames.pop(); leave(f, frames[frames.length - 1], strict); }
  }
  const result = JSON.stringify(frames[0].latest);
  return result === undefined ? "null" : result;
})
"""
