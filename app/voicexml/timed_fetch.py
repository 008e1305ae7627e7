"""How long a fetch of a conversation may take, and when nobody waits for it any more."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from app.voicexml.caller import Caller
from app.voicexml.resources import Answer, Fetch, NotFetched, Request, never


class Lasting(Protocol):
    """A conversation, as far as its time is concerned."""

    caller: Caller
    seconds: float
    gone: bool

    def left(self) -> float:
        """How many seconds it may still last."""


class TimedFetch:
    """Fetches that end in time, and when the caller of a real call hangs up.

    ``seconds`` is what they took beyond the conversation's own time: a scripted caller notices nothing of them. All
    that is fetched after the caller has left takes as long as one fetch may.
    """

    def __init__(self, conversation: Lasting, fetch: Fetch, longest: float) -> None:
        self.seconds = 0.0
        self._after_hangup = 0.0
        self._conversation = conversation
        self._fetch = fetch
        self._longest = longest

    def fetch(self, request: Request) -> Answer:
        """The answer. Raises NotFetched."""
        conversation = self._conversation
        gone, began = conversation.gone, self._now()
        longest = min(request.seconds, self._longest - self._after_hangup, conversation.left())
        if longest <= 0:
            raise NotFetched("no time is left for it")
        given_up: Callable[[], bool] = never if gone else self.is_left_alone
        took = 0.0
        try:
            answer = self._fetch(replace(request, seconds=longest, given_up=given_up))
            took = answer.seconds
        except NotFetched as wrong:
            took = wrong.seconds
            raise
        finally:
            self.seconds += max(0.0, took - (self._now() - began))
            self._after_hangup += took if gone else 0.0
        return answer

    def is_left_alone(self) -> bool:
        """Whether a caller whose time runs by itself has hung up since the conversation looked last."""
        now, leaves = self._now(), self._conversation.caller.leaves_after
        return leaves is not None and self._conversation.seconds < now and leaves <= now

    def _now(self) -> float:
        return self._conversation.caller.now(self._conversation.seconds)
