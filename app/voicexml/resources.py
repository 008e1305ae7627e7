"""What an application fetches: relative addresses, forms to submit, a cache for the length of the call, limits.

It opens no connection: the platform hands it ``fetch``. Source: VoiceXML 2.0 sections 6.1 and 5.3.8.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin

from app.voicexml.events import Event

MOST_FETCHES = 50
MOST_BYTES = 1_048_576
MOST_BYTES_IN_ALL = 8_388_608
MOST_URL = 65_536
"""Characters of an address, with what a GET sends."""
FORM = "application/x-www-form-urlencoded"

_MAX_AGE = re.compile(r"max-age=(\d{1,9})")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)


Field = tuple[str, str | bytes]
"""A variable that is sent; bytes are a recording."""


class NotFetched(Exception):
    """The platform has no answer; the message says why, ``seconds`` after how long."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


def never() -> bool:
    """That something is not over yet, whenever it is asked."""
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """``body`` is None for a GET; ``seconds`` is how long the answer may take; ``fields`` are what the body says.

    ``given_up`` tells, as often as it is asked, whether nobody waits for the answer any more.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str = ""
    seconds: float = 10.0
    fields: tuple[Field, ...] = ()
    given_up: Callable[[], bool] = never


@dataclass(frozen=True, slots=True)
class Answer:
    """``url`` is where it came from, after redirects; the names of ``headers`` are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False
    seconds: float = 0.0

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The encoding that the server names; empty when it names none."""
        return charset_of(self.headers.get("content-type", ""))

    def text(self, charset: str = "") -> str:
        """The body by the server's charset, else the one that the page names, else UTF-8, else Windows-1252."""
        for encoding in (self.charset or charset or "utf-8-sig", "cp1252"):
            try:
                return self.body.decode(encoding)
            except (LookupError, UnicodeError):
                continue
        return self.body.decode("utf-8", "replace")


Fetch = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing to fetch. Ages and ``seconds`` are in seconds; ``max_age`` None: whatever the server said."""

    url: str
    method: str = "GET"
    fields: tuple[Field, ...] = ()
    multipart: bool = False
    max_age: float | None = None
    max_stale: float = 0
    seconds: float = 10.0

    def request(self) -> Request:
        """As it goes out: fields of a GET in the query, of a POST in the body."""
        bare = self.url.partition("#")[0]
        if self.method == "GET":
            return Request("GET", _with_query(bare, self.fields), seconds=self.seconds)
        body, content_type = _multipart(self.fields) if self.multipart else (_form(self.fields), FORM)
        return Request("POST", bare, body, content_type, self.seconds, self.fields)


class Resources:
    """Fetches for one call. ``now`` is the call's own time, in seconds; ``tell`` hears of every fetch.

    ``after`` is called when one has ended, and may raise what that means for the call.
    """

    def __init__(
        self,
        fetch: Fetch,
        now: Callable[[], float],
        tell: Callable[..., None],
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._fetch = fetch
        self._after = after
        self._now = now
        self._tell = tell
        self._made = 0
        self._bytes = 0
        self._kept: dict[str, tuple[float, Answer]] = {}

    def get(self, wanted: Wanted) -> Answer:
        """The answer of 2xx, from the cache if it is fresh. Raises Event error.badfetch[.http.NNN] (section 5.2.6)."""
        request = wanted.request()
        kept = self._fresh(request, wanted)
        if kept is not None:
            return kept
        answer = self.ask(request)
        if request.body is None:
            self._kept[request.url] = (self._now(), answer)
        return answer

    def has(self, wanted: Wanted) -> bool:
        """Whether it is there already, and young enough."""
        return self._fresh(wanted.request(), wanted) is not None

    def ask(self, request: Request) -> Answer:
        """The answer of 2xx to a request as it is, never from the cache. Raises Event as ``get`` does."""
        answer = self._ask(request)
        if not 200 <= answer.status < 300:
            raise Event(
                f"error.badfetch.http.{answer.status}", f"{request.method} {request.url} answered {answer.status}"
            )
        if answer.truncated or len(answer.body) > MOST_BYTES:
            raise Event("error.badfetch", f"{request.url} has more than {MOST_BYTES} bytes")
        return answer

    def _ask(self, request: Request) -> Answer:
        if self._made >= MOST_FETCHES:
            raise Event("error.badfetch", f"the call has fetched {MOST_FETCHES} times already")
        if self._bytes > MOST_BYTES_IN_ALL:
            raise Event("error.badfetch", f"the call has fetched more than {MOST_BYTES_IN_ALL} bytes already")
        self._made += 1
        if len(request.url) > MOST_URL:
            raise Event("error.badfetch", f"the address has more than {MOST_URL} characters")
        if request.url.partition(":")[0].lower() not in ("http", "https", "file"):
            raise Event("error.badfetch", f"{request.url} is not an http address")
        told: dict[str, Any] = {"method": request.method, "url": request.url}
        if fields := _fields_of(request):
            told["fields"] = fields
        try:
            answer = self._fetch(request)
        except NotFetched as wrong:
            self._tell("fetch", **told, status=None, error=str(wrong), seconds=round(wrong.seconds, 3))
            self._after()
            raise Event("error.badfetch", f"{request.url}: {wrong}") from wrong
        self._bytes += len(answer.body)
        self._tell("fetch", **told, status=answer.status, seconds=round(answer.seconds, 3))
        self._after()
        return answer

    def _fresh(self, request: Request, wanted: Wanted) -> Answer | None:
        """What is kept and may be used (section 6.1.2): young enough for the page and for the server.

        A server that says nothing means a new look.
        """
        if request.body is not None or request.url not in self._kept:
            return None
        since, answer = self._kept[request.url]
        age = self._now() - since
        control = answer.headers.get("cache-control", "").lower()
        if "no-store" in control or "no-cache" in control or (wanted.max_age is not None and age > wanted.max_age):
            return None
        stale = age - _lifetime(answer.headers)
        serves = stale < 0 or (0 < stale <= wanted.max_stale and "must-revalidate" not in control)
        return answer if serves else None


def _lifetime(headers: Mapping[str, str]) -> float:
    """How many seconds an answer is fresh (RFC 9111 section 4.2.1): max-age, else from its Date until it Expires."""
    given = _MAX_AGE.search(headers.get("cache-control", "").lower())
    if given is not None:
        return float(given[1])
    try:
        expires, date = (parsedate_to_datetime(headers[name]) for name in ("expires", "date"))
        return (expires - date).total_seconds()
    except (KeyError, ValueError, TypeError):
        return 0.0


def charset_of(content_type: str) -> str:
    """The encoding that a Content-Type names; empty when it names none."""
    named = _CHARSET.search(content_type)
    return named[1] if named else ""


def resolve(base: str, url: str) -> str:
    """An address relative to a page's. Raises Event error.badfetch for what is none."""
    try:
        return urljoin(base, url.strip())
    except ValueError as wrong:
        raise Event("error.badfetch", f"{url[:200]!r} is not an address: {wrong}") from wrong


def _fields_of(request: Request) -> dict[str, str]:
    """What a request sends, for a person to read."""
    body = parse_qsl((request.body or b"").decode(), keep_blank_values=True) if request.content_type == FORM else ()
    return {
        name: f"a recording of {len(value)} bytes" if isinstance(value, bytes) else value
        for name, value in request.fields or body
    }


def _with_query(url: str, fields: tuple[Field, ...]) -> str:
    if not fields:
        return url
    return f"{url}{'&' if '?' in url else '?'}{_form(fields).decode('ascii')}"


def _form(fields: tuple[Field, ...]) -> bytes:
    return urlencode(fields, errors="replace").encode("ascii")


def _multipart(fields: tuple[Field, ...]) -> tuple[bytes, str]:
    """multipart/form-data (RFC 7578); bytes are recordings and go as files."""
    boundary = sha256(repr(fields).encode("utf-8", "replace")).hexdigest()[:32]  # the same call posts the same bytes
    parts = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += f'; filename="{name}.wav"\r\nContent-Type: audio/x-wav'
        content = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
        parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
