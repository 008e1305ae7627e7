"""Handling an event: by a handler around the place where it was thrown, else as the platform does (section 5.2)."""

from app.voicexml.actions import Actions
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import ScriptError
from app.voicexml.events import Counts, Event, Handler, handlers_in, select
from app.voicexml.forms import Form
from app.voicexml.leaving import Exit, GoToItem, Return

_GO_ON = {"noinput": True, "nomatch": True, "help": True, "maxspeechtimeout": True, "cancel": False}
"""The defaults of section 5.2.5 after which the dialog goes on, and whether they reprompt; all others exit."""


def handle(conversation: Conversation, event: Event, counts: Counts, form: Form | None) -> bool:
    """Run the handler of an event and of those that it throws itself; whether to reprompt. Raises Leave and Over."""
    while True:
        conversation.limits.count_item()
        counts.add(event.name)
        _tell(conversation, event)
        try:
            handler = select(_handlers(conversation, event), event.name, counts)
            if handler is None:
                return _by_default(conversation, event)
            return _run(conversation, handler, event, form)
        except Event as another:
            event = another


def _handlers(conversation: Conversation, event: Event) -> list[Handler]:
    """All handlers in scope for it whose cond holds, innermost first."""
    return [
        handler
        for element in conversation.frame.around()
        for handler in handlers_in(element)
        if handler.matched(event.name) is not None and conversation.holds(handler.element)
    ]


def _run(conversation: Conversation, handler: Handler, event: Event, form: Form | None) -> bool:
    """As if the handler stood where the event was thrown (section 5.2.4), with _event and _message."""
    actions = Actions(conversation, form)
    conversation.scopes.enter("anonymous")
    try:
        conversation.scopes.declare("_event", None)
        conversation.scopes.declare("_message", None)
        conversation.scopes.set("_event", event.name, "anonymous")
        if event.message:
            conversation.scopes.set("_message", event.message, "anonymous")
        with conversation.running(handler.element):
            actions.run(handler.element)
    except ScriptError as wrong:
        raise conversation.semantic(wrong, handler.element) from wrong
    except GoToItem as going:
        going.prompts = actions.reprompts
        raise
    finally:
        conversation.scopes.leave()
    return actions.reprompts


def _by_default(conversation: Conversation, event: Event) -> bool:
    if event.name in _GO_ON:
        return _GO_ON[event.name]
    if event.outward and conversation.depth:
        raise Return(event=event.name, message=event.message)
    if event.is_error:
        conversation.fail(": ".join(filter(None, (event.name, conversation.place(event.element), event.message))))
    raise Exit


def _tell(conversation: Conversation, event: Event) -> None:
    facts: dict[str, object] = {
        "name": event.name,
        "message": event.message,
        "document": conversation.frame.page_of(event.element).url,
    }
    if event.element is not None:
        facts["line"] = event.element.sourceline
    conversation.tell("throw", **facts)
