"""What a fetch sends, what it makes of good and bad answers, and that it always ends on time."""

import gzip
import threading
import time
import tracemalloc
import zlib

import faults
import pytest
from faults import Behaviour, Serve, answer, drip, head, in_turn, raw, redirect, routes
from live import until

from app.outside.addresses import Policy
from app.outside.answers import DEFAULT_LIMITS, Limits, NotFetched, Reason
from app.outside.fetch import Outside

FORM = "application/x-www-form-urlencoded"
SHORT = Limits(connect=0.3, total=0.3)
LATE = 10.0
"""Seconds after which a deadline was certainly not kept, however busy the machine; what is waited for takes longer."""


def reason(outside: Outside, url: str, limits: Limits = DEFAULT_LIMITS) -> Reason:
    with pytest.raises(NotFetched) as refused:
        outside.get(url, limits)
    return refused.value.reason


# What goes out


def test_a_get_carries_our_name_and_asks_for_no_compression(outside: Outside, serve: Serve) -> None:
    server = serve()
    outside.get(f"{server.url}/start.php?a=b#part", headers={"X-Test": "1"})
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("GET", "/start.php?a=b", b"")
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "ringback-test",
        "accept": "*/*",
        "accept-encoding": "identity",
        "x-test": "1",
    }


def test_a_post_carries_its_body_and_type(outside: Outside, serve: Serve) -> None:
    server = serve()
    outside.post(f"{server.url}/result.php", b"call_id=1", FORM, headers={"Webhook-Id": "1"})
    request = server.requests[0]
    assert (request.method, request.body) == ("POST", b"call_id=1")
    assert request.headers["content-type"] == FORM
    assert request.headers["webhook-id"] == "1"


def test_an_empty_post_says_that_it_is_empty(outside: Outside, serve: Serve) -> None:
    server = serve()
    outside.post(server.url, b"", FORM)
    assert server.requests[0].headers["content-length"] == "0"


def test_nothing_is_taken_from_the_environment(
    outside: Outside, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    proxy, server = serve(), serve()
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("all_proxy", proxy.url)
    outside.get(server.url)
    assert "authorization" not in server.requests[0].headers
    assert proxy.connections == 0


def test_cookies_are_not_kept_without_a_place_for_them(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"", 200, "Set-Cookie: a=b"))
    outside.get(server.url)
    outside.get(server.url)
    assert "cookie" not in server.requests[1].headers


# Answers


def test_an_answer_has_status_headers_body_and_time(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"<vxml/>", 200, "Content-Type: text/xml"))
    got = outside.get(f"{server.url}/x")
    assert (got.status, got.url, got.body, got.truncated) == (200, f"{server.url}/x", b"<vxml/>", False)
    assert got.headers["content-TYPE"] == "text/xml"
    assert 0 < got.seconds < 5


@pytest.mark.parametrize("status", [200, 204, 304, 400, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(status: int, outside: Outside, serve: Serve) -> None:
    body = b"" if status in (204, 304) else b"text"
    server = serve(answer(body, status, "Retry-After: 7"))
    got = outside.get(server.url)
    assert (got.status, got.body, got.headers["Retry-After"]) == (status, body, "7")


@pytest.mark.parametrize(
    ("bytes_sent", "body"),
    [
        (head(length=None, version="1.0") + b"old", b"old"),
        (head(length=3, version="1.0") + b"old", b"old"),
        (head(length=None) + b"to the end", b"to the end"),
        (
            head(200, "Transfer-Encoding: chunked", length=None) + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + head(length=2) + b"ok", b"ok"),
        (b"HTTP/1.1 200\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Le", b""),
        (head(200, "X: \xe4\xff", length=0), b""),
    ],
    ids=[
        "HTTP/1.0",
        "HTTP/1.0 with length",
        "no length",
        "chunked",
        "100 first",
        "no phrase",
        "half a header",
        "binary header",
    ],
)
def test_old_and_unusual_answers_are_read(bytes_sent: bytes, body: bytes, outside: Outside, serve: Serve) -> None:
    got = outside.get(serve(raw(bytes_sent, keep=False)).url)
    assert (got.status, got.body, got.truncated) == (200, body, False)


@pytest.mark.parametrize(
    "behave",
    [
        faults.hang_up,
        faults.reset,
        raw(b"", keep=False),
        raw(b"\x16\x03\x01\x02\x00\x01", keep=False),
        raw(b"220 mail.example ESMTP\r\n", keep=False),
        raw(b"HTTP/1.1 2", keep=False),
        raw(head(length=100) + b"short", keep=False),
        raw(head(200, "Transfer-Encoding: chunked", length=None) + b"5\r\nab", keep=False),
        raw(head(200, "Transfer-Encoding: chunked", length=None) + b"zz\r\nab", keep=False),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500 + b"\r\n", keep=False),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", keep=False),
    ],
    ids=[
        "no answer", "reset", "nothing", "TLS", "mail", "half a status", "short body", "half a chunk", "no chunk size",
        "500 headers", "long header",
    ],
)  # fmt: skip
def test_a_broken_answer_is_none(behave: Behaviour, outside: Outside, serve: Serve) -> None:
    server = serve(behave)
    assert reason(outside, server.url) is Reason.BROKEN
    assert len(server.requests) == 1, "a fresh connection is not tried again"


def test_a_closed_port_refuses(outside: Outside, serve: Serve) -> None:
    server = serve()
    server.close()
    assert reason(outside, server.url) is Reason.CONNECTION


def test_an_unknown_name_is_no_such_host() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError

    outside = Outside(Policy("open"), user_agent="ringback-test", resolve=resolve)
    assert reason(outside, "http://nowhere.example/") is Reason.NAME


def test_the_next_address_is_tried_when_one_refuses(serve: Serve) -> None:
    server = serve(host="127.0.0.2")
    outside = Outside(Policy("open"), user_agent="t", resolve=lambda host, port: ["127.0.0.1", "::1", "127.0.0.2"])
    assert outside.get(f"http://several.example:{server.port}/").status == 200


# Size


def test_no_more_than_the_size_asked_for_is_read(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"x" * 1000))
    got = outside.get(server.url, Limits(size=999))
    assert (got.body, got.truncated) == (b"x" * 999, True)
    got = outside.get(server.url, Limits(size=1000))
    assert (got.body, got.truncated) == (b"x" * 1000, False)


@pytest.mark.parametrize("behave", [faults.flood, faults.bomb()], ids=["200 MiB", "gzip bomb"])
def test_a_huge_body_costs_no_memory(behave: Behaviour, outside: Outside, serve: Serve) -> None:
    server = serve(in_turn(answer(b"warm"), raw(head(length=0)), behave))
    outside.get(server.url)
    tracemalloc.start()
    try:
        outside.get(server.url)
        got = outside.get(server.url)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert (got.status, len(got.body), got.truncated) == (200, 65_536, True)


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("gzip", gzip.compress(b"<vxml/>")),
        ("X-GZIP", gzip.compress(b"<vxml/>")),
        ("deflate", zlib.compress(b"<vxml/>")),
        ("deflate", zlib.compress(b"<vxml/>")[2:-4]),
        ("identity", b"<vxml/>"),
    ],
    ids=["gzip", "x-gzip", "deflate", "raw deflate", "identity"],
)
def test_compression_nobody_asked_for_is_undone(coding: str, sent: bytes, outside: Outside, serve: Serve) -> None:
    got = outside.get(serve(answer(sent, 200, f"Content-Encoding: {coding}")).url)
    assert (got.body, got.truncated) == (b"<vxml/>", False)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compression_that_is_none_is_said_so(coding: str, outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"<vxml/>", 200, f"Content-Encoding: {coding}"))
    assert reason(outside, server.url) is Reason.ENCODING


# Time

SLOW: dict[str, Behaviour] = {
    "never answers": faults.silence,
    "drips the status line": drip(b"", b"H"),
    "drips headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "drips 100s": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips a body": drip(head(length=1000)),
    "drips a body without end": drip(head(length=None)),
    "drips chunks": drip(head(200, "Transfer-Encoding: chunked", length=None), b"1\r\nx\r\n"),
    "drips a trailer": drip(head(200, "Transfer-Encoding: chunked", length=None) + b"0\r\n", b"X: 1\r\n"),
    "stops in the body": raw(head(length=10) + b"half"),
}


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
def test_a_slow_answer_ends_at_the_deadline(behave: Behaviour, outside: Outside, serve: Serve) -> None:
    began = time.monotonic()
    assert reason(outside, serve(behave).url, SHORT) is Reason.TIME
    assert 0.25 < time.monotonic() - began < LATE


def test_the_deadline_covers_sending(outside: Outside) -> None:
    unread = faults.Unread()
    began = time.monotonic()
    with pytest.raises(NotFetched) as refused:
        outside.post(unread.url, bytes(20_000_000), FORM, SHORT)
    unread.close()
    assert refused.value.reason is Reason.TIME
    assert time.monotonic() - began < LATE


def test_the_deadline_covers_the_name_lookup() -> None:
    found = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        found.wait(60)
        return ["127.0.0.1"]

    outside = Outside(Policy("open"), user_agent="ringback-test", resolve=resolve)
    assert reason(outside, "http://slow.example/", SHORT) is Reason.TIME
    assert not found.is_set()
    found.set()


def test_the_deadline_covers_redirects_together(outside: Outside, serve: Serve) -> None:
    def slow(connection: object, request: object) -> bool:
        time.sleep(0.2)
        return redirect("/again")(connection, request)  # type: ignore[arg-type]

    assert reason(outside, serve(slow).url, SHORT) is Reason.TIME


def test_a_deadline_met_on_a_kept_connection_is_not_tried_again(outside: Outside, serve: Serve) -> None:
    server = serve(in_turn(answer(b"ok"), faults.silence))
    outside.get(server.url)
    assert reason(outside, server.url, SHORT) is Reason.TIME
    assert len(server.requests) == 2


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows_redirects(status: int, outside: Outside, serve: Serve) -> None:
    server = serve(routes(old=redirect("/new?x=1", status), new=answer(b"here")))
    got = outside.get(f"{server.url}/old")
    assert (got.status, got.url, got.body) == (200, f"{server.url}/new?x=1", b"here")
    assert [request.method for request in server.requests] == ["GET", "GET"]
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_post_is_redirected_with_method_body_and_headers(status: int, outside: Outside, serve: Serve) -> None:
    new = serve()
    old = serve(redirect(f"{new.url}/new", status))
    got = outside.post(old.url, b"call_id=1", FORM, headers={"Webhook-Id": "1"})
    assert (got.status, got.url) == (200, f"{new.url}/new")
    request = new.requests[0]
    assert (request.method, request.body) == ("POST", b"call_id=1")
    assert (request.headers["content-type"], request.headers["webhook-id"]) == (FORM, "1")


def test_a_303_to_a_post_is_returned_as_it_is(outside: Outside, serve: Serve) -> None:
    server = serve(redirect("/new", 303))
    assert outside.post(server.url, b"a=b", FORM).status == 303
    assert len(server.requests) == 1


@pytest.mark.parametrize("headers", [(), ("Location:",)], ids=["none", "empty"])
def test_a_redirect_to_nowhere_is_returned_as_it_is(headers: tuple[str, ...], outside: Outside, serve: Serve) -> None:
    assert outside.get(serve(answer(b"lost", 302, *headers)).url).status == 302


def test_three_redirects_are_followed_and_no_more(outside: Outside, serve: Serve) -> None:
    server = serve(routes(a=redirect("/b"), b=redirect("/c"), c=redirect("/d"), d=answer(b"end")))
    assert outside.get(f"{server.url}/a").body == b"end"
    server = serve(redirect("/again"))
    assert reason(outside, server.url) is Reason.REDIRECTS
    assert len(server.requests) == 4


# Connections


def test_connections_are_kept(outside: Outside, serve: Serve) -> None:
    server, other = serve(), serve()
    for _ in range(5):
        outside.get(server.url)
        outside.post(server.url, b"a=b", FORM)
        outside.get(other.url)
    assert (server.connections, other.connections) == (1, 1)


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_a_connection_is_kept_after_every_answer_read_to_its_end(status: int, outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"", status))
    outside.get(server.url)
    outside.get(server.url)
    assert server.connections == 1


def test_a_connection_is_dropped_when_its_body_was_not_read_to_the_end(outside: Outside, serve: Serve) -> None:
    server = serve(answer(b"x" * 1000))
    small = Limits(size=10)
    assert [outside.get(server.url, small).body for _ in range(3)] == [b"x" * 10] * 3
    assert server.connections == 3


def test_a_kept_connection_closed_meanwhile_is_replaced(outside: Outside, serve: Serve) -> None:
    server = serve()
    outside.get(server.url)
    server.hang_up()
    until(lambda: not server.is_connected, 5, "the server has closed the connection")
    assert outside.post(server.url, b"a=b", FORM).status == 200
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_kept_connection_closed_under_the_request_is_replaced_once(
    method: str, outside: Outside, serve: Serve
) -> None:
    def fetch() -> int:
        got = outside.get(server.url) if method == "get" else outside.post(server.url, b"a=b", FORM)
        return got.status

    server = serve(in_turn(answer(b"ok"), faults.hang_up, answer(b"ok"), faults.hang_up))
    assert [fetch(), fetch()] == [200, 200]
    assert (server.connections, len(server.requests)) == (2, 3)
    with pytest.raises(NotFetched):
        fetch()
    assert (server.connections, len(server.requests)) == (3, 5)


def test_a_request_that_was_half_answered_is_not_sent_again(outside: Outside, serve: Serve) -> None:
    server = serve(in_turn(answer(b"ok"), raw(b"HTTP/1.1 2", keep=False), answer(b"ok")))
    outside.get(server.url)
    with pytest.raises(NotFetched):
        outside.post(server.url, b"a=b", FORM)
    assert len(server.requests) == 2
