"""Posts results to result_url until the customer acknowledges them."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls import delivery, outbox, result_signing
from app.calls.delivery import Next, Reply
from app.calls.exchanges import Exchange, text_of
from app.calls.outbox import Letter
from app.calls.payloads import FORM, JSON
from app.calls.tallies import Tallies
from app.clock import Clock
from app.intake.orders import ResultFormat
from app.outside.answers import Limits, NotFetched
from app.outside.fetch import Outside
from scheduler.posters import Posters

log = logging.getLogger(__name__)

LIMITS = Limits(connect=5, total=15, size=65_536)
ACKNOWLEDGEMENT = b"completed"
_MEDIA_TYPE = {ResultFormat.FORM: FORM, ResultFormat.JSON: JSON}
THREADS = 64
"""How many results are posted at once; to one destination it is a quarter of that."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One post of a result, and what came back."""

    letter: Letter
    reply: Reply
    exchange: Exchange


def post(letter: Letter, outside: Outside, at: datetime) -> Posted:
    """Post one result once."""
    # Receivers compare the time with their own clocks, whatever business time is.
    headers = result_signing.headers(str(letter.call_id), letter.body, letter.secrets, int(clock.machine()))
    status, text, error, seconds = None, "", "", 0.0
    try:
        answer = outside.post(letter.url, letter.body.encode("ascii"), _MEDIA_TYPE[letter.format], LIMITS, headers)
    except NotFetched as failure:
        error = str(failure)
        reply = Reply(None, error=error)
    except Exception:  # whatever breaks one post must not take the thread along
        log.exception("%d result post %d broke", letter.call_id, letter.tries)
        error = "a fault of ours"
        reply = Reply(None, error=error)
    else:
        status, text, seconds = answer.status, text_of(answer.body), answer.seconds
        reply = Reply(
            answer.status,
            acknowledges=acknowledges(letter.format, answer.status, answer.body),
            retry_after=answer.headers.get("Retry-After", "").strip(),
        )
    exchange = Exchange(
        letter.call_id, None, "result_url", at, "POST", letter.url, letter.body, status, text, error, seconds
    )
    return Posted(letter, reply, exchange)


def acknowledges(told_as: ResultFormat, status: int, body: bytes) -> bool:
    """Whether an answer says that a result has arrived: a form wants 200 and a word, JSON any 2xx."""
    if told_as is ResultFormat.JSON:
        return 200 <= status < 300
    return status == 200 and ACKNOWLEDGEMENT in body.lower()


class Sender:
    """Posts due results for the scheduler ``worker``, on ``threads`` threads. All its methods are for one thread.

    ``ring`` is called, from any thread, whenever there is something to write down or room for more.
    """

    def __init__(
        self,
        outside: Outside,
        clock: Clock,
        seed: str,
        worker: str,
        *,
        ring: Callable[[], None],
        tallies: Tallies,
        threads: int = THREADS,
    ) -> None:
        self._outside = outside
        self._clock = clock
        self._seed = seed
        self._worker = worker
        self._tallies = tallies
        self._posters = Posters(threads, self._post, ring)
        self._taken: set[Letter] = set()
        self._posted: deque[Posted] = deque()
        self._closed = False

    def run(self) -> int:
        """Write down the posts that have ended and take letters for the next; how many."""
        self._settle()
        if self._closed:
            return 0
        self._give_back(self._posters.surplus())
        now = self._clock.now()
        wanted = self._posters.wanted(outbox.waiting(now))
        letters = outbox.claim(wanted, self._worker, now)
        self._taken.update(letters)
        self._posters.put(letters)
        return len(letters)

    def busy(self) -> bool:
        """Whether a result is being posted, or due to be."""
        return bool(self._taken) or outbox.any_due(self._clock.now())

    def reconcile(self) -> None:
        """Give back what the database says is ours and we know nothing of: a commit whose answer got lost."""
        outbox.release(self._worker, but={letter.call_id for letter in self._taken})

    def close(self, grace: float) -> None:
        """Start no more posts, let those that run end within ``grace`` seconds, and write everything down.

        What is still being posted then will be posted again.
        """
        self._closed = True
        self._give_back(self._posters.take_back())
        self._posters.close(grace)
        self._settle()
        outbox.release(self._worker)

    def _post(self, letter: Letter) -> bool:
        """What a thread does with a letter; whether there was an answer."""
        posted = post(letter, self._outside, self._clock.now())
        self._posted.append(posted)
        return posted.reply.status is not None

    def _give_back(self, letters: Sequence[Letter]) -> None:
        outbox.give_back([letter.call_id for letter in letters], self._worker)
        self._taken.difference_update(letters)

    def _settle(self) -> None:
        posted = list(self._posted)
        if not posted:
            return
        now = self._clock.now()
        settled = [(one.letter, one.reply, self._next(one, now)) for one in posted]
        outbox.settle(settled, self._worker, [one.exchange for one in posted])
        for letter, reply, then in settled:
            self._posted.popleft()
            self._taken.discard(letter)
            self._tallies.count("result_posts", then.outcome)
            log.info("%d result post %d: %s, %s", letter.call_id, letter.tries, reply, then.state)

    def _next(self, posted: Posted, now: datetime) -> Next:
        return delivery.after(
            posted.reply,
            call_id=posted.letter.call_id,
            tries=posted.letter.tries,
            unacknowledged=posted.letter.unacknowledged,
            now=now,
            seed=self._seed,
        )
