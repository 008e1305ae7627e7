"""The cookies of one visitor: what servers set is sent back to them (RFC 6265), and forgotten with the visitor.

It keeps no more than a browser must (RFC 6265 section 6.1), so that no server fills the memory.
"""

from collections.abc import Iterable
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import NamedTuple, cast
from urllib.request import Request

MOST_COOKIES = 50
MOST_CHARACTERS = 4_096
"""Of one cookie, its attributes included; a longer one is not kept."""


class _Answered(NamedTuple):
    """An answer as the standard library's jar reads one: only its headers."""

    headers: Message

    def info(self) -> Message:
        return self.headers


class Cookies:
    """Not safe to share between threads."""

    def __init__(self) -> None:
        self._jar = CookieJar()

    def for_url(self, url: str) -> dict[str, str]:
        """The Cookie header for a request; nothing when there is no cookie for it."""
        request = Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        sent = request.get_header("Cookie")
        return {"Cookie": sent} if sent else {}

    def keep(self, url: str, set_cookies: Iterable[str]) -> None:
        """Take what an answer's Set-Cookie headers say."""
        for each in set_cookies:
            if len(each) <= MOST_CHARACTERS and len(self._jar) < MOST_COOKIES:
                answered = _Answered(Message())
                answered.headers["Set-Cookie"] = each
                self._jar.extract_cookies(cast(HTTPResponse, answered), Request(url))  # noqa: S310
