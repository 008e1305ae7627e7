"""How one VoiceXML conversation fetches: its cookies, and where a 303 after a submit leads."""

import pytest
from faults import Serve, answer, in_turn, redirect, routes

from app.outside.applications import fetching
from app.outside.cookies import MOST_CHARACTERS, MOST_COOKIES
from app.outside.fetch import Outside
from app.voicexml.resources import FORM, Request

SESSION = answer(b"page", 200, "Set-Cookie: PHPSESSID=abc; path=/; HttpOnly")


def test_a_conversation_sends_back_what_it_was_given(outside: Outside, serve: Serve) -> None:
    server = serve(in_turn(SESSION, answer(b"page", 200, "Set-Cookie: step=2"), answer(b"page")))
    fetch = fetching(outside)
    fetch(Request("POST", f"{server.url}/start.php", b"", FORM))
    fetch(Request("GET", f"{server.url}/next.php"))
    fetch(Request("GET", f"{server.url}/last.php"))
    sent = [request.headers.get("cookie") for request in server.requests]
    assert sent == [None, "PHPSESSID=abc", "PHPSESSID=abc; step=2"]


def test_conversations_do_not_share_cookies(outside: Outside, serve: Serve) -> None:
    server = serve(SESSION)
    fetching(outside)(Request("GET", server.url))
    fetching(outside)(Request("GET", server.url))
    assert "cookie" not in server.requests[1].headers


def test_cookies_stay_with_their_host_and_path(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"page", 200, "Set-Cookie: a=b; path=/ivr"))
    fetch = fetching(outside)
    fetch(Request("GET", f"{server.url}/ivr/start"))
    fetch(Request("GET", f"{server.url}/other"))
    fetch(Request("GET", f"http://elsewhere.example:{server.port}/ivr/start"))
    assert [request.headers.get("cookie") for request in server.requests] == [None, None, None]


def test_cookies_come_along_with_redirects(outside: Outside, serve: Serve) -> None:
    server = serve(routes(start=answer(b"", 302, "Location: /page", "Set-Cookie: a=b"), page=answer(b"page")))
    fetching(outside)(Request("GET", f"{server.url}/start"))
    assert server.requests[1].headers["cookie"] == "a=b"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param([f"a={'x' * MOST_CHARACTERS}"], 0, id="a long one"),
        pytest.param([f"a{number}=b" for number in range(MOST_COOKIES + 9)], MOST_COOKIES, id="many"),
        pytest.param(["", "=", "a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=b; domain=.com"], 0, id="useless ones"),
    ],
)
def test_only_so_much_is_kept(outside: Outside, serve: Serve, given: list[str], kept: int) -> None:
    server = serve(answer(b"page", 200, *(f"Set-Cookie: {each}" for each in given)))
    fetch = fetching(outside)
    fetch(Request("GET", server.url))
    fetch(Request("GET", server.url))
    assert server.requests[1].headers.get("cookie", "").count("=") == kept


def test_a_303_after_a_submit_leads_to_a_page(outside: Outside, serve: Serve) -> None:
    server = serve(routes(save=redirect("/thanks?x=1", 303), thanks=answer(b"page")))
    found = fetching(outside)(Request("POST", f"{server.url}/save", b"pin=1", FORM))
    assert (found.status, found.body, found.url) == (200, b"page", f"{server.url}/thanks?x=1")
    assert [(request.method, request.body) for request in server.requests] == [("POST", b"pin=1"), ("GET", b"")]


def test_a_303_to_nowhere_is_the_answer(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"", 303))
    assert fetching(outside)(Request("POST", server.url, b"", FORM)).status == 303
