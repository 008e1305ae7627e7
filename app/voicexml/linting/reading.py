"""What a lint fetches: each address once, no more of them than a call may, and never anything that is sent."""

from collections import Counter

from app.voicexml.caller import ScriptedCaller
from app.voicexml.conversation import Conversation, Frame
from app.voicexml.document import Document
from app.voicexml.ecmascript import Scopes
from app.voicexml.resources import MOST_FETCHES, Answer, Fetch, NotFetched, Request


class Unread(NotFetched):
    """One address too many: that it was not read says nothing of it."""


class Reader:
    """Keeps what was read. ``read`` counts the answers by their kind, ``unread`` are addresses beyond the limit."""

    def __init__(self, fetch: Fetch) -> None:
        self.read: Counter[str] = Counter()
        self.unread: set[str] = set()
        self._fetch = fetch
        self._kept: dict[str, Answer | NotFetched] = {}
        self._scopes = Scopes()

    def fetching(self, kind: str) -> Fetch:
        """A fetch whose answers are counted as this kind."""

        def fetch(request: Request) -> Answer:
            if request.url not in self._kept:
                self._kept[request.url] = self._asked(request, kind)
            return self._given(request.url)

        return fetch

    def again(self, request: Request) -> Answer | None:
        """The answer that is there already; None for what was never read. Raises NotFetched as it did then."""
        known = request.body is None and request.url in self._kept
        return self._given(request.url) if known else None

    def conversation(self, page: Document, root: Document | None, kind: str) -> Conversation:
        """One that nobody has: for what the interpreter reads where a page says so, such as grammars."""
        return Conversation(ScriptedCaller(), self.fetching(kind), self._scopes, lambda _: None, Frame(page, root))

    def _asked(self, request: Request, kind: str) -> Answer | NotFetched:
        if len(self._kept) - len(self.unread) >= MOST_FETCHES:
            self.unread.add(request.url)
            return Unread(f"{MOST_FETCHES} addresses were read already")
        try:
            answer = self._fetch(request)
        except NotFetched as wrong:
            return wrong
        self.read[kind] += answer.status == 200
        return answer

    def _given(self, url: str) -> Answer:
        kept = self._kept[url]
        if isinstance(kept, NotFetched):
            raise kept
        return kept
