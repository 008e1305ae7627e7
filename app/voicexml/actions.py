"""Executable content (VoiceXML 2.0 section 5.3): what stands in blocks, filled and handlers, run in document order."""

import json
from collections.abc import Callable

from app.voicexml import data, prompts, transitions
from app.voicexml.conversation import Conversation
from app.voicexml.ecmascript import UNDEFINED
from app.voicexml.elements import Element, name_of, own_text, pieces, words_of
from app.voicexml.events import Event
from app.voicexml.forms import Form
from app.voicexml.leaving import Exit, GoTo, GoToItem, Return
from app.voicexml.playing import play
from app.voicexml.speaking import each_of
from app.voicexml.submitting import names_in, request_of

INITIAL = ("var", "script", "data")
"""What a document or form begins with."""

_BRANCHES = ("elseif", "else")


class Actions:
    """Runs the content of an element of a form. ``reprompts`` says that a reprompt was among it."""

    def __init__(self, conversation: Conversation, form: Form | None) -> None:
        self._conversation = conversation
        self._scopes = conversation.scopes
        self._form = form
        self.reprompts = False
        self._known: dict[str, Callable[[Element], None]] = {
            "assign": self._assign,
            "clear": self._clear,
            "data": lambda element: data.fetch(conversation, element),
            "disconnect": self._disconnect,
            "exit": self._exit,
            "foreach": self._foreach,
            "goto": self._goto,
            "if": self._if,
            "log": self._log,
            "prompt": self._prompt,
            "reprompt": self._reprompt,
            "return": self._return,
            "script": self._script,
            "submit": self._submit,
            "throw": self._throw,
            "var": self._var,
        }

    def initialise(self, element: Element) -> None:
        """A variable, script or data element of a document or form. Raises Event."""
        with self._conversation.running(element):
            self._known[name_of(element)](element)

    def run(self, element: Element) -> None:
        """Everything in an element. Raises Event and Leave."""
        self._run(list(pieces(element)))

    def _run(self, content: list[str | Element]) -> None:
        spoken: list[str | Element] = []
        for piece in content:
            if isinstance(piece, str) or name_of(piece) in prompts.SPEECH:
                spoken.append(piece)
                continue
            self._speak(spoken)
            self._do(piece)
        self._speak(spoken)

    def _do(self, element: Element) -> None:
        self._conversation.limits.count_step()
        action = self._known.get(name_of(element))
        if action is None:
            return  # handlers, grammars and properties are not run here, and what nobody knows is passed over
        with self._conversation.running(element):
            action(element)

    def _speak(self, spoken: list[str | Element]) -> None:
        """Text between other content is a prompt without attributes (section 4.1.2)."""
        if spoken:
            prompts.queue_bare(self._conversation, spoken)
            spoken.clear()

    def _var(self, element: Element) -> None:
        """Section 5.3.1."""
        name, expr = element.get("name", ""), element.get("expr")
        self._scopes.declare(name, expr)
        if expr is not None:
            self._conversation.tell_variable(name)

    def _script(self, element: Element) -> None:
        """Section 5.3.12; what it declares belongs to the scope that it stands in."""
        src = self._conversation.given(element, "src")
        if src is None:
            source = own_text(element)
        else:
            answer = self._conversation.resources.get(self._conversation.wanted(element, src, "script"))
            source = answer.text(element.get("charset", ""))
        for name in self._scopes.run(source):
            self._conversation.tell_variable(name)

    def _assign(self, element: Element) -> None:
        """Section 5.3.2."""
        name = element.get("name", "")
        self._scopes.assign(name, element.get("expr", ""))
        self._conversation.tell_variable(name)

    def _clear(self, element: Element) -> None:
        """Section 5.3.3: variables, and of form items the counters too; all form items when none is named."""
        names = names_in(element)
        if not names and self._form is not None:
            names = [item.name for item in self._form.items]
        for name in names:
            self._scopes.clear(name)
            item = self._form.forget(name.removeprefix("dialog.")) if self._form is not None else None
            if item is None or not item.is_anonymous:
                self._conversation.tell_variable(name)

    def _if(self, element: Element) -> None:
        """Section 5.3.4."""
        branch: list[str | Element] = []
        taken = self._conversation.holds(element)
        for piece in pieces(element):
            if not isinstance(piece, str) and name_of(piece) in _BRANCHES:
                if taken:
                    break
                taken = self._conversation.holds(piece)
            elif taken:
                branch.append(piece)
        self._run(branch)

    def _foreach(self, element: Element) -> None:
        for _ in each_of(self._conversation, element):
            self.run(element)

    def _prompt(self, element: Element) -> None:
        """Section 5.3.5: the count has no meaning here, the cond has."""
        if self._conversation.holds(element):
            prompts.queue_prompt(self._conversation, element)

    def _reprompt(self, element: Element) -> None:
        self.reprompts = True

    def _goto(self, element: Element) -> None:
        """Section 5.3.7."""
        item = self._conversation.given(element, "nextitem")
        if item is not None:
            if self._form is None or not transitions.has_item(self._form.element, item):
                raise Event("error.badfetch", f"the form has no item {item}", element)
            raise GoToItem(item)
        raise GoTo(transitions.find(self._conversation, element, self._conversation.given(element, "next") or ""))

    def _submit(self, element: Element) -> None:
        """Section 5.3.8."""
        names = names_in(element)
        if "namelist" not in element.attrib and self._form is not None:
            names = [item.name for item in self._form.items if item.is_input and not item.is_anonymous]
        url = self._conversation.given(element, "next") or ""
        wanted = request_of(self._conversation, element, url, names)
        raise GoTo(transitions.find(self._conversation, element, url, submitted=wanted))

    def _exit(self, element: Element) -> None:
        """Section 5.3.9."""
        if "expr" in element.attrib:
            value = self._scopes.evaluate(element.get("expr", ""))
            raise Exit(None if value is UNDEFINED else value)
        names = names_in(element)
        raise Exit({name: self._value(name) for name in names} if names else None)

    def _return(self, element: Element) -> None:
        """Section 5.3.10."""
        if not self._conversation.depth:
            raise Event("error.semantic", "return stands outside of a subdialog", element)
        event = self._conversation.given(element, "event") or ""
        message = self._conversation.given(element, "message") or ""
        values = ", ".join(f"{json.dumps(name)}: {name}" for name in names_in(element))
        raise Return(self._scopes.hold(f"({{{values}}})"), event, message)

    def _disconnect(self, element: Element) -> None:
        """Section 5.3.11: the caller is hung up, and the application hears of it as of any hang-up."""
        for name in names_in(element):
            self._value(name)
        play(self._conversation)
        self._conversation.hang_up(by="application")

    def _throw(self, element: Element) -> None:
        """Section 5.2.1."""
        name = self._conversation.given(element, "event") or ""
        raise Event(name, self._conversation.given(element, "message") or "", element)

    def _log(self, element: Element) -> None:
        """Section 5.3.13."""
        text = words_of("".join(_logged(self._conversation, element)))
        if "expr" in element.attrib:
            text = " ".join(filter(None, (text, self._scopes.text(element.get("expr", "")))))
        self._conversation.tell("log", label=element.get("label", ""), text=text)

    def _value(self, name: str) -> object:
        value = self._scopes.get(name)
        return None if value is UNDEFINED else value


def _logged(conversation: Conversation, element: Element) -> list[str]:
    """The text of a log: what stands in it and its values, side by side."""
    said: list[str] = []
    for piece in pieces(element, blank=True):
        if isinstance(piece, str):
            conversation.limits.count_characters(len(piece))
            said.append(piece)
        elif name_of(piece) == "value":
            said.append(conversation.scopes.text(piece.get("expr", "")))
        elif name_of(piece) == "foreach":
            for _ in each_of(conversation, piece):
                said += _logged(conversation, piece)
    return said
