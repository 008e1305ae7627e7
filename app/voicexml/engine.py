"""The JavaScript engine behind bounds: one function in a context of its own, and what may go wrong in it.

The only module that runs the engine. Texts, numbers and truth values cross over, nothing else; a script can't reach
Python. One engine serves one thread at a time and never survives a fork. Other threads go on while a script runs: the
engine's binding gives Python's lock away meanwhile.
"""

import functools
import threading
from typing import Any

import quickjs  # type: ignore[import-untyped]

from app.voicexml.bounds import BOUNDS
from app.voicexml.interrupt import Interrupt
from app.voicexml.limits import Limits
from app.voicexml.processor import ThreadTime, of_this_thread

SCRIPT_SECONDS = 0.5
"""Processor time of its thread that one script may take; people's take a thousandth."""

_KINDS = ("ReferenceError", "SyntaxError", "TypeError", "RangeError")
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 1.0
"""How long after its end a script may go on without a jump or a call before it has no memory left.

Long enough for whatever is compiled: the engine's compiler breaks when memory runs out.
"""
_LAST_RESORT_SECONDS = 3600.0
"""The engine's own clock, that of the whole process, has to run to be set forward."""

_running: set["Engine"] = set()
"""Those that run a script at this moment, in any thread."""


class ScriptError(Exception):
    """An expression or script failed; ``str()`` is a sentence with JavaScript's own message.

    ``kind`` is "ReferenceError", "SyntaxError", "TypeError" or "RangeError", "Limit" when it took too much time,
    memory or depth, and "Error" for whatever else a script throws.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Engine:
    """A JavaScript function: what ``source`` evaluates to."""

    def __init__(
        self, source: str, *, seconds: float, memory: int, stack: int = 256 * 1024, limits: Limits | None = None
    ) -> None:
        """``seconds`` of processor time for one call, bytes of memory and stack; ``limits`` of all calls together."""
        _start_watch()
        self._seconds = seconds
        self._memory = memory
        self._limits = limits
        self._context = quickjs.Context()
        self._context.set_memory_limit(memory)
        self._context.set_max_stack_size(stack)
        self._context.set_time_limit(_LAST_RESORT_SECONDS)
        self._function = self._context.eval(BOUNDS)(self._context.eval(source))
        self._interrupt = Interrupt(self._context)
        self._lock = threading.Lock()
        self._clock: ThreadTime
        self._allowed: float | None = None
        self._until: float | None = None
        self._looks = 0
        self._dead = False

    def call(self, *arguments: object) -> Any:
        """The function's value. Raises ScriptError whatever goes wrong in it, and Over."""
        if self._limits is None:
            return self._timed(arguments, self._seconds)
        seconds = min(self._seconds, self._limits.seconds_left())
        try:
            value = self._timed(arguments, seconds)
        except ScriptError:
            self._limits.seconds_left()
            raise
        if isinstance(value, str):
            self._limits.count_characters(len(value))
        return value

    def _timed(self, arguments: tuple[object, ...], seconds: float) -> Any:
        if self._dead:
            raise ScriptError("Limit", "no memory is left for scripts")
        self._begin(seconds)
        try:
            for each in arguments:
                if isinstance(each, str):
                    each.encode()  # the engine's binding breaks on half a surrogate pair
            return self._function(*arguments)
        except quickjs.StackOverflow:
            raise ScriptError("Limit", "the script calls itself too deeply") from None
        except quickjs.JSException as failure:
            self._end()
            wrong = self._error(str(failure))
            if self._dead and self._limits is not None:
                self._limits.end(f"the application's variables fill the {self._memory >> 20} MiB that scripts have")
            raise wrong from None
        except UnicodeError:
            raise ScriptError("Error", "a text that is not Unicode can't be used") from None
        finally:
            self._end()

    def _begin(self, seconds: float) -> None:
        self._looks = 0
        self._clock = of_this_thread()
        self._allowed = seconds
        _running.add(self)

    def _end(self) -> None:
        """From here on nobody interrupts, and all of the memory is there again."""
        with self._lock:
            _running.discard(self)
            self._allowed = self._until = None
            if self._looks:
                self._context.set_memory_limit(self._memory)

    def look(self) -> None:
        """End the script that runs if its time is over. Called by the thread that watches, again and again.

        It ends at its next jump or call. One that has none for long, such as a thousand copies of a text of a million
        characters in a row, needs memory: without it the script fails at once. The error that ends it needs a little as
        well, so that every other look lets it have that.
        """
        with self._lock:
            if self._allowed is None:
                return
            if self._until is None:  # the first look: it has run for no longer than there is between two
                self._until = self._clock.seconds() + self._allowed
            late = self._clock.seconds() - self._until
            if late < 0:
                return
            self._looks += 1
            starves = late > _PATIENCE_SECONDS and self._looks % 2
            self._context.set_memory_limit(1 if starves else self._memory)
            self._interrupt.end()

    def _error(self, text: str) -> ScriptError:
        """The engine's report as a ScriptError: "Kind: message" and the lines of its stack."""
        message = text.partition("\n    at ")[0].strip()
        kind, colon, _ = message.partition(": ")
        if self._looks or message == "InternalError: interrupted":
            return ScriptError("Limit", "the script ran for too long")
        if message in ("InternalError: out of memory", "InternalError", "null"):  # there may be no room for the message
            self._dead = not self._breathes()
            return ScriptError("Limit", "the script wants too much memory")
        if message.startswith("InternalError: "):
            return ScriptError("Limit", message)
        return ScriptError(kind if colon and kind in _KINDS else "Error", message.removesuffix("\nundefined"))

    def _breathes(self) -> bool:
        """Whether anything can still be evaluated after memory ran out: what was being built may be gone, or kept."""
        self._context.gc()
        try:
            self._context.eval("(function () { for (var kept = [], i = 0; i < 1000; i++) kept[i] = {i: i} })()")
        except quickjs.JSException:
            return False
        return True


@functools.cache
def _start_watch() -> None:
    threading.Thread(target=_watch, name="scripts", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(_LOOK_SECONDS):
        for engine in list(_running):
            engine.look()
