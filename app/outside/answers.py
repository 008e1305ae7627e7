"""What comes back through the door: an answer, or the reason why there is none. Nothing here touches the network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one fetch may take and how much of a body is read.

    ``connect``: seconds for each new connection: name lookup, TCP and TLS handshake together.
    ``total``: seconds for the whole fetch, redirects and the reading of the body included.
    ``size``: bytes of body kept, and at most one byte more read.
    ``given_up``: whether nobody waits for the answer any more; asked a few times a second while it is waited for.
    """

    connect: float = 5.0
    total: float = 10.0
    size: int = 65_536
    given_up: Callable[[], bool] = lambda: False


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever its status.

    ``url`` is where the answer came from, after redirects; ``headers`` ignore case; ``body`` has at most
    ``Limits.size`` bytes with gzip and deflate undone, and ``truncated`` says that there was more; ``seconds`` is the
    whole fetch.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    truncated: bool
    seconds: float


class Reason(StrEnum):
    """Why a fetch has no answer: for our logs and the call's own page, never for the API client."""

    URL = "malformed URL"
    ADDRESS = "address not permitted"
    NAME = "no such host"
    CONNECTION = "connection refused or unreachable"
    TLS = "TLS handshake or certificate not accepted"
    TIME = "no whole answer in time"
    GIVEN_UP = "nobody waits for it any more"
    BROKEN = "connection broken off or answer not HTTP"
    ENCODING = "body could not be decompressed"
    REDIRECTS = "too many redirects"


class NotFetched(Exception):
    """A fetch without an answer; ``reason`` is its kind, ``str()`` adds a detail free of paths, queries and bodies."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
