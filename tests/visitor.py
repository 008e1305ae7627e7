"""Somebody at the console: signs in, follows pages, sends their forms as a browser without JavaScript does."""

import html
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class _Forms(HTMLParser):
    """The forms of a page, as a browser would send them untouched: action and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._text: tuple[str, list[str]] | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get"))
            self.found.append(self._open)
        if self._open is None or not (given.get("name") or tag == "option"):
            return
        if (tag == "input" and given.get("type") not in ("file", "checkbox", "radio")) or "checked" in given:
            self._open.fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._text = (given["name"], [])
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._open.fields):
            self._open.fields[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text and self._open:
            self._open.fields[self._text[0]] = "".join(self._text[1]).removeprefix("\n")
            self._text = None
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._open = None


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


def forms_of(page: str, path: str) -> dict[str, Form]:
    """The forms of the page at ``path``, by where they are sent; of several alike the last."""
    reader = _Forms()
    reader.feed(page)
    return {form.action or path: form for form in reader.found}


@dataclass
class Visitor:
    """A browser with somebody in front of it."""

    web: FlaskClient

    def sign_in(self, login: str = "demo", pin: str = "1234") -> "Visitor":
        assert self.send("/login", "/login", login=login, pin=pin).status_code == 302
        return self

    def page(self, path: str, status: int = 200) -> str:
        """The page at a path."""
        answer = self.web.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def forms(self, path: str) -> dict[str, Form]:
        """The forms that a page has, by where they are sent."""
        return forms_of(self.page(path), path)

    def send(self, path: str, action: str, **fields: object) -> TestResponse:
        """Fill in the form of the page at ``path`` that is sent to ``action``, and send it."""
        form = self.forms(path)[action]
        assert form.method == "post"
        return self.web.post(action, data=form.fields | fields)

    def follow(self, answer: TestResponse, status: int = 200) -> str:
        """The page that an answer leads to."""
        assert answer.status_code == 302, answer.text
        return self.page(answer.headers["Location"], status)


def words(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())


class Browser:
    """The same over HTTP, for the programs as they run: cookies are kept, redirects followed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open

    def page(self, path: str) -> str:
        with self._open(f"{self._url}{path}", timeout=60) as answer:
            return str(answer.read().decode())

    def send(self, path: str, action: str, **fields: object) -> str:
        """Fill in and send a form; the page that it leads to."""
        form = forms_of(self.page(path), path)[action]
        body = urllib.parse.urlencode(form.fields | fields).encode()
        with self._open(f"{self._url}{action}", body, timeout=60) as answer:
            return str(answer.read().decode())
