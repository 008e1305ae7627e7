"""A form as it is being filled: items, counters, choices; a menu seen as a form (VoiceXML 2.0 sections 2.1, 2.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.voicexml import properties
from app.voicexml.elements import ITEMS, Element, children, name_of, pieces, words_of
from app.voicexml.events import Counts

INPUT_ITEMS = frozenset(("field", "record", "transfer", "subdialog", "object"))


@dataclass(slots=True)
class Item:
    """A form item. ``name`` is its variable's, made up when the page gives none."""

    element: Element
    name: str
    is_anonymous: bool
    visits: int = 1
    """The prompt counter (section 4.1.6)."""
    counts: Counts = field(default_factory=Counts)

    @property
    def kind(self) -> str:
        return name_of(self.element)

    @property
    def is_input(self) -> bool:
        return self.kind in INPUT_ITEMS

    @property
    def slot(self) -> str:
        """Which property of an interpretation fills it (section 3.1.6.1)."""
        return self.element.get("slot", self.name)


@dataclass(slots=True)
class Form:
    """A form, or a menu, which is a form of one item: itself."""

    element: Element
    items: list[Item]
    counts: Counts = field(default_factory=Counts)

    @classmethod
    def read(cls, element: Element) -> "Form":
        elements: Iterable[Element] = children(element, *ITEMS) if name_of(element) == "form" else (element,)
        items = []
        for place, each in enumerate(elements):
            name = each.get("name") if name_of(each) in ITEMS else None
            items.append(Item(each, name or f"anonymous${place}", name is None))
        return cls(element, items)

    @property
    def is_menu(self) -> bool:
        return name_of(self.element) == "menu"

    def item(self, name: str) -> Item | None:
        return next((item for item in self.items if item.name == name), None)

    def forget(self, name: str) -> Item | None:
        """Set an item's prompt and event counters back (section 5.3.3); the item, if there is one of that name."""
        item = self.item(name)
        if item is not None:
            item.visits = 1
            item.counts = Counts()
        return item


def choices_of(holder: Element) -> list[tuple[str, str]]:
    """The phrase and the key (empty: none) of each choice of a menu or option of a field."""
    given_out = iter("123456789") if properties.is_true(holder.get("dtmf", "")) else iter(())
    found = []
    for each in children(holder, "choice", "option"):
        key = each.get("dtmf") or next(given_out, "")
        found.append((words_of("".join(_texts(each))), "".join(key.split())))
    return found


def _texts(element: Element) -> Iterator[str]:
    for piece in pieces(element):
        if isinstance(piece, str):
            yield piece
        elif name_of(piece) != "grammar":
            yield from _texts(piece)
