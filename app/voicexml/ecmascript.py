"""ECMAScript for one call: the scope chain of VoiceXML 2.0 section 5.1.2 and everything that is evaluated in it.

Values live in JavaScript (a Date stays a Date between two expressions) and cross over as JSON. One ``Scopes`` serves
one call, one thread at a time.
"""

import json
import re

from app.voicexml import dom
from app.voicexml.chain import CHAIN
from app.voicexml.engine import SCRIPT_SECONDS, Engine, ScriptError
from app.voicexml.limits import Limits

__all__ = ["UNDEFINED", "Scopes", "ScriptError", "call_apart", "decoded"]

_IDENTIFIER = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*\Z")
_PATH = re.compile(r"((?:[^\W\d]|\$)[\w$]*)(?:\.((?:[^\W\d]|\$)[\w$]*))?(?:\.[\w$]+|\[[^\]]*\])*\Z")
_BRACKETS = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*"')
_LONE_SURROGATE = re.compile(r"(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}")
MOST_NESTED = 200
"""Of a value that leaves JavaScript: Python reads and writes JSON by recursion."""
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """arguments break case catch class const continue debugger default delete do else enum eval export extends
        false finally for function if import in instanceof new null return super switch this throw true try typeof var
        void while with""",
    )
)


class _Undefined:
    """The type of UNDEFINED, ECMAScript's undefined."""

    def __str__(self) -> str:
        return "undefined"

    __repr__ = __str__

    def __bool__(self) -> bool:
        return False


UNDEFINED = _Undefined()


class Scopes:
    """The scopes of a call, outermost first: session, application, document, dialog, anonymous (section 5.1.2).

    Every method that takes an expression raises ScriptError when the expression fails or breaks a limit: ``seconds`` of
    processor time for one evaluation, ``memory`` bytes for all that is kept; Over when it breaks one of the call's.
    """

    def __init__(
        self, *, seconds: float = SCRIPT_SECONDS, memory: int = 16 * 1024 * 1024, limits: Limits | None = None
    ) -> None:
        self._call = Engine(CHAIN, seconds=seconds, memory=memory, limits=limits).call

    def enter(self, name: str, **_: object) -> None:
        """Push a scope; all but "anonymous" are visible as a variable of that name, until the scope is left."""
        self._call("enter", name)

    def leave(self) -> None:
        """Drop the innermost scope and its variables."""
        self._call("leave")

    def reset(self, name: str) -> None:
        """Put an empty scope in the place of the one of that name."""
        self._call("reset", name)

    def open_context(self) -> None:
        """Set all scopes but the session's aside: a subdialog runs in a context of its own (section 2.3.4)."""
        self._call("aside")

    def close_context(self) -> None:
        """Return to the scopes that were set aside last."""
        self._call("back")

    def declare(self, name: str, expr: str | None) -> None:
        """Declare a variable in the innermost scope (``<var>``, section 5.3.1).

        Without ``expr`` a new one is undefined, and one that the scope has already keeps its value.
        """
        self._call("declare", _checked(name), None if expr is None else _expression(expr))

    def assign(self, name: str, expr: str) -> None:
        """Give a declared variable or a property a new value (``<assign>``, section 5.3.2).

        A variable of the nearest scope that has it, or a path such as ``document.x`` or ``order.items[0]``; one that
        was never declared, and any of the session's, is a ReferenceError.
        """
        path = _PATH.match(name)
        if path is None or path[1] in _RESERVED:
            raise ScriptError("SyntaxError", f"{name!r} is not the name of a variable")
        self._call("assign", name, path[1], path[2], _expression(expr))

    def clear(self, name: str) -> None:
        """Make a declared variable undefined (``<clear>``, section 5.3.3); it may be named with its scope."""
        if "." in name:
            self.assign(name, "undefined")
        else:
            self._call("clear", _checked(name))

    def evaluate(self, expr: str) -> object:
        """The value as JSON knows it (a Date as its ISO text), a function's source text, or UNDEFINED."""
        return decoded(self._call("evaluate", _expression(expr)))

    def text(self, expr: str) -> str:
        """The value as ECMA-262's ToString prints it: what ``<value>`` speaks and a namelist submits."""
        return str(self._call("text", _expression(expr)))

    def truth(self, expr: str) -> bool:
        """Whether a ``cond`` holds."""
        return bool(self._call("truth", _expression(expr)))

    def run(self, source: str) -> list[str]:
        """Run a ``<script>`` (section 5.3.12): what it declares lands in the innermost scope.

        The names of the variables that are another value now; functions, and what changed inside of an object, are not
        among them.
        """
        declares = re.search(r"\b(?:var|function|let|const|class)\b", source)
        candidates = sorted(set(_IDENTIFIER.findall(source)) - _RESERVED) if declares else []
        lets = re.search(r"\b(?:let|const|class)\b", source) is not None
        return str(self._call("run", source, json.dumps(candidates), lets)).split()

    def set(self, name: str, value: object, scope: str | None = None) -> None:
        """Give a variable a JSON-able value or UNDEFINED.

        It is the one of ``scope``, else of the nearest scope that has the name, else a new one of the innermost. In a
        dotted name everything before the last dot has to be an object already.
        """
        text = None if value is UNDEFINED else json.dumps(value)
        path, _, last = name.rpartition(".")
        if not path:
            self._call("set", name, text, scope)
        elif scope is None or scope == "anonymous":
            self._call("member", path, last, text)
        else:
            self._call("member", f"{scope}.{path}", last, text)

    def set_xml(self, name: str, body: bytes) -> None:
        """Declare a variable in the innermost scope that holds XML as a DOM. Raises dom.NotXml."""
        self._call("page", _checked(name), dom.DOM, dom.read(body))

    def get(self, name: str) -> object:
        """The value of a variable; a ReferenceError when it was never declared."""
        return self.evaluate(name)

    def first_undefined(self, names: list[str], place: int) -> int:
        """The place of the first of some variables, from a place on, whose value is undefined; their number if none."""
        return int(self._call("vacant", json.dumps(names), place))

    def exists(self, name: str) -> bool:
        """Whether a variable of this name has been declared in any scope in reach."""
        return bool(self._call("exists", name))

    def names(self, scope: str) -> list[str]:
        """The variables of one scope, in the order of their declaration."""
        return list(json.loads(self._call("names", scope)))

    def hold(self, expr: str) -> int:
        """Evaluate now and keep the value itself for ``put``: how a parameter reaches another context whole."""
        return int(self._call("hold", _expression(expr)))

    def put(self, name: str, handle: int) -> None:
        """Declare a variable in the innermost scope with a value that was held."""
        self._call("put", _checked(name), handle)


def _checked(name: str) -> str:
    """A name that a variable may have, else a SyntaxError: no scope before it, no reserved word (section 5.1.1)."""
    if _NAME.match(name) is None or name in _RESERVED:
        raise ScriptError("SyntaxError", f"{name!r} can't be the name of a variable")
    return name


def _expression(text: str) -> str:
    """An expression without the semicolon that old pages like to end it with."""
    return text.rstrip("; \t\r\n")


def decoded(text: str) -> object:
    """A value out of the chain's own notation: u = undefined, n… = a number that JSON doesn't know, else JSON.

    Raises ScriptError for one that is nested too deeply.
    """
    if text == "u":
        return UNDEFINED
    if text[0] == "n" and text != "null":
        return float(text[1:])
    if text.count("[") + text.count("{") > MOST_NESTED and _depth(text) > MOST_NESTED:
        raise ScriptError("Limit", f"a value is nested more than {MOST_NESTED} deep")
    return json.loads(_LONE_SURROGATE.sub(r"\1\\ufffd", text) if "\\ud" in text else text)


def _depth(text: str) -> int:
    """How deep a value in JSON is nested."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1 if bracket in "]}" else 0
        deepest = max(deepest, depth)
    return deepest


def call_apart(function: str, argument: str, *, seconds: float = SCRIPT_SECONDS) -> str:
    """Call a JavaScript function from text to text in a context that knows nothing of a call: a grammar's tags.

    Raises ScriptError, also when it takes more than ``seconds`` of processor time or 8 MB.
    """
    return str(Engine(function, seconds=seconds, memory=8 * 1024 * 1024).call(argument))
