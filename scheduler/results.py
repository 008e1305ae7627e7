"""Posts results to result_url until the customer acknowledges them."""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from app.calls import delivery, outbox
from app.calls.delivery import Next, Reply
from app.calls.exchanges import Exchange, text_of
from app.calls.outbox import Letter
from app.calls.payloads import FORM
from app.calls.tallies import Tallies
from app.clock import Clock
from app.outside.answers import Limits, NotFetched
from app.outside.fetch import Outside

log = logging.getLogger(__name__)

LIMITS = Limits(connect=5, total=15, size=65_536)
ACKNOWLEDGEMENT = b"completed"


@dataclass(frozen=True, slots=True)
class Posted:
    """One post of a result, and what came back."""

    letter: Letter
    reply: Reply
    exchange: Exchange


def post(letter: Letter, outside: Outside, at: datetime) -> Posted:
    """Post one result once."""
    headers = {"Webhook-Id": str(letter.call_id)}
    status, text, error, seconds = None, "", "", 0.0
    try:
        answer = outside.post(letter.url, letter.body.encode("ascii"), FORM, LIMITS, headers)
    except NotFetched as failure:
        error = str(failure)
        reply = Reply(None, error=error)
    else:
        status, text, seconds = answer.status, text_of(answer.body), answer.seconds
        reply = Reply(
            answer.status,
            acknowledges=ACKNOWLEDGEMENT in answer.body.lower(),
            retry_after=answer.headers.get("Retry-After", "").strip(),
        )
    exchange = Exchange(
        letter.call_id, None, "result_url", at, "POST", letter.url, letter.body, status, text, error, seconds
    )
    return Posted(letter, reply, exchange)


class Sender:
    """Posts due results on ``threads`` threads. All its methods are for one thread.

    ``ring`` is called, from any thread, whenever there is something to write down or room for more.
    """

    def __init__(
        self,
        outside: Outside,
        clock: Clock,
        seed: str,
        threads: int,
        *,
        ring: Callable[[], None],
        tallies: Tallies,
    ) -> None:
        self._outside = outside
        self._clock = clock
        self._seed = seed
        self._room = 2 * threads
        self._ring = ring
        self._tallies = tallies
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="result")
        self._posting: dict[Future[Posted], Letter] = {}
        self._posted: deque[Posted] = deque()
        self._closed = False

    def run(self) -> int:
        """Write down the posts that have ended and start those that are due; how many were started."""
        self._settle()
        room = self._room - len(self._posting)
        # Half empty first: claiming a handful at a time makes a transaction of each, all the time.
        if self._closed or room < self._room // 2:
            return 0
        letters = outbox.claim(room, self._clock.now())
        for letter in letters:
            future = self._pool.submit(post, letter, self._outside, self._clock.now())
            self._posting[future] = letter
            future.add_done_callback(self._ended)
        return len(letters)

    def busy(self) -> bool:
        """Whether a result is being posted, or due to be."""
        return bool(self._posting or self._posted) or outbox.any_due(self._clock.now())

    def close(self, grace: float) -> None:
        """Start no more posts, let those that run end within ``grace`` seconds, and write everything down.

        What is still being posted then will be posted again, when its lease has run out.
        """
        self._closed = True
        posting = dict(self._posting)
        outbox.give_back([letter for future, letter in posting.items() if future.cancel()])
        wait(posting, timeout=grace)
        self._pool.shutdown(wait=False)
        self._settle()

    def _ended(self, future: Future[Posted]) -> None:
        letter = self._posting[future]
        if not future.cancelled():
            if fault := future.exception():
                log.error("%d result post broke by a fault of ours; its lease runs out", letter.call_id, exc_info=fault)
            else:
                self._posted.append(future.result())
        del self._posting[future]
        self._ring()

    def _settle(self) -> None:
        posted = list(self._posted)
        if not posted:
            return
        now = self._clock.now()
        settled = [(one.letter, one.reply, self._next(one, now)) for one in posted]
        outbox.settle(settled, [one.exchange for one in posted])
        for letter, reply, then in settled:
            self._posted.popleft()
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
