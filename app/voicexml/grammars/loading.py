"""Reading a grammar in whatever format it comes: SRGS XML, SRGS ABNF or JSGF, by its type or by how it begins."""

import codecs
import functools
import re
from collections.abc import Callable

from app.voicexml.grammars import builtins, jsgf, srgs_abnf, srgs_xml
from app.voicexml.grammars.grammar import RuleGrammar
from app.voicexml.grammars.linking import Program
from app.voicexml.grammars.rules import VOICE, BadGrammar, Source, UnsupportedFormat

MOST_BYTES = 1_048_576
MOST_SHARED = 256
MOST_SHARED_LENGTH = 4_096
"""How many grammars are kept for the calls that come, and of what length: some 10 MB if all are that long."""

XML, ABNF, JSGF = "xml", "abnf", "jsgf"
TYPES = {
    "application/srgs+xml": XML,
    "application/grammar+xml": XML,
    "application/srgs": ABNF,
    "application/grammar": ABNF,
    "application/x-abnf": ABNF,
    "application/x-jsgf": JSGF,
    "application/jsgf": JSGF,
    "text/x-jsgf": JSGF,
}
"""The media types that say what a grammar is."""
SILENT_TYPES = frozenset(("", "text/plain", "text/xml", "application/xml", "text/x-grammar"))
"""Those that say nothing of it: its beginning is asked."""

_FOREIGN = re.compile(r"(?:application|text)/(?:x-)?(?:(?:nuance-)?gsl|swi-.*|dtmf-.*|regexp?|ngram.*|.*bnf-.*)")
_GSL = re.compile(r"\s*(?:;GSL|\[[^;]*\]\s*\Z)|[^;]*\{\s*(?:<[\w-]+\s|return\s*\()", re.DOTALL)
"""Nuance's format, which old pages write without a type: a list in brackets, or the way in which it fills slots."""
_HEADERS = (
    (re.compile(r"\s*#ABNF\b"), ABNF),
    (re.compile(r"\s*#JSGF\b"), JSGF),
    (re.compile(r"\s*<(?![\w.-]+>\s*=)[?!a-zA-Z]"), XML),
)
_ABNF_RULE = re.compile(r"\$[^\s=]+\s*=")
_ENCODING = re.compile(rb"#(?:ABNF|JSGF)\s+V?[0-9.]+\s+([A-Za-z0-9._-]{1,40})")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def load(
    text: bytes | str,
    *,
    media_type: str = "",
    base: str = "",
    mode: str = VOICE,
    rule: str = "",
    fetch: Callable[[str], bytes] | None = None,
) -> RuleGrammar:
    """A grammar from its text, which may be a serialized ``<grammar>`` of a page, with ABNF or JSGF in it or not.

    ``base`` is the address that references are relative to, ``mode`` holds where the grammar has none, ``rule`` is
    active instead of the root, ``fetch`` gets other documents (what it raises passes through). Raises BadGrammar, and
    UnsupportedFormat for formats that are not read. Calls share a grammar that refers to no other document.
    """
    if len(text) <= MOST_SHARED_LENGTH:
        alone = _alone(text, media_type, mode, rule)
        if alone is not None:
            return alone
    return _load(text, media_type, base, mode, rule, fetch)


class _Refers(Exception):
    """A grammar refers to another document."""


@functools.lru_cache(maxsize=MOST_SHARED)
def _alone(text: bytes | str, media_type: str, mode: str, rule: str) -> RuleGrammar | None:
    """A grammar that is all there is of it; None when it refers to another document."""

    def refuse(address: str) -> bytes:
        raise _Refers

    try:
        return _load(text, media_type, "", mode, rule, refuse)
    except _Refers:
        return None


def _load(
    text: bytes | str, media_type: str, base: str, mode: str, rule: str, fetch: Callable[[str], bytes] | None
) -> RuleGrammar:
    def refer(address: str, kind: str) -> Source:
        if address.startswith("builtin:"):
            return builtins.source(address, source.mode)
        if fetch is None:
            raise BadGrammar(f"the grammar refers to {address}, which can't be fetched")
        return _read(fetch(address), kind, base=address, mode=mode)

    source = _read(text, media_type, base=base, mode=mode)
    if rule and rule != source.root and rule in source.rules and not source.rules[rule].public:
        raise BadGrammar(f"rule {rule} is private")
    return RuleGrammar(Program(source, refer, rule))


def _read(text: bytes | str, media_type: str, *, base: str, mode: str) -> Source:
    if len(text) > MOST_BYTES:
        raise BadGrammar(f"the grammar is longer than {MOST_BYTES} bytes")
    kind, letters = _kind(text, media_type)
    if kind != XML:
        return _read_letters(letters, kind, base=base, mode=mode)
    declared = isinstance(text, bytes)
    element = srgs_xml.parse(text if isinstance(text, bytes) else text.encode("utf-8", "replace"), declared=declared)
    inside = "".join(element.itertext()) if not len(element) else ""
    if not inside.strip():
        return srgs_xml.read(element, base=base, mode=mode)
    mode = element.get("mode", mode)
    kind = _kind(inside, element.get("type") or media_type)[0]
    if kind == XML:
        raise BadGrammar("the grammar's text is XML of its own: write its elements as they are", element.sourceline)
    return _read_letters(inside, kind, base=base, mode=mode)


def _read_letters(letters: str, kind: str, *, base: str, mode: str) -> Source:
    read = srgs_abnf.read if kind == ABNF else jsgf.read
    return read(letters, base=base, mode=mode)


def _kind(text: bytes | str, media_type: str) -> tuple[str, str]:
    """The format of a grammar and its characters. What it says of itself comes before what it is sent as."""
    letters = text if isinstance(text, str) else _decode(text)
    for beginning, kind in _HEADERS:
        if beginning.match(letters):
            return kind, letters
    name = media_type.partition(";")[0].strip().lower()
    if _FOREIGN.fullmatch(name):
        raise UnsupportedFormat(f"grammars of type {name[:80]} are not read: send SRGS or JSGF")
    kind = TYPES.get(name, "")
    if not kind and _GSL.match(letters):
        raise UnsupportedFormat("grammars in GSL are not read: send SRGS or JSGF")
    if kind == XML:
        raise BadGrammar(f"the grammar is sent as {name} and is no XML")
    if kind == ABNF and not _ABNF_RULE.search(letters):
        kind = JSGF  # alternatives alone, which both formats write alike
    return kind or JSGF, letters


def _decode(text: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if text.startswith(mark)), "")
    if not encoding:
        declared = _ENCODING.match(text.lstrip())
        encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        return text.decode(encoding)
    except (LookupError, UnicodeError):
        if text.lstrip()[:1] == b"<":
            return text.decode("latin-1")  # only its beginning is looked at: the XML parser knows its encoding
        raise BadGrammar(f"the grammar is not in {encoding[:40]}") from None
