"""Running a VoiceXML application for one call, from its first document to the hang-up.

It knows no clock and opens no connection: the caller tells how long things take, ``fetch`` gets what the pages name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.voicexml import document
from app.voicexml.actions import INITIAL, Actions
from app.voicexml.caller import Caller, News
from app.voicexml.conversation import MOST_DEPTH, Conversation, Frame, Tell
from app.voicexml.ecmascript import Scopes, ScriptError
from app.voicexml.elements import children
from app.voicexml.events import Counts, Event
from app.voicexml.fia import Interpreter
from app.voicexml.handling import handle
from app.voicexml.leaving import Exit, GoTo, Return, Target
from app.voicexml.limits import DURATIONS, Durations, Limits, Over
from app.voicexml.playing import play
from app.voicexml.resources import Fetch, Request
from app.voicexml.transitions import begin, first
from app.voicexml.voice import Reckoned, Voice

NO_VARIABLES: Mapping[str, Any] = {}
RECKONED = Reckoned()


@dataclass(frozen=True, slots=True)
class Result:
    """How a conversation went: its ``seconds``, what ``exit`` handed back, and the errors that nobody handled."""

    seconds: float
    value: Any = None
    errors: tuple[str, ...] = ()


def run(
    start: Request,
    caller: Caller,
    fetch: Fetch,
    variables: Mapping[str, Any] = NO_VARIABLES,
    *,
    report: Tell,
    later: Iterable[News] = (),
    voice: Voice = RECKONED,
    durations: Durations = DURATIONS,
) -> Result:
    """Run the application whose first page ``start`` asks for. Raises nothing that a page could cause.

    ``variables`` are those of the session (section 5.1.4), by name, as JSON has them; ``later`` changes them on the
    way; ``report`` is given every event of the conversation as it happens; ``voice`` says the prompts; ``durations`` is
    how long what it waits for may take.
    """
    limits = Limits()
    scopes = Scopes(limits=limits)
    scopes.enter("session")
    for name, value in variables.items():
        scopes.declare(name, None)
        scopes.set(name, value, "session")
    if "connection" in variables:  # it is we who call: the very object, not one that is like it
        scopes.evaluate("session.connection.originator = session.connection.local")
    conversation = Conversation(caller, fetch, scopes, report, Frame(document.NONE), voice, limits, durations)
    for second, name, value in later:
        conversation.at(second, partial(conversation.change, name, value))
    return _Session(conversation).run(start)


class _Session:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._scopes = conversation.scopes
        self._entered = 0
        """How many scopes are inside the session's: the application's two and the document's."""
        conversation.subdialog = self._subdialog

    def run(self, start: Request) -> Result:
        """Until the application is over, whatever ends it; what is queued then is still said (section 4.1.8)."""
        conversation, value = self._conversation, None
        try:
            begin(conversation, start)
        except Event as wrong:
            conversation.tell("throw", name=wrong.name, message=wrong.message)
            if not conversation.gone:
                conversation.fail(wrong.message)
            return self._result(None)
        try:
            try:
                self._dialogs(None, {})
            except Exit as leaving:
                value = leaving.value
            play(conversation)
        except Event:
            pass  # the caller left during the last words
        except (Over, ScriptError) as limit:  # a ScriptError only where no scope can be entered or left any more
            conversation.fail(str(limit))
            conversation.tell("disconnect", by="platform")
            return self._result(value)
        conversation.tell("exit", value=value)
        return self._result(value)

    def _result(self, value: Any) -> Result:
        return Result(self._conversation.seconds, value, tuple(self._conversation.errors))

    def _dialogs(self, target: Target | None, given: Mapping[str, int]) -> None:
        """One dialog after the other, from the page's first one without a target. Raises Exit, Return and Over."""
        while True:
            try:
                target = target or self._first()
                self._enter(target)
                conversation = self._conversation
                understood, conversation.understood = conversation.understood, None
                Interpreter(conversation, target.dialog).run(given, target.item, understood)
            except GoTo as going:
                target, given = going.target, {}

    def _first(self) -> Target:
        try:
            return first(self._conversation)
        except Event as event:  # such as a root that isn't there
            handle(self._conversation, event, Counts(), None)
            raise Exit from event

    def _subdialog(self, target: Target, given: Mapping[str, int]) -> Return:
        """A dialog in an execution context of its own (section 2.3.4), until it returns."""
        conversation, frame, entered = self._conversation, self._conversation.frame, self._entered
        if conversation.depth >= MOST_DEPTH:
            raise Event("error.semantic", f"more than {MOST_DEPTH} subdialogs are inside each other")
        self._scopes.open_context()
        conversation.depth += 1
        conversation.frame, self._entered = Frame(frame.document), 0
        try:
            self._dialogs(target, given)
        except Return as returned:
            return returned
        finally:
            self._scopes.close_context()
            conversation.depth -= 1
            conversation.frame, self._entered = frame, entered
        raise AssertionError  # dialogs go on until somebody leaves

    def _enter(self, target: Target) -> None:
        """Make a document active: its root's variables if they are not there yet, then its own (section 1.5.2).

        Root and document have a scope each. For a document that is its own root the second one is empty, and the name
        ``document`` means the first.
        """
        conversation, scopes = self._conversation, self._scopes
        frame = Frame(target.document, target.root, target.application)
        if target.fresh_root:
            self._leave_scopes(0)
            self._enter_scopes("application", "document")
            scopes.assign("application", "document")
            scopes.declare("lastresult$", None)
            root = target.root or target.document
            self._initialise(Frame(root, None, target.application))
        if target.fresh or target.fresh_root:
            conversation.grammars.clear()
            conversation.properties.clear()
            self._leave_scopes(2)
            self._enter_scopes("document")
            if target.root is None:
                scopes.assign("document", "application")
                conversation.frame = frame
            else:
                self._initialise(frame)
        frame.dialog = target.dialog
        conversation.frame = frame

    def _enter_scopes(self, *names: str) -> None:
        for name in names:
            self._scopes.enter(name)
            self._entered += 1

    def _leave_scopes(self, number: int) -> None:
        """Leave all but ``number`` of them."""
        while self._entered > number:
            self._scopes.leave()
            self._entered -= 1

    def _initialise(self, frame: Frame) -> None:
        """Run a document's variables and scripts, in document order."""
        conversation = self._conversation
        conversation.frame = frame
        actions = Actions(conversation, None)
        try:
            for child in children(frame.document.root, *INITIAL):
                actions.initialise(child)
        except Event as event:
            handle(conversation, event, Counts(), None)
