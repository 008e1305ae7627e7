"""ECMAScript as far as it can be judged without running it: what does not parse, and names that nobody declares."""

import json
import re
from collections.abc import Iterable, Iterator

from app.voicexml.document import Document
from app.voicexml.ecmascript import Scopes, ScriptError, call_apart
from app.voicexml.elements import ITEMS, Element, name_of, own_text
from app.voicexml.linting.application import Application
from app.voicexml.linting.findings import Finding, error, meant, warning
from app.voicexml.linting.resources import Scripts
from app.voicexml.linting.structure import words

_EXPRESSIONS = (
    "aaiexpr", "array", "cond", "destexpr", "eventexpr", "expr", "expritem", "messageexpr", "nameexpr", "srcexpr"
)  # fmt: skip
_PARSE = r"""
(function (texts) {
  return JSON.stringify(JSON.parse(texts).map(function (text) {
    try { (0, eval)("throw null;" + text); } catch (wrong) {
      return wrong === null ? null : [String(wrong), +(/:(\d+):\d+/.exec(wrong.stack) || [0, 1])[1]];
    }
  }));
})
"""
"""Each text is parsed and not run: a program is parsed whole before its first statement, which leaves it."""

_PATH = re.compile(r"\s*([^\W\d][\w$]*|\$[\w$]*)((?:\.[\w$]+|\[\d+\])*)[\s;]*\Z")
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_TEXT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_FREE = re.compile(r"(?<![\w$.])(?<!\.\s)((?:[^\W\d]|\$)[\w$]*)(?!\s*:)\b")
_GUARDED = re.compile(r"function|=>|typeof|/|`|\bnew\b")
"""Expressions with names of their own, with names that need not be there, or whose texts are not to be told apart."""
_GIVEN = frozenset((
    "session", "application", "document", "dialog", "connection", "telephone", "_event", "_message", "_prompt", "_dtmf"
))  # fmt: skip
"""Names that are there without anybody declaring them (VoiceXML 2.0 section 5.1)."""
_NAMELISTS = ("clear", "data", "disconnect", "exit", "return", "subdialog", "submit")


def check(application: Application, page: Document, scripts: Scripts) -> Iterator[Finding]:
    """All findings about the ECMAScript of one document; ``scripts`` are the external ones."""
    unparsed = list(_unparsed(page, scripts))
    yield from unparsed
    yield from _misnamed(page)
    if not application.is_root(page):  # what runs in its documents may use their variables
        lines = {each.line for each in unparsed}
        yield from (each for each in _undeclared(application, page, scripts) if each.line not in lines)


def _unparsed(page: Document, scripts: Scripts) -> Iterator[Finding]:
    found = list(_sources(page, scripts))
    try:
        wrongs = json.loads(call_apart(_PARSE, json.dumps([text for _, _, text in found])))
    except ScriptError:
        return  # so much of it that the engine's limits end it
    for (element, where, _), wrong in zip(found, wrongs, strict=True):
        if wrong is not None:
            message, line = wrong
            if where == "script" and element not in scripts:
                sentence = f"the script does not parse: {message}"
                yield Finding(page.url, (element.sourceline or 1) + line - 1, "error", sentence, "bad-script")
            elif where == "script":
                yield error(page, element, "bad-script", f"{element.get('src')} line {line} does not parse: {message}")
            else:
                yield error(
                    page, element, "bad-script", f"{where}={element.get(where)!r} of <{name_of(element)}>: {message}"
                )


def _sources(page: Document, scripts: Scripts) -> Iterator[tuple[Element, str, str]]:
    """Each piece of ECMAScript: its element, the attribute (or "script"), and a program of it."""
    for element in words(page.root):
        if name_of(element) == "script":
            yield element, "script", scripts.get(element, own_text(element))
        for attribute in _EXPRESSIONS:
            if attribute in element.attrib:
                yield element, attribute, "(" + element.get(attribute, "").rstrip("; \t\r\n") + "\n)"


def _misnamed(page: Document) -> Iterator[Finding]:
    """Names that no variable can have (section 5.1.1)."""
    scopes = Scopes()
    for element in words(page.root):
        if name_of(element) in ("var", "data", *ITEMS) and element.get("name"):
            try:
                scopes.declare(element.get("name", ""), None)
            except ScriptError as wrong:
                yield error(page, element, "variable-name", f"{wrong}: use letters, digits, _ and $")


def _undeclared(application: Application, page: Document, scripts: Scripts) -> Iterator[Finding]:
    """Names that neither the document nor its root declares, where they stand alone or are given a value."""
    root = application.root_of(page)
    if page.application and root is None:
        return
    holders = [page, root] if root is not None else [page]
    texts = [each for holder in holders for each in words(holder.root) if name_of(each) == "script"]
    if any(("src" in each.attrib and each not in scripts) or "srcexpr" in each.attrib for each in texts):
        return
    known = _declared(holders) | {
        name for each in texts for name in _IDENTIFIER.findall(scripts.get(each, own_text(each)))
    }
    scopes = Scopes()
    for element in words(page.root):
        for name, certain in _used(element):
            bare = name.removesuffix("$")
            if {name, bare} & known or _exists(scopes, name):
                continue
            hint = meant(name, known) or ": declare it with <var>"
            finding = error if certain and not _is_branch(element) else warning
            yield finding(page, element, "undeclared-variable", f"nobody declares {name}{hint}")


def _declared(holders: Iterable[Document]) -> set[str]:
    names: set[str] = set(_GIVEN) | {"lastresult$"}
    for holder in holders:
        for element in words(holder.root):
            if name_of(element) in ("var", "data", *ITEMS):
                names.add(element.get("name", ""))
            elif name_of(element) == "foreach":
                names.add(element.get("item", ""))
    return names


def _is_branch(element: Element) -> bool:
    """Whether it may never be its turn."""
    return name_of(element) == "elseif" or next(element.iterancestors("{*}if"), None) is not None


def _used(element: Element) -> Iterator[tuple[str, bool]]:
    """The variables that an element uses, and whether that is certain: one that stands alone is looked up."""
    paths = [element.get(attribute, "") for attribute in _EXPRESSIONS if attribute in element.attrib]
    if name_of(element) == "assign":
        paths.append(element.get("name", ""))
    elif name_of(element) in _NAMELISTS:
        paths += element.get("namelist", "").split()
    for path in paths:
        found = _PATH.match(path)
        if found:
            yield found[1], True
        elif not _GUARDED.search(path):
            yield from ((name, False) for name in _FREE.findall(_TEXT.sub("0", path)))


def _exists(scopes: Scopes, name: str) -> bool:
    """Whether ECMAScript itself has it: undefined, true, Math."""
    try:
        scopes.evaluate(name)
    except ScriptError as wrong:
        return wrong.kind != "ReferenceError"
    return True
