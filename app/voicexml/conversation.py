"""One running conversation: its time, its caller, its variables, what is queued to be said, and where it stands.

Time is an offset in seconds that prompts, timeouts and input move forward; nothing waits.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from app.voicexml import properties
from app.voicexml.caller import Caller, Heard, Listening
from app.voicexml.document import Document
from app.voicexml.ecmascript import UNDEFINED, Scopes, ScriptError
from app.voicexml.elements import Element, whole
from app.voicexml.events import HANGUP, Event
from app.voicexml.grammars import Grammar
from app.voicexml.leaving import Return, Target
from app.voicexml.limits import DURATIONS, Durations, Limits, Over
from app.voicexml.recording import Recordings
from app.voicexml.resources import Fetch, Resources, Wanted, resolve
from app.voicexml.timed_fetch import TimedFetch
from app.voicexml.voice import Part, Reckoned, Voice

LONGEST_SECONDS = 600.0
INSTANT = 1e-9
"""Seconds that were added up are no exacter."""
MOST_DEPTH = 20
"""Subdialogs inside each other."""

Tell = Callable[[dict[str, Any]], None]
"""Is given each thing that happens: ``at`` (seconds), ``event`` and what belongs to it."""


@dataclass(slots=True)
class Frame:
    """Where the conversation stands: a document, its application root, a dialog and one of its items.

    ``application`` is the address of the root, or of the document when that has none.
    """

    document: Document
    root: Document | None = None
    application: str = ""
    dialog: Element | None = None
    item: Element | None = None

    def page_of(self, element: Element | None) -> Document:
        """The document that an element stands in: the active one or its root."""
        if self.root is not None and element is not None and element.getroottree().getroot() is self.root.root:
            return self.root
        return self.document

    def around(self) -> list[Element]:
        """From the innermost out: whose handlers, properties and grammars hold here."""
        root = self.root.root if self.root is not None else None
        return [each for each in (self.item, self.dialog, self.document.root, root) if each is not None]


@dataclass(slots=True)
class Conversation:
    """What all of the interpreter works on."""

    caller: Caller
    fetch: Fetch
    scopes: Scopes
    report: Tell
    frame: Frame
    voice: Voice = field(default_factory=Reckoned)
    limits: Limits = field(default_factory=Limits)
    durations: Durations = DURATIONS
    seconds: float = 0.0
    bridged: float = 0.0
    """Those of ``seconds`` in which the caller talked to somebody else."""
    bridging: bool = False
    gone: bool = False
    mark: tuple[str, int] | None = None
    """The last mark of what was said last, and the milliseconds from there to the end (VoiceXML 2.1 section 4)."""
    queue: list[Part] = field(default_factory=list)
    parts: int = 0
    """How many prompts and sounds the caller has met."""
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """What happens at a second of the conversation, in their order."""
    typed_ahead: str = ""
    depth: int = 0
    """How many subdialogs deep it is."""
    errors: list[str] = field(default_factory=list)
    """What no handler of the application's took care of."""
    grammars: dict[Element, Grammar] = field(default_factory=dict)
    properties: dict[Element, dict[str, str]] = field(default_factory=dict)
    """What was read of the pages that are active."""
    understood: Any = None
    """What was recognised on the way to the dialog that it belongs to (recognition.Recognized)."""
    recordings: Recordings = field(default_factory=Recordings)
    _fetch: TimedFetch = field(init=False)
    resources: Resources = field(init=False)
    subdialog: Callable[[Target, Mapping[str, int]], Return] = field(init=False)
    """Runs a dialog in a context of its own, with held values by name; session sets it."""

    def __post_init__(self) -> None:
        self._fetch = TimedFetch(self, self.fetch, self.durations.fetch)
        self.resources = Resources(self._fetch.fetch, lambda: self.seconds, self.tell, self._after_fetch)
        if self.caller.beeps_after is not None:
            self.at(self.caller.beeps_after, lambda: self.tell("beep"))

    def at(self, second: float, happens: Callable[[], None]) -> None:
        """Have something happen when the conversation gets to that second."""
        insort(self.due, (second, happens), key=lambda each: each[0])

    def change(self, name: str, value: Any) -> None:
        """Give a session variable a new value."""
        self.scopes.set(name, value, "session")
        self.tell("variable", name=f"session.{name}", value=value)

    def lasts(self, heard: Heard) -> float:
        """How many seconds saying or pressing it still takes."""
        return self.caller.lasts(heard, self.voice)

    def tell(self, event: str, **facts: Any) -> None:
        """Report something that happened, now."""
        self.report({"at": round(self.seconds, 3), "event": event} | facts)

    def tell_variable(self, name: str, **facts: Any) -> None:
        """Report what a variable has become, as JSON has it; why not, for what has no such form."""
        try:
            value = self.scopes.get(name)
        except ScriptError as wrong:
            value = str(wrong)
        self.tell("variable", name=name, value=None if value is UNDEFINED else value, **facts)

    def place(self, element: Element | None) -> str:
        """Where something went wrong: the page's name, and the line if it was in an element."""
        name = urlsplit(self.frame.page_of(element).url).path.rpartition("/")[2]
        return f"{name} line {element.sourceline}" if element is not None else name

    def fail(self, message: str) -> None:
        """Report an error of the application that nothing in it took care of."""
        self.errors.append(message)
        self.tell("error", message=message)

    def pass_time(self, seconds: float) -> None:
        """Let time pass. Raises Event connection.disconnect.hangup when the caller leaves meanwhile, and Over."""
        until = self.seconds + seconds
        self.caller.waits(until)
        leaves = self.caller.leaves_after
        if not self.gone and leaves is not None and until > leaves - INSTANT:
            self._move_to(max(leaves, self.seconds))
            self.hang_up()
        self._move_to(until if not self.gone else self.seconds)
        self._check_time()

    def _check_time(self) -> None:
        """Raises Over when the conversation has lasted as long as one may."""
        if self.left() <= 0:
            self.seconds = min(self.seconds, LONGEST_SECONDS + self.bridged)
            self.limits.end(f"the conversation lasted {LONGEST_SECONDS:.0f} seconds")

    def left(self) -> float:
        """How many seconds the conversation may still last: what is bridged to somebody else does not count."""
        now = self.seconds if self.gone else self.caller.now(self.seconds)
        return LONGEST_SECONDS + self.bridged - self._fetch.seconds - now

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """What passes meanwhile is time in which the caller talks to somebody else."""
        self.bridging = True
        try:
            yield
        finally:
            self.bridging = False

    def _after_fetch(self) -> None:
        """Raises Over when time is up, Event connection.disconnect.hangup when the caller left during the fetch."""
        self._check_time()
        if not self.gone and self._fetch.is_left_alone():
            self._move_to(self.caller.now(self.seconds))
            self.hang_up()

    def catch_up(self) -> None:
        """Let as much time pass as has gone by for a caller whose time runs by itself. Raises as ``pass_time`` does."""
        behind = self.caller.now(self.seconds) - self.seconds
        if behind > 0 and not self.gone:
            self.pass_time(behind)

    def keep_up(self) -> None:
        """Learn what has become known while something was fetched; that the caller left is for whoever waits next."""
        if not self.gone:
            self._move_to(self.caller.now(self.seconds))

    def _move_to(self, until: float) -> None:
        began = self.seconds
        for second, name, value in self.caller.news():
            self.at(second, partial(self.change, name, value))
        while self.due and self.due[0][0] <= until:
            second, happens = self.due.pop(0)
            self.seconds = max(second, self.seconds)
            happens()
        self.seconds = until
        if self.bridging:
            self.bridged += until - began

    def hang_up(self, by: str = "caller") -> None:
        """The caller is gone: what is said from here on nobody hears. Raises the event of section 5.2.6."""
        if not self.gone:
            self.gone = True
            self.tell("disconnect", by=by)
        raise Event(HANGUP, f"the {by} hung up")

    def property(self, name: str) -> str:
        """A property as it holds here (section 6.3.1)."""
        for element in self.frame.around():
            held = self.properties.get(element)
            if held is None:
                held = self.properties[element] = properties.of(element)
            if name in held:
                return held[name]
        return properties.DEFAULTS.get(name, "")

    def duration(self, name: str) -> float:
        """The seconds of a property that is a time. Raises Event error.semantic for one that is none (section 6.3)."""
        return properties.seconds(self.property(name), "error.semantic")

    def wanted(self, element: Element, url: str, kind: str = "document", **more: Any) -> Wanted:
        """Something to fetch for an element: its address, and how old it may be (section 6.1)."""
        given = element.get("maxage") or self.property(f"{kind}maxage")
        stale = element.get("maxstale") or self.property(f"{kind}maxstale")
        timeout = element.get("fetchtimeout")
        return Wanted(
            resolve(self.frame.document.base, url),
            max_age=whole(given, 0) if given else None,
            max_stale=whole(stale, 0),
            seconds=properties.seconds(timeout) if timeout else self.duration("fetchtimeout"),
            **more,
        )

    def listening(
        self, modes: Iterable[str] = ("voice", "dtmf"), *, recording: bool = False, beep: bool = False
    ) -> Listening:
        """What the caller may do: the kinds of input for which there is a grammar and that are switched on."""
        usable = set(modes) & set(self.property("inputmodes").split())
        return Listening(self.seconds, "voice" in usable, "dtmf" in usable, recording=recording, beep=beep)

    @contextmanager
    def running(self, element: Element) -> Iterator[None]:
        """Give the errors inside the element they come from, and what ends the call its place."""
        try:
            try:
                yield
            except ScriptError as wrong:
                raise self.semantic(wrong, element) from wrong
        except Over as limit:
            limit.place = limit.place or self.place(element)
            raise
        except Event as event:
            if event.element is None:
                event.element = element
            raise

    def semantic(self, wrong: ScriptError, element: Element | None) -> Event:
        """The event of a script that failed. Raises Over when too many of them have reached their limits."""
        if wrong.kind == "Limit":
            self.limits.count_exhausted()
        return Event("error.semantic", str(wrong), element)

    def holds(self, element: Element) -> bool:
        """Whether its cond is true; it is when there is none."""
        condition = element.get("cond")
        if condition is None:
            return True
        with self.running(element):
            return self.scopes.truth(condition)

    def given(self, element: Element, name: str) -> str | None:
        """A text attribute, or what its twin evaluates to (``next`` and ``expr``, ``src`` and ``srcexpr``)."""
        if name in element.attrib:
            return element.get(name)
        for twin in _TWINS.get(name, (f"{name}expr",)):
            if twin in element.attrib:
                with self.running(element):
                    return self.scopes.text(element.get(twin, ""))
        return None


_TWINS = {"next": ("expr",), "src": ("srcexpr", "expr"), "nextitem": ("expritem",)}
