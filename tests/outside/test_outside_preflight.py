"""The pre-flight: both URLs are fetched side by side, and only 200 will do."""

import logging
import ssl
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import faults
import pytest
import trustme
from faults import Behaviour, Serve, answer, drip, head, redirect, routes

from app.errors import UrlNotUsable
from app.outside.addresses import Policy
from app.outside.answers import Answer, Limits, NotFetched, Reason
from app.outside.fetch import Outside
from app.outside.preflight import probe, refuse_unless_answering

SHORT = Limits(connect=0.4, total=0.4)


def slowly(connection: object, request: object) -> bool:
    time.sleep(0.2)
    return answer(b"late")(connection, request)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "behave",
    [
        answer(b"<vxml/>"),
        answer(b""),
        routes(start=redirect("/moved", 301), moved=answer(b"here")),
        faults.flood,
        faults.bomb(),
        slowly,
    ],
    ids=["200", "200 and empty", "301 to 200", "200 MiB", "gzip bomb", "slow"],
)
def test_a_url_that_answers_200_passes(behave: Behaviour, outside: Outside, serve: Serve) -> None:
    answers = refuse_unless_answering(outside, {"start_url": f"{serve(behave).url}/start"})
    assert answers["start_url"].status == 200


BAD: dict[str, tuple[Behaviour, str]] = {
    "201": (answer(b"", 201), "it answered 201"),
    "204": (answer(b"", 204), "it answered 204"),
    "302 to nowhere": (answer(b"", 302), "it answered 302"),
    "301 to 404": (routes(start=redirect("/gone", 301)), "it answered 404"),
    "401": (answer(b"", 401), "it answered 401"),
    "404": (answer(b"", 404), "it answered 404"),
    "500": (answer(b"", 500), "it answered 500"),
    "too many redirects": (redirect("/start"), "too many redirects"),
    "silence": (faults.silence, "no whole answer in time"),
    "drip": (drip(head(length=1000)), "no whole answer in time"),
    "hang up": (faults.hang_up, "connection broken off or answer not HTTP: RemoteDisconnected"),
    "reset": (faults.reset, "connection broken off or answer not HTTP: ConnectionResetError"),
}


@pytest.mark.parametrize(("behave", "why"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("field", ["start_url", "result_url"])
def test_a_url_that_answers_anything_else_is_refused_and_the_client_is_told_why(
    field: str, behave: Behaviour, why: str, outside: Outside, serve: Serve
) -> None:
    bad = f"{serve(behave).url}/start"
    urls = {"start_url": serve().url, "result_url": f"{serve().url}/result", field: bad}
    assert _refusal(outside, urls) == f"{field}: {bad} did not answer 200 OK: {why}"


def _refusal(outside: Outside, urls: dict[str, str]) -> str:
    with pytest.raises(UrlNotUsable) as refused:
        refuse_unless_answering(outside, urls, SHORT)
    return str(refused.value)


def test_a_certificate_that_is_not_trusted_is_told(outside: Outside, serve: Serve, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    url = serve(tls=context).url
    why = "TLS handshake or certificate not accepted: unable to get local issuer certificate"
    assert _refusal(outside, {"start_url": url}) == f"start_url: {url} did not answer 200 OK: {why}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://10.0.0.1.5/", "malformed URL: address"),
        ("http://169.254.169.254/", "address not permitted"),
        ("not a URL", "malformed URL: not an http or https URL, or a character that has no place in one"),
    ],
)
def test_a_url_that_may_not_be_called_as_everybody_can_see_is_told(url: str, why: str, outside: Outside) -> None:
    assert _refusal(outside, {"start_url": url}) == f"start_url: {url} did not answer 200 OK: {why}"


def test_nobody_is_told_that_a_name_or_a_redirect_leads_to_an_address_that_is_not_called(serve: Serve) -> None:
    """Which names there are inside, and what they mean, is nobody's business."""
    outside = Outside(Policy("open"), user_agent="ringback-test", resolve=lambda host, port: ["169.254.169.254"])
    name = "http://inside.example/"
    assert _refusal(outside, {"start_url": name}) == f"start_url: {name} did not answer 200 OK"
    redirected = serve(redirect("http://169.254.169.254/", 301)).url
    assert _refusal(outside, {"start_url": redirected}) == f"start_url: {redirected} did not answer 200 OK"


def test_under_the_public_network_every_cause_has_the_same_sentence(serve: Serve) -> None:
    """What listens in our network can't be found out, not even where the operator lets some of it be called."""

    def resolve(host: str, port: int) -> list[str]:
        if host == "nowhere.example":
            raise OSError
        return ["10.0.0.1"]

    policy = Policy("public", allow=(ip_network("127.0.0.0/8"),))
    outside = Outside(policy, user_agent="ringback-test", resolve=resolve)
    urls = [serve(behave).url for behave, _ in BAD.values()]
    closed = serve()
    closed.close()
    urls += [closed.url, "http://nowhere.example/", "http://inside.example/", "http://10.0.0.1/", "http://10.0.0.1.5/"]
    for url in urls:
        assert _refusal(outside, {"start_url": url}) == f"start_url: {url} did not answer 200 OK"


def test_the_first_field_in_order_is_the_one_reported(outside: Outside, serve: Serve) -> None:
    bad = serve(answer(b"", 404)).url
    with pytest.raises(UrlNotUsable) as refused:
        refuse_unless_answering(outside, {"start_url": f"{bad}/1", "result_url": f"{bad}/2"})
    assert refused.value.field == "start_url"


def test_the_probe_is_a_bare_get(outside: Outside, serve: Serve) -> None:
    server = serve()
    probe(outside, {"start_url": f"{server.url}/start.php?a=b", "result_url": f"{server.url}/result.php"})
    assert sorted((request.method, request.path, request.body) for request in server.requests) == [
        ("GET", "/result.php", b""),
        ("GET", "/start.php?a=b", b""),
    ]


def test_the_same_url_is_fetched_once(outside: Outside, serve: Serve) -> None:
    server = serve()
    answers = refuse_unless_answering(outside, {"start_url": server.url, "result_url": server.url})
    assert len(server.requests) == 1
    assert answers["start_url"] is answers["result_url"]


def test_no_url_at_all_is_fine(outside: Outside) -> None:
    assert refuse_unless_answering(outside, {}) == {}


def test_both_urls_are_fetched_side_by_side(outside: Outside, serve: Serve) -> None:
    both = threading.Barrier(2, timeout=20)

    def together(connection: object, request: object) -> bool:
        both.wait()  # broken, and so no answer, unless the other request arrives while this one waits
        return answer(b"")(connection, request)  # type: ignore[arg-type]

    server = serve(together)
    refuse_unless_answering(outside, {"start_url": f"{server.url}/1", "result_url": f"{server.url}/2"})


def test_one_silent_url_does_not_hide_the_answer_of_the_other(outside: Outside, serve: Serve) -> None:
    limits = Limits(connect=2, total=2)
    outcome = probe(outside, {"start_url": serve(faults.silence).url, "result_url": serve().url}, limits)
    assert isinstance(outcome["start_url"], NotFetched)
    assert outcome["start_url"].reason is Reason.TIME
    assert isinstance(outcome["result_url"], Answer)


def test_many_hanging_probes_at_once_all_end_in_time(outside: Outside, serve: Serve) -> None:
    """More callers than there are helpers: nobody waits for another's probe to end."""
    silent = serve(faults.silence)
    urls = {"start_url": f"{silent.url}/1", "result_url": f"{silent.url}/2"}

    def seconds(_: int) -> float:
        began = time.monotonic()
        probe(outside, urls, SHORT)
        return time.monotonic() - began

    with ThreadPoolExecutor(50) as callers:
        assert max(callers.map(seconds, range(50))) < 0.4 + 0.6


def test_a_huge_body_costs_no_memory(outside: Outside, serve: Serve) -> None:
    server = serve(faults.flood)
    tracemalloc.start()
    try:
        refuse_unless_answering(outside, {"start_url": f"{server.url}/1", "result_url": f"{server.url}/2"})
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_the_cause_is_logged_without_parameters_or_passwords(
    outside: Outside, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(answer(b"", 404))
    with pytest.raises(UrlNotUsable):
        refuse_unless_answering(outside, {"start_url": f"{server.url}/start.php?name=Jane"})
    with pytest.raises(UrlNotUsable):
        refuse_unless_answering(outside, {"result_url": "http://jane:secret@example.com/\r\nforged"})
    assert caplog.messages == [
        f"preflight refused start_url {server.url}/start.php: it answered 404",
        "preflight refused result_url (not a URL): malformed URL: not an http or https URL, "
        "or a character that has no place in one",
    ]
