"""When the next thing is due: a dial, the end of a window, the post of a result, a simulated attempt that goes on."""

from datetime import datetime

from app.calls import due_calls, lifecycle, outbox, virtual_time


def next_due(now: datetime, *, clock_is_virtual: bool) -> datetime | None:
    """The first of them after or at ``now``, as far as is known."""
    moments = [due_calls.next_due(now), lifecycle.next_expiry(now), outbox.next_due(now)]
    if clock_is_virtual and (wakes_at := virtual_time.wakes_at()) and wakes_at > now:
        moments.append(wakes_at)
    return min((moment for moment in moments if moment is not None), default=None)
