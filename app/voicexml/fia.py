"""The form interpretation algorithm: initialise, then select, collect and process until somebody leaves.

Source: VoiceXML 2.0 appendix C, whose phases are the methods here.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from app.voicexml import items, prompts
from app.voicexml.actions import INITIAL, Actions
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import ITEMS, Element, children, name_of
from app.voicexml.events import Event
from app.voicexml.forms import Form, Item
from app.voicexml.handling import handle
from app.voicexml.items import Filled
from app.voicexml.leaving import Exit, GoToItem
from app.voicexml.recognition import Recognized


class Interpreter:
    """One visit of a form or menu."""

    def __init__(self, conversation: Conversation, dialog: Element) -> None:
        self._conversation = conversation
        self._form = Form.read(dialog)
        self._next = ""
        self._prompts = True
        """False after a handler that didn't reprompt."""

    def run(self, given: Mapping[str, int], item: str = "", understood: Recognized | None = None) -> None:
        """Until a Leave is raised. ``given`` are a subdialog's parameters, ``item`` is where to begin.

        ``understood`` is what made the form active from another one, if its grammar did.
        """
        self._conversation.scopes.enter("dialog")
        self._next = item
        try:
            self._guarded(None, lambda: self._initialise(given))
            if understood is not None:
                just_filled: Filled = set()
                self._guarded(
                    None, lambda: just_filled.update(items.filled_by(self._conversation, self._form, understood))
                )
                self._process(just_filled)
            while True:
                self._loop()
        finally:
            self._conversation.scopes.leave()

    def _loop(self) -> None:
        """One turn of the main loop."""
        selected: list[Item | None] = []
        self._guarded(None, lambda: selected.append(self._select()))
        if not selected:
            return
        item = selected[0]
        if item is None:
            raise Exit
        with_prompts, self._prompts = self._prompts, True
        just_filled: Filled = set()
        self._guarded(item, lambda: just_filled.update(self._collect(item, with_prompts)))
        self._process(just_filled)

    def _guarded(self, item: Item | None, phase: Callable[[], None]) -> bool:
        """Run a phase of an item, else of the form; whether nothing came in between.

        Its events are counted and handled there (section 5.2.2), and a goto to another item says what comes next.
        """
        visited = item or self._form
        self._conversation.frame.item = visited.element if visited.element is not self._form.element else None
        try:
            try:
                with self._conversation.running(visited.element):
                    phase()
            except Event as event:
                with self._conversation.running(visited.element):
                    self._prompts = handle(self._conversation, event, visited.counts, self._form)
                return False
        except GoToItem as go:
            self._next, self._prompts = go.item, go.prompts
            return False
        return True

    def _initialise(self, given: Mapping[str, int]) -> None:
        """Variables, scripts and items, in document order (section 2.1.6.1)."""
        actions, scopes = Actions(self._conversation, self._form), self._conversation.scopes
        unused = set(given)
        for child in children(self._form.element, *INITIAL, *(() if self._form.is_menu else ITEMS)):
            name = child.get("name", "")
            if name_of(child) in ITEMS:
                with self._conversation.running(child):
                    scopes.declare(self._name_of(child), child.get("expr"))
            elif name_of(child) == "var" and name in given:
                scopes.put(name, given[name])
                self._conversation.tell_variable(name)
                unused.discard(name)
            else:
                actions.initialise(child)
        if unused:
            names = ", ".join(sorted(unused))
            raise Event("error.semantic", f"no var takes the parameter {names}", self._form.element, outward=True)

    def _select(self) -> Item | None:
        """The item that a goto named, else the first one without a value whose cond holds."""
        wanted, self._next = self._next, ""
        if wanted:
            return self._form.item(wanted)
        items = self._form.items
        if self._form.is_menu:
            return items[0]
        names, place = [item.name for item in items], 0
        while (place := self._conversation.scopes.first_undefined(names, place)) < len(items):
            if self._conversation.holds(items[place].element):
                return items[place]
            place += 1
        return None

    def _collect(self, item: Item, with_prompts: bool) -> Filled:
        """Queue the item's prompts and visit it; the names of the items that this filled."""
        self._conversation.limits.count_item()
        if item.kind != "block" and with_prompts:
            chosen = prompts.choose(self._conversation, item.element, item.visits)
            item.visits += 1
            prompts.queue_all(self._conversation, chosen)
        return items.visit(self._conversation, self._form, item)

    def _process(self, just_filled: Filled) -> None:
        """Run the filled actions that what was just filled triggers, until one leads elsewhere (section 2.4)."""
        for item, filled in self._triggered(just_filled):
            if not self._guarded(item, partial(items.execute, self._conversation, self._form, filled)):
                break

    def _triggered(self, just_filled: Filled) -> Iterator[tuple[Item | None, Element]]:
        """Filled actions in document order, each with its item; None: it is the form's."""
        if not just_filled:
            return
        of_element = {item.element: item for item in self._form.items if item.name in just_filled}
        for child in children(self._form.element):
            if name_of(child) == "filled":
                if self._is_due(child, just_filled):
                    yield None, child
            elif child in of_element:
                for filled in children(child, "filled"):
                    yield of_element[child], filled

    def _name_of(self, element: Element) -> str:
        return next((item.name for item in self._form.items if item.element is element), "")

    def _is_due(self, filled: Element, just_filled: Filled) -> bool:
        names = filled.get("namelist", "").split()
        names = names or [item.name for item in self._form.items if item.is_input]
        if not just_filled & set(names):
            return False
        if filled.get("mode", "all") == "any":
            return True
        return all(self._conversation.scopes.get(name) is not UNDEFINED for name in names)
