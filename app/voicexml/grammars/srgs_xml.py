"""Reading the XML form of SRGS 1.0 into the rule tree. Namespaces may be missing; nothing is fetched here."""

import re
from collections.abc import Callable

from lxml import etree

from app.voicexml.grammars.rules import (
    DEEPEST,
    MODES,
    NULL,
    SPECIALS,
    BadGrammar,
    Expansion,
    Rule,
    RuleRef,
    Source,
    Tag,
    Token,
    add_rule,
    check_weight,
    one_of,
    repeated,
    sequence,
)
from app.voicexml.grammars.words import split

_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_SKIPPED = frozenset(("example", "lexicon", "meta", "metadata"))


def parse(text: bytes, *, declared: bool = True) -> etree._Element:
    """The root element of a grammar, in the encoding that it declares, else UTF-8. Raises BadGrammar.

    No entity is expanded and nothing is fetched.
    """
    if _ENTITY.search(text):
        raise BadGrammar("the grammar declares entities: write out what they stand for")
    parser = etree.XMLParser(
        encoding=None if declared else "utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as wrong:
        raise BadGrammar(f"the grammar is not well-formed XML: {wrong.msg}", wrong.lineno) from wrong
    except ValueError as wrong:
        raise BadGrammar(f"the grammar can't be read: {wrong}") from wrong
    if _name(root) != "grammar":
        raise BadGrammar(f"the grammar's root element is {_name(root)}", root.sourceline)
    return root


def read(root: etree._Element, *, base: str, mode: str) -> Source:
    """A grammar element as rules; ``mode`` is what it has unless it says. Raises BadGrammar."""
    check_weight(root.get("weight", "1"), root.sourceline)
    mode = root.get("mode", mode).strip().lower()
    if mode not in MODES:
        raise BadGrammar(f"a grammar has no mode {mode[:40]!r}", root.sourceline)
    rules: dict[str, Rule] = {}
    tags: list[str] = []
    for child in root:
        name = _name(child)
        if name == "rule":
            add_rule(rules, _rule(child, mode), child.sourceline)
        elif name == "tag":
            tags.append(_text(child))
        elif name and name not in _SKIPPED:
            raise BadGrammar(f"a grammar has no {name} in it", child.sourceline)
    name, tag_format = root.get("root", "").strip(), root.get("tag-format", "")
    return Source(rules, name, mode, root.get(_BASE, base), tag_format, tuple(tags))


def _rule(element: etree._Element, mode: str) -> Rule:
    name = element.get("id", "").strip()
    if not name:
        raise BadGrammar("a rule has no id", element.sourceline)
    scope = element.get("scope", "private").strip()
    if scope not in ("private", "public"):
        raise BadGrammar(f"rule {name} has no scope {scope[:40]!r}", element.sourceline)
    return Rule(name, _contents(element, mode, 0), scope == "public")


def _contents(element: etree._Element, mode: str, depth: int) -> Expansion:
    """What an element holds, in order: its texts as tokens between its children."""
    if depth > DEEPEST:
        raise BadGrammar(f"the grammar is nested more than {DEEPEST} deep", element.sourceline)
    parts: list[Expansion | None] = [_token(element.text, mode, element)]
    for child in element:
        name = _name(child)
        reader = _READERS.get(name)
        if reader is not None:
            parts.append(reader(child, mode, depth + 1))
        elif name and name not in _SKIPPED:
            raise BadGrammar(f"a rule has no {name} in it", child.sourceline)
        parts.append(_token(child.tail, mode, child))
    return sequence([part for part in parts if part is not None])


def _token(text: str | None, mode: str, element: etree._Element) -> Token | None:
    if not text or not text.strip():
        return None
    try:
        words = split(text.replace('"', " "), mode)
    except ValueError as wrong:
        raise BadGrammar(str(wrong), element.sourceline) from wrong
    return Token(words) if words else None


def _item(element: etree._Element, mode: str, depth: int) -> Expansion:
    body = _contents(element, mode, depth)
    times = element.get("repeat")
    return body if times is None else repeated(body, times, element.sourceline)


def _one_of(element: etree._Element, mode: str, depth: int) -> Expansion:
    alternatives = []
    for child in element:
        if _name(child) == "item":
            check_weight(child.get("weight", "1"), child.sourceline)
            alternatives.append(_item(child, mode, depth + 1))
        elif _name(child):
            raise BadGrammar(f"a one-of has no {_name(child)} in it, only items", child.sourceline)
    if not alternatives:
        raise BadGrammar("a one-of has no item", element.sourceline)
    return one_of(alternatives)


def _ruleref(element: etree._Element, mode: str, depth: int) -> Expansion:
    special, uri = element.get("special"), element.get("uri", "").strip()
    if special is not None:
        if special not in SPECIALS or uri:
            raise BadGrammar("a ruleref has either a uri or special NULL, VOID or GARBAGE", element.sourceline)
        return SPECIALS[special]
    where, _, name = uri.partition("#")
    if not uri or not (where or name):
        raise BadGrammar("a ruleref has no uri", element.sourceline)
    return RuleRef(name, where, element.get("type", ""))


def _tag(element: etree._Element, mode: str, depth: int) -> Expansion:
    return Tag(_text(element))


def _spoken(element: etree._Element, mode: str, depth: int) -> Expansion:
    return _token(_text(element), mode, element) or NULL


def _text(element: etree._Element) -> str:
    return "".join(str(text) for text in element.itertext())


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


_READERS: dict[str, Callable[[etree._Element, str, int], Expansion]] = {
    "item": _item,
    "one-of": _one_of,
    "ruleref": _ruleref,
    "tag": _tag,
    "token": _spoken,
}
