"""Visiting a form item: what each kind does when its turn comes, and what it fills (VoiceXML 2.0 section 2.3)."""

from collections.abc import Callable
from typing import Any

from app.voicexml import calling, prompts, transitions
from app.voicexml.actions import Actions
from app.voicexml.active import Active, grammars_for
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED, ScriptError
from app.voicexml.elements import Element, children, name_of
from app.voicexml.events import Event
from app.voicexml.forms import Form, Item
from app.voicexml.leaving import GoTo, Target
from app.voicexml.recognition import Recognized, listen
from app.voicexml.record import record

Filled = set[str]


def visit(conversation: Conversation, form: Form, item: Item) -> Filled:
    """Let an item do its work; the names of the items that were filled. Raises Event and Leave."""
    return _VISITS[item.kind](conversation, form, item)


def execute(conversation: Conversation, form: Form, element: Element) -> None:
    """Run the content of an element in a scope of its own."""
    conversation.scopes.enter("anonymous")
    try:
        with conversation.running(element):
            Actions(conversation, form).run(element)
    finally:
        conversation.scopes.leave()


def _block(conversation: Conversation, form: Form, item: Item) -> Filled:
    """Section 2.3.2: its variable is true before its content runs."""
    conversation.scopes.set(item.name, True, "dialog")
    execute(conversation, form, item.element)
    return set()


def _asking(conversation: Conversation, form: Form, item: Item) -> Filled:
    """A field, an initial or a menu: listen."""
    active = grammars_for(conversation, item.element)
    if not active:
        raise Event("error.semantic", "nothing could be said here: no grammar is active", item.element)
    return filled_by(conversation, form, listen(conversation, active, prompts.timeout(conversation)))


def filled_by(conversation: Conversation, form: Form, understood: Recognized) -> Filled:
    """Give what was understood to whom it belongs: a field, all fields of the form, a link, a choice, a dialog."""
    owner = understood.active.owner
    if owner is None:
        raise Event(understood.active.event, "a universal command")
    if owner is form.element and not form.is_menu:
        return _slots(conversation, form, understood)
    for item in form.items:
        if item.element is owner:
            _fill(conversation, item, _value_for(item, understood.interpretation), understood)
            return {item.name}
    if name_of(owner) in ("link", "choice"):
        _follow(conversation, owner, understood.active)
    _change_dialog(conversation, owner, understood)
    raise AssertionError  # both have raised


def _value_for(item: Item, interpretation: Any) -> Any:
    """Section 3.1.6.2: the property named as the slot, else all of it."""
    value = _slot(interpretation, item)
    return interpretation if value is UNDEFINED else value


def _slot(interpretation: Any, item: Item) -> Any:
    """The property that an item's slot names, with dots for one inside another; UNDEFINED when there is none."""
    value = interpretation
    for name in item.slot.split("."):
        if not isinstance(value, dict) or name not in value:
            return UNDEFINED
        value = value[name]
    return value


def _slots(conversation: Conversation, form: Form, understood: Recognized) -> Filled:
    """Section 3.1.6.1: a grammar of the form fills each item that has a slot in the interpretation.

    Its initial items are done when that fills any (section 2.3.3).
    """
    found = {item.name: _slot(understood.interpretation, item) for item in form.items if item.is_input}
    filled = {name for name, value in found.items() if value is not UNDEFINED}
    for item in form.items:
        if item.name in filled:
            _fill(conversation, item, found[item.name], understood)
        elif item.kind == "initial" and filled:
            conversation.scopes.set(item.name, True, "dialog")
    return filled


def _fill(conversation: Conversation, item: Item, value: Any, understood: Recognized) -> None:
    conversation.scopes.set(item.name, value, "dialog")
    conversation.scopes.set(f"{item.name}$", understood.shadow(), "dialog")
    conversation.tell("variable", name=item.name, value=value, slot=item.slot)


def _follow(conversation: Conversation, element: Element, active: Active) -> None:
    """A link or choice was meant (sections 2.2.2, 2.5): throw its event or go where it leads."""
    with conversation.running(element):
        event = conversation.given(element, "event")
        if event is not None:
            raise Event(event, conversation.given(element, "message") or "", element)
        url = conversation.given(element, "next") or ""
        raise GoTo(transitions.find(conversation, element, url, base=active.base))


def _change_dialog(conversation: Conversation, dialog: Element, understood: Recognized) -> None:
    """A grammar with document scope of a dialog that is not active (section 3.1.3): go there with what was said."""
    if name_of(dialog) == "choice" or dialog.getparent() is None:
        raise Event("error.semantic", "there is no such dialog", dialog)
    frame = conversation.frame
    here = dialog.getroottree().getroot() is frame.document.root
    page = frame.document if here else frame.root or frame.document
    root = frame.root if here else None
    target = Target(page, root, dialog, frame.application, fresh=not here)
    conversation.understood = understood
    raise GoTo(target)


def _object(conversation: Conversation, form: Form, item: Item) -> Filled:
    """Section 2.3.5: this platform has no objects."""
    raise Event("error.unsupported.objectname", f"there is no object {item.element.get('classid', '')}", item.element)


def _subdialog(conversation: Conversation, form: Form, item: Item) -> Filled:
    """Section 2.3.4: a dialog in a context of its own; what it returns are properties of the item's variable."""
    with conversation.running(item.element):
        given = {param.get("name", ""): _param(conversation, param) for param in children(item.element, "param")}
        target = calling.target_of(conversation, item.element)
    returned = conversation.subdialog(target, given)
    if returned.event:
        raise Event(returned.event, returned.message, item.element)
    conversation.scopes.put(item.name, returned.held)
    conversation.tell_variable(item.name)
    return {item.name}


def _param(conversation: Conversation, param: Element) -> int:
    """A parameter (section 6.4.1), held until the subdialog declares it."""
    if "value" in param.attrib:
        conversation.scopes.enter("anonymous")
        conversation.scopes.declare("value", None)
        conversation.scopes.set("value", param.get("value"), "anonymous")
        try:
            return conversation.scopes.hold("value")
        finally:
            conversation.scopes.leave()
    try:
        return conversation.scopes.hold(param.get("expr", ""))
    except ScriptError as wrong:
        raise conversation.semantic(wrong, param) from wrong


def _transfer(conversation: Conversation, form: Form, item: Item) -> Filled:
    value, shadow = calling.transfer(conversation, item.element)
    return _keep(conversation, item, value, shadow)


def _record(conversation: Conversation, form: Form, item: Item) -> Filled:
    def kept(value: Any, shadow: dict[str, Any]) -> None:
        _keep(conversation, item, value, shadow)

    instead = record(conversation, item.element, prompts.timeout(conversation), kept)
    return {item.name} if instead is None else filled_by(conversation, form, instead)


def _keep(conversation: Conversation, item: Item, value: Any, shadow: dict[str, Any]) -> Filled:
    conversation.scopes.set(item.name, value, "dialog")
    conversation.scopes.set(f"{item.name}$", shadow, "dialog")
    conversation.tell("variable", name=item.name, value=value)
    return {item.name}


_VISITS: dict[str, Callable[[Conversation, Form, Item], Filled]] = {
    "block": _block,
    "field": _asking,
    "initial": _asking,
    "menu": _asking,
    "object": _object,
    "record": _record,
    "subdialog": _subdialog,
    "transfer": _transfer,
}
