"""Ends a script from another thread: its engine then looks at its clock at the next jump or call, and finds it over.

The engine looks by itself every 10,000 jumps and calls only, and each of those can be a function of the engine that
goes through megabytes. Neither the engine nor its binding has a function for this, so two numbers in their memory are
set; where they are is found out, and tried, on a context made for that.
"""

import functools
from ctypes import c_int, c_long, c_void_p

import quickjs  # type: ignore[import-untyped]

_HEAD = object.__basicsize__
"""Of the binding's own fields, the runtime and the context come first, each a pointer."""
_CONTEXT_AT = _HEAD + 8
_SEARCHED = 1024
_LIMIT = 1234.5
_CLOCKS_PER_SECOND = 1_000_000
"""Of C's clock() on every POSIX system."""


class Interrupt:
    """The end of whatever runs in one context; it keeps the context alive. Raises RuntimeError for another engine."""

    __slots__ = ("_context",)

    def __init__(self, context: quickjs.Context) -> None:
        _places()
        self._context = context

    def end(self) -> None:
        """Have the running script end at its next jump or call, if another thread has one running.

        Both numbers are set anew by the engine and its binding: the clock's at each call, the counter at each look.
        """
        counter, limit = _places()
        c_long.from_address(id(self._context) + limit).value = 0
        c_int.from_address(_pointed_at(self._context) + counter).value = 1


@functools.cache
def _places() -> tuple[int, int]:
    """Where the count of jumps is in the engine's context, and the limit of the clock in the binding's."""
    context = quickjs.Context()
    loop = context.eval("(function (times) { for (var i = 0; i < times; i++); })")
    context.set_time_limit(_LIMIT)
    counts = []
    for times in (0, 100, 0, 57):
        loop(times)
        counts.append(_integers(context))
    counters = [place for place, column in enumerate(zip(*counts, strict=True)) if _is_counter(*column)]
    limits = [
        place
        for place in range(_CONTEXT_AT, context.__class__.__basicsize__, 8)
        if c_long.from_address(id(context) + place).value == int(_LIMIT * _CLOCKS_PER_SECOND)
    ]
    if len(counters) != 1 or len(limits) != 2:  # what was asked for, and the copy that the clock is compared with
        raise RuntimeError("a script can't be interrupted in this version of quickjs-ng")
    return 4 * counters[0], limits[1]


def _is_counter(zero: int, hundred: int, nothing: int, some: int) -> bool:
    """Whether a number has sunk with the jumps of a loop: by as much for each of 100 and of 57."""
    called = hundred - nothing
    return 57 * (zero - hundred - called) == 100 * (nothing - some - called) > 0


def _pointed_at(context: quickjs.Context) -> int:
    return int(c_void_p.from_address(id(context) + _CONTEXT_AT).value or 0)


def _integers(context: quickjs.Context) -> list[int]:
    return [c_int.from_address(_pointed_at(context) + place).value for place in range(0, _SEARCHED, 4)]
