"""What is wrong with a page as HTML: what the standard's parser complains about, and more that it lets pass.

Source: HTML Living Standard, sections 3.2.5 (content models), 3.2.6 (id), 4 (elements) and 13.2 (parsing). Attributes
are not looked at but for those that refer to ids; which roles fit where is axe's business.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it was last released in 2020
    import html5lib


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEADINGS = _names("h1 h2 h3 h4 h5 h6")
PHRASING = _names(
    """a abbr audio b bdi bdo br button cite code data datalist del dfn em i img input ins kbd label map mark meter
    output picture progress q ruby s samp select small span strong sub sup template textarea time u var video wbr"""
)
FLOW = (
    PHRASING
    | HEADINGS
    | _names(
        """address article aside blockquote details dialog div dl fieldset figure footer form header hgroup hr main menu
    nav ol p pre search section table ul link meta script"""
    )
)
ONLY_PHRASING = HEADINGS | _names(
    "abbr b button cite code dfn em i kbd label mark p pre q s samp small span strong time"
)
INSIDE = dict.fromkeys(ONLY_PHRASING, PHRASING) | {
    "summary": PHRASING | HEADINGS,
    "legend": PHRASING | HEADINGS,
    "div": FLOW | _names("dt dd"),
    "ul": _names("li"),
    "ol": _names("li"),
    "dl": _names("dt dd div"),
    "table": _names("caption colgroup thead tbody tfoot"),
    "thead": _names("tr"),
    "tbody": _names("tr"),
    "tr": _names("th td"),
    "select": _names("option optgroup hr"),
    "details": FLOW | _names("summary"),
    "fieldset": FLOW | _names("legend"),
    "figure": FLOW | _names("figcaption"),
    "head": _names("meta title link script"),
    "html": _names("head body"),
    "textarea": frozenset(),
    "option": frozenset(),
}
INTERACTIVE = _names("a button details input label select textarea summary")
REFERENCES = ("for", "form", "aria-describedby", "aria-labelledby", "aria-errormessage", "aria-controls")


def mistakes(page: str) -> list[str]:
    """What is wrong with a page, or with a part of one, that a server has sent."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    whole = page.lstrip().lower().startswith("<!doctype")
    tree = parser.parse(page) if whole else parser.parseFragment(page)
    errors = [f"line {line}: {code}" for (line, _), code, _ in parser.errors]
    return [*errors, *_misplaced(tree, ()), *_misnamed(tree), *(_unresolved(tree) if whole else ())]


def _misplaced(element: Element, around: tuple[str, ...]) -> Iterator[str]:
    """Elements that stand where they may not; of an SVG and of what a part of a page begins with nothing is said."""
    name = str(element.tag)
    for child in element:
        inner = str(child.tag)
        if inner.startswith("{") or not isinstance(child.tag, str):
            continue
        if name != "DOCUMENT_FRAGMENT" and inner not in INSIDE.get(name, FLOW):
            yield f"<{inner}> in <{name}>"
        if inner in INTERACTIVE and {"a", "button"} & {*around, name}:
            yield f"<{inner}> in a link or button"
        if inner == "form" and "form" in (*around, name):
            yield "<form> in <form>"
        yield from _misplaced(child, (*around, name))


def _misnamed(tree: Element) -> Iterator[str]:
    """Ids that are there twice or can't be any."""
    for name, count in _ids(tree).items():
        if count > 1 or not name or set(name) & set(" \t\n"):
            yield f"id {name!r}, {count} times"


def _unresolved(tree: Element) -> Iterator[str]:
    """References to ids that are not there."""
    ids = _ids(tree)
    for element in tree.iter():
        wanted = [each for attribute in REFERENCES for each in element.get(attribute, "").split()]
        if element.get("href", "").startswith("#"):
            wanted.append(element.get("href", "")[1:])
        yield from (f"<{element.tag}> refers to {each!r}, which is not there" for each in wanted if each not in ids)


def _ids(tree: Element) -> Counter[str]:
    return Counter(element.get("id", "") for element in tree.iter() if element.get("id") is not None)
