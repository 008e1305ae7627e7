"""The form interpretation algorithm: initialise, then select, collect and process until somebody leaves.

Source: VoiceXML 2.0 appendix C, whose phases are the methods here.
"""

from collections.abc import Callable, Mapping

from app.voicexml import items, prompts
from app.voicexml.actions import INITIAL, Actions
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import ITEMS, Element, children, name_of
from app.voicexml.events import Event
from app.voicexml.forms import Form, Item
from app.voicexml.handling import handle
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
                self._guarded(None, lambda: self._process(items.filled_by(self._conversation, self._form, understood)))
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
        self._conversation.frame.item = item.element if item.element is not self._form.element else None
        with_prompts, self._prompts = self._prompts, True
        self._guarded(item, lambda: self._process(self._collect(item, with_prompts)))
        self._conversation.frame.item = None

    def _guarded(self, item: Item | None, phase: Callable[[], None]) -> None:
        """Run a phase; its events go to their handlers, and a goto to another item says what comes next."""
        visited = item or self._form
        try:
            try:
                with self._conversation.running(visited.element):
                    phase()
            except Event as event:
                with self._conversation.running(visited.element):
                    self._prompts = handle(self._conversation, event, visited.counts, self._form)
        except GoToItem as go:
            self._next, self._prompts = go.item, go.prompts

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

    def _collect(self, item: Item, with_prompts: bool) -> set[str]:
        """Queue the item's prompts and visit it; the names of the items that this filled."""
        self._conversation.limits.count_item()
        if item.kind != "block" and with_prompts:
            chosen = prompts.choose(self._conversation, item.element, item.visits)
            item.visits += 1
            prompts.queue_all(self._conversation, chosen)
        return items.visit(self._conversation, self._form, item)

    def _process(self, just_filled: set[str]) -> None:
        """Run the filled actions that what was just filled triggers, in document order (section 2.4)."""
        if not just_filled:
            return
        for child in children(self._form.element):
            if name_of(child) == "filled":
                if self._is_due(child, just_filled):
                    items.execute(self._conversation, self._form, child)
            elif self._name_of(child) in just_filled:
                for filled in children(child, "filled"):
                    items.execute(self._conversation, self._form, filled)

    def _name_of(self, element: Element) -> str:
        return next((item.name for item in self._form.items if item.element is element), "")

    def _is_due(self, filled: Element, just_filled: set[str]) -> bool:
        names = filled.get("namelist", "").split()
        names = names or [item.name for item in self._form.items if item.is_input]
        if not just_filled & set(names):
            return False
        if filled.get("mode", "all") == "any":
            return True
        return all(self._conversation.scopes.get(name) is not UNDEFINED for name in names)
