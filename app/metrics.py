"""The metrics, for prometheus_client: collected from the database, because schedulers are processes of their own."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

import app
from app import clock
from app.calls import capacity, figures, login_failures, login_refusals, tallies
from app.calls.figures import Figures
from app.calls.states import Status
from app.calls.tallies import ATTEMPTS, BUCKETS, DUE_TO_DIAL, LOGIN_REFUSALS, OUTCOMES, RESULT_POSTS, SUM
from app.clock import Clock
from app.recent import Recent
from app.telephony.outcomes import CalleeType

CALLEE_TYPES = [each for each in CalleeType if each is not CalleeType.NOATTEMPT]


class Metrics:
    """A prometheus_client collector. ``lines`` is how many calls there may be at once over all schedulers."""

    def __init__(self, business: Clock, lines: int) -> None:
        self._clock = business
        self._lines = lines
        self._recent = Recent()

    def collect(self) -> Iterator[Metric]:
        """All metrics as they were a moment ago. Raises Unusable when the database can't be read."""
        now, tally, closed, taken, ids_left = self._recent.get("all", self._count)
        yield InfoMetricFamily("ringback", "What runs here.", {"version": app.__version__})
        yield _gauges("calls", "Calls by status.", "status", now.calls, Status)
        attempts = _of(tally, ATTEMPTS)
        yield _counters("attempts", "Attempts by callee type.", "callee_type", attempts, CALLEE_TYPES)
        posts = _of(tally, RESULT_POSTS)
        yield _counters("result_posts", "Posts to result_url by what they came to.", "outcome", posts, OUTCOMES)
        refusals = _of(tally, LOGIN_REFUSALS)
        yield _counters(
            "login_refusals",
            "Refused logins with PIN, by reason.",
            "reason",
            refusals,
            login_refusals.REASONS,
        )
        yield _histogram("due_to_dial_seconds", "From when a call is due to its dial.", _of(tally, DUE_TO_DIAL))
        for name, text, value in (
            ("lines", "Calls at once, over all schedulers.", self._lines),
            ("lines_in_use", "Calls that are dialled or connected.", now.lines_in_use),
            ("lines_taken_seconds", "How long all lines have been taken and none came free.", taken),
            ("call_ids_left", "Calls that can be queued before no call_id is left.", ids_left),
            ("oldest_due_seconds", "How long the call that has waited longest has been due.", now.oldest_due),
            ("results_pending", "Results that are still to be posted.", now.results_pending),
            ("schedulers", "Schedulers that run.", now.schedulers),
            ("trunk_trouble", "1 while no scheduler can dial, because its trunk is unwell.", int(bool(now.troubles))),
            ("logins_closed", "Accounts that new addresses can't use, because their PIN is being guessed.", closed),
            ("suspended", "1 while all calling is suspended.", int(now.suspended)),
        ):
            yield GaugeMetricFamily(f"ringback_{name}", text, value)

    def _count(self) -> tuple[Figures, Counter[tallies.Key], int, float, int]:
        now = self._clock.now()
        taken = capacity.lines_taken_seconds(now, self._lines)
        closed = login_failures.closed(clock.machine())
        return figures.read(now), tallies.read(), len(closed), taken, capacity.call_ids_left()


def _of(tally: Mapping[tallies.Key, float], name: str) -> dict[str, float]:
    """The values of one tally by label."""
    return {label: value for (of, label), value in tally.items() if of == name}


def _gauges(name: str, text: str, label: str, values: Mapping[str, float], known: Iterable[str]) -> Metric:
    family = GaugeMetricFamily(f"ringback_{name}", text, labels=[label])
    for each in sorted({*values, *known}):
        family.add_metric([each], values.get(each, 0))
    return family


def _counters(name: str, text: str, label: str, values: Mapping[str, float], known: Iterable[str]) -> Metric:
    # Every label there can be is shown from the start, at 0: a rate needs a value before the first event.
    family = CounterMetricFamily(f"ringback_{name}", text, labels=[label])
    for each in sorted({*values, *known}):
        family.add_metric([each], values.get(each, 0))
    return family


def _histogram(name: str, text: str, values: Mapping[str, float]) -> Metric:
    counts = accumulate(values.get(bucket, 0) for bucket in BUCKETS)
    return HistogramMetricFamily(
        f"ringback_{name}", text, list(zip(BUCKETS, counts, strict=True)), sum_value=values.get(SUM, 0)
    )
