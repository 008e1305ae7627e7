"""What one call may use up, and its end when it wants more: ``Over``, which no page can catch.

Each number is far beyond what people's applications need, and small enough that a scheduler whose lines are all taken
by hostile ones gets through them. The limits of what is fetched are in ``resources``, those of grammars with them.
"""

from dataclasses import dataclass
from typing import NoReturn

from app.voicexml import processor

MOST_ITEMS = 1000
MOST_STEPS = 20_000
MOST_CHARACTERS = 2_000_000
"""Of all texts and values that scripts hand out and prompts speak: a hundred times what ten minutes of talk are."""
MOST_EXHAUSTED = 3
"""Scripts that took too much time, memory or depth."""
PROCESSOR_SECONDS = 3.0
"""For scripts, grammars and pages together: hundreds of times what a conversation of ten turns takes."""


@dataclass(frozen=True, slots=True)
class Durations:
    """The longest that one fetch of a conversation and one bridged transfer may take, in seconds."""

    fetch: float = 30.0
    transfer: float = 4 * 3600.0


DURATIONS = Durations()


class Over(Exception):
    """The conversation ends here whatever the application wants; the message says which limit, ``place`` where."""

    place = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.place, super().__str__())))


class Limits:
    """What a call has used up. It is counted in the thread that the call is made in, waiting costs nothing.

    Every method raises Over when there is too much of it; once raised, it is raised again by whatever is done next.
    """

    def __init__(self, processor_seconds: float = PROCESSOR_SECONDS) -> None:
        self._processor_seconds = processor_seconds
        self._until = processor.seconds() + processor_seconds
        self._items = self._steps = self._characters = self._exhausted = 0
        self._over: Over | None = None

    def seconds_left(self) -> float:
        """Of processor time; above 0."""
        if self._over is not None:
            raise self._over
        left = self._until - processor.seconds()
        if left <= 0:
            self.end(f"the application took {self._processor_seconds:g} seconds of processor time")
        return left

    def count_item(self) -> None:
        """Another form item or handler: an application that goes in circles."""
        self.seconds_left()
        self._items += 1
        if self._items > MOST_ITEMS:
            self.end(f"the application went through {MOST_ITEMS} form items")

    def count_step(self) -> None:
        """Another bit of executable content."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            self.end(f"the application took {MOST_STEPS} steps")

    def count_characters(self, number: int) -> None:
        """Text or a value, as JSON, that is kept on this side of the engine."""
        self._characters += number
        if self._characters > MOST_CHARACTERS:
            self.end(f"the application's texts and values have more than {MOST_CHARACTERS} characters")

    def count_exhausted(self) -> None:
        """Another script that reached its limits."""
        self._exhausted += 1
        if self._exhausted >= MOST_EXHAUSTED:
            self.end(f"the application's scripts reached their limits {MOST_EXHAUSTED} times")

    def end(self, why: str) -> NoReturn:
        """End the call."""
        self._over = Over(why)
        raise self._over
