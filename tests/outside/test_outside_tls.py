"""TLS: who is believed, and that the deadline holds there too."""

import ssl
import time

import faults
import pytest
import trustme
from faults import Serve, drip, head, in_turn

from app.outside.addresses import Policy
from app.outside.answers import DEFAULT_LIMITS, Limits, NotFetched, Reason
from app.outside.fetch import Outside

SHORT = Limits(connect=0.3, total=0.6)
LATE = 10.0
"""Seconds after which a deadline was certainly not kept, however busy the machine; what is waited for takes longer."""


@pytest.fixture
def trusting(authority_file: str) -> Outside:
    return Outside(Policy("open"), user_agent="t", resolve=lambda host, port: ["127.0.0.1"], trust=authority_file)


def certificate(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def reason(outside: Outside, url: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Reason, str]:
    with pytest.raises(NotFetched) as refused:
        outside.get(url, limits)
    return refused.value.reason, str(refused.value)


def test_a_certificate_of_a_trusted_authority_is_believed_and_the_connection_kept(
    trusting: Outside, serve: Serve, authority: trustme.CA
) -> None:
    server = serve(tls=certificate(authority, "secure.example", "127.0.0.1"))
    for _ in range(3):
        assert trusting.get(f"https://secure.example:{server.port}/").body == b"hello"
        assert trusting.post(f"https://secure.example:{server.port}/", bytes(100_000), "a/b").body == b"hello"
    assert server.connections == 1
    assert trusting.get(server.url).body == b"hello"


def test_an_unknown_authority_is_not_believed(outside: Outside, serve: Serve, authority: trustme.CA) -> None:
    server = serve(tls=certificate(authority, "127.0.0.1"))
    kind, text = reason(outside, server.url)
    assert kind is Reason.TLS
    assert "certificate" in text
    assert server.requests == []


def test_a_certificate_for_another_name_is_not_believed(trusting: Outside, serve: Serve, authority: trustme.CA) -> None:
    server = serve(tls=certificate(authority, "other.example"))
    assert reason(trusting, f"https://secure.example:{server.port}/")[0] is Reason.TLS
    assert server.requests == []


def test_a_server_that_speaks_no_tls_is_said_so(trusting: Outside, serve: Serve) -> None:
    server = serve(greeting=b"220 mail.example ESMTP\r\n")
    assert reason(trusting, server.url.replace("http:", "https:"))[0] is Reason.TLS


def test_a_handshake_that_never_ends_does(trusting: Outside) -> None:
    unread = faults.Unread()
    began = time.monotonic()
    assert reason(trusting, unread.url.replace("http:", "https:"), SHORT)[0] is Reason.TIME
    assert time.monotonic() - began < LATE, "the handshake is part of connecting"
    unread.close()


@pytest.mark.parametrize("behave", [faults.silence, drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), drip(head(length=1000))])
def test_a_slow_answer_over_tls_ends_at_the_deadline(
    behave: faults.Behaviour, trusting: Outside, serve: Serve, authority: trustme.CA
) -> None:
    server = serve(behave, tls=certificate(authority, "127.0.0.1"))
    began = time.monotonic()
    assert reason(trusting, server.url, SHORT)[0] is Reason.TIME
    assert 0.5 < time.monotonic() - began < LATE


def test_a_kept_tls_connection_closed_under_the_request_is_replaced(
    trusting: Outside, serve: Serve, authority: trustme.CA
) -> None:
    server = serve(
        in_turn(faults.answer(b"ok"), faults.hang_up, faults.answer(b"ok")), tls=certificate(authority, "127.0.0.1")
    )
    assert [trusting.get(server.url).status for _ in range(2)] == [200, 200]
    assert len(server.requests) == 3


def test_a_redirect_to_https_is_verified_too(outside: Outside, serve: Serve, authority: trustme.CA) -> None:
    server = serve(tls=certificate(authority, "other.example"))
    assert reason(outside, serve(faults.redirect(server.url)).url)[0] is Reason.TLS
