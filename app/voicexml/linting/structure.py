"""The rules that one document can be held against by itself: its words, where they stand, what they may not combine."""

from collections.abc import Iterator

from lxml import etree

from app.voicexml import exclusions
from app.voicexml.document import NAMESPACE, VERSIONS, Document
from app.voicexml.elements import Element, children, name_of, own_text, words_of
from app.voicexml.linting import values
from app.voicexml.linting.findings import Finding, error, meant, warning
from app.voicexml.linting.vocabulary import ATTRIBUTES, CONTENT, OPAQUE, WITH_TEXT
from app.voicexml.prompts import SPEECH

_REPLACED = {
    "div": "p or s",
    "dtmf": 'grammar with mode="dtmf"',
    "emp": "emphasis",
    "pros": "prosody",
    "sayas": "say-as",
}
"""Elements of VoiceXML 1.0, and what came after them."""


def check(page: Document) -> Iterator[Finding]:
    """All findings about one document as it stands."""
    root = page.root
    version = root.get("version")
    if version not in VERSIONS:
        said = f"version {version!r} of VoiceXML is not read" if version else "<vxml> has no version"
        yield error(page, root, "version", f'{said}: write version="2.1"')
    for line, rule in exclusions.broken(root):
        yield Finding(page.url, line, "error", rule, "refused-page")
    for element in words(root):
        yield from _attributes(page, element)
        yield from values.of_attributes(page, element)
        yield from _content(page, element)
        if name_of(element) == "property":
            yield from values.of_property(page, element)
        elif name_of(element) == "prompt":
            yield from _prompt(page, element)


def words(element: Element) -> Iterator[Element]:
    """An element and those in it that the interpreter looks at: known, where they may stand, not another language's."""
    yield element
    if name_of(element) not in OPAQUE:
        known = CONTENT.get(name_of(element), frozenset())
        for child in children(element):
            if name_of(child) in known and _is_ours(child):
                yield from words(child)


def _is_ours(element: Element) -> bool:
    """Not an extension of somebody else's; pages without a namespace are read as well."""
    return etree.QName(element).namespace in (None, NAMESPACE) or name_of(element) in SPEECH


def _content(page: Document, element: Element) -> Iterator[Finding]:
    name = name_of(element)
    if name in OPAQUE:
        return
    for child in children(element):
        inner = name_of(child)
        if not _is_ours(child):
            continue
        if inner not in ATTRIBUTES:
            instead = f", write {_REPLACED[inner]}" if inner in _REPLACED else meant(inner, ATTRIBUTES)
            yield warning(page, child, "unknown-element", f"<{inner}> is not VoiceXML and is passed over{instead}")
        elif inner not in CONTENT.get(name, frozenset()):
            yield warning(page, child, "misplaced-element", f"<{inner}> can't stand in <{name}>{_belongs(inner)}")
    text = words_of(own_text(element))
    if text and name not in WITH_TEXT:
        yield warning(
            page, element, "misplaced-text", f"the text {text[:30]!r} in <{name}> is not spoken: put it into a <prompt>"
        )


def _belongs(name: str) -> str:
    """Where an element may stand."""
    holders = [holder for holder, content in CONTENT.items() if name in content and holder not in SPEECH]
    return f": it belongs into {' or '.join(f'<{holder}>' for holder in holders[:3])}" if holders else ""


def _attributes(page: Document, element: Element) -> Iterator[Finding]:
    name = name_of(element)
    known = ATTRIBUTES[name]
    for attribute in map(str, element.attrib):
        if attribute not in known and not attribute.startswith("{"):
            yield warning(
                page, element, "unknown-attribute", f"<{name}> has no attribute {attribute}{meant(attribute, known)}"
            )
    if name in _NEEDED and _NEEDED[name] not in element.attrib:
        yield warning(page, element, "missing-attribute", f"<{name}> needs the attribute {_NEEDED[name]}")


_NEEDED = {"lexicon": "uri", "object": "classid", "phoneme": "ph", "say-as": "interpret-as", "sub": "alias"}
"""What the schema asks for beyond what the interpreter refuses a page for."""


def _prompt(page: Document, prompt: Element) -> Iterator[Finding]:
    """A prompt with nothing in it is useful for its timeout, or as the silent one of a count."""
    if not words_of(own_text(prompt)) and not children(prompt) and not {"timeout", "count"} & set(prompt.attrib):
        what = ", and bargein has no effect" if "bargein" in prompt.attrib else ""
        yield warning(page, prompt, "empty-prompt", f"the prompt is empty{what}: write what it says or leave it out")
