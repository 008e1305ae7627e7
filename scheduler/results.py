"""Posts results to result_url until the customer acknowledges them."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from app.calls import delivery, outbox
from app.calls.delivery import Reply
from app.calls.outbox import Letter
from app.calls.payloads import FORM
from app.clock import Clock
from app.outside.answers import Limits, NotFetched
from app.outside.fetch import Outside

log = logging.getLogger(__name__)

LIMITS = Limits(connect=5, total=15, size=65_536)
ACKNOWLEDGEMENT = b"completed"


def post(letter: Letter, outside: Outside) -> Reply:
    """Post one result once; what came back."""
    headers = {"Webhook-Id": str(letter.call_id)}
    try:
        answer = outside.post(letter.url, letter.body.encode("ascii"), FORM, LIMITS, headers)
    except NotFetched as failure:
        return Reply(None, error=str(failure))
    return Reply(
        answer.status,
        acknowledges=ACKNOWLEDGEMENT in answer.body.lower(),
        retry_after=answer.headers.get("Retry-After", "").strip(),
    )


class Sender:
    """Posts due results on ``threads`` threads and writes down, several at a time, how that went.

    ``when_free`` is called, from any thread, whenever there is something to write down or room for more.
    """

    def __init__(self, outside: Outside, clock: Clock, seed: str, threads: int, when_free: Callable[[], None]) -> None:
        self._outside = outside
        self._clock = clock
        self._seed = seed
        self._room = 2 * threads
        self._when_free = when_free
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="result")
        self._posting: dict[Future[Reply], Letter] = {}
        self._posted: deque[tuple[Letter, Reply]] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def run(self) -> int:
        """Write down the posts that have ended and start those that are due; how many were started."""
        with self._lock:
            self._settle()
            room = self._room - len(self._posting)
            # Half empty first: claiming a handful at a time makes a transaction of each, all the time.
            if self._closed or room < self._room // 2:
                return 0
            letters = outbox.claim(room, self._clock.now())
            for letter in letters:
                self._start(letter)
            return len(letters)

    def close(self, grace: float) -> None:
        """Start no more posts, let those that run end within ``grace`` seconds, and write everything down.

        What is still being posted then will be posted again, when its lease has run out.
        """
        with self._lock:
            self._closed = True
            posting = dict(self._posting)
        outbox.give_back([letter for future, letter in posting.items() if future.cancel()])
        wait(posting, timeout=grace)
        self._pool.shutdown(wait=False)
        with self._lock:
            self._settle()

    def _start(self, letter: Letter) -> None:
        future = self._pool.submit(post, letter, self._outside)
        self._posting[future] = letter
        future.add_done_callback(self._ended)

    def _ended(self, future: Future[Reply]) -> None:
        letter = self._posting.pop(future)
        if future.cancelled():
            return
        if fault := future.exception():
            log.error("%d: a post broke by a fault of ours; its lease runs out", letter.call_id, exc_info=fault)
        else:
            self._posted.append((letter, future.result()))
        self._when_free()

    def _settle(self) -> None:
        now = self._clock.now()
        settled = []
        while self._posted:
            letter, reply = self._posted.popleft()
            then = delivery.after(
                reply,
                call_id=letter.call_id,
                tries=letter.tries,
                unacknowledged=letter.unacknowledged,
                now=now,
                seed=self._seed,
            )
            log.info("%d result post %d: %s, %s", letter.call_id, letter.tries, reply, then.state)
            settled.append((letter, reply, then))
        if settled:
            outbox.settle(settled)
