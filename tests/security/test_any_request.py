"""Requests made up by a generator against every route: never a 500, a traceback, a hang, or an answer nobody can parse.

``GENERATOR_SECONDS`` says how long; ``make security`` says five minutes. Some are of many MiB, of which the server must
take next to no memory.
"""

import contextlib
import http.client
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from xml.etree import ElementTree

import hypothesis
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from live import Live, running
from memory import MOST_GROWTH, Watched

from app import factory
from app.calls import db
from app.settings import Settings

pytestmark = pytest.mark.one_engine

SECONDS = float(os.environ.get("GENERATOR_SECONDS", "4"))
LEAST = 100
"""Requests, however long they take."""
LONGEST = 15.0
LEAST_LARGE, LONGEST_LARGE = 30, 30.0
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND")
_FIELDS = """
login pin phone_number phone_list campaign_name campaign name start_url result_url message_reference
call_parameters campaign_parameters max_retries max_retry retry_interval scheduled_timestamp  scheduled_time
expiration_timestamp expiration_time advance to timeout outcomes callee ring says dtmf  hangs_up_after login
status after limit count
"""
FIELDS = tuple(_FIELDS.split())
TELLING = (
    "",
    "0",
    "-1",
    "1",
    "demo",
    "1234",
    "6175550100",
    "tomorrow",
    "99999999999999999999",
    "1e999",
    "NaN",
    "\0",
    "é",
)
_RANDOM_HEADERS = """
Accept Authorization Cookie Content-Type Content-Encoding Expect Origin Range If-Modified-Since  If-None-Match
Upgrade Connection Accept-Encoding X-HTTP-Method-Override X-Original-URL X-Real-IP Referer  TE User-Agent
"""
RANDOM_HEADERS = tuple(_RANDOM_HEADERS.split())


def _routes(web: Flask, methods: Set[str] = frozenset(("GET", "POST", "PUT", "DELETE"))) -> list[str]:
    return sorted({rule.rule for rule in web.url_map.iter_rules() if methods & (rule.methods or set())})


class Made:
    """A made-up request."""

    def __init__(self, method: str, path: str, headers: list[tuple[str, bytes]], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def __repr__(self) -> str:
        return f"{self.method} {self.path!r} {self.headers!r} {self.body[:300]!r}"


_text = st.one_of(st.sampled_from(TELLING), st.text(max_size=40), st.integers().map(str))
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | _text, inner, max_size=4),
    max_leaves=8,
)
_visible = st.binary(max_size=40).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F))


def _quoted(text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in raw)


@st.composite
def _form(draw: st.DrawFn) -> tuple[bytes, bytes]:
    pairs = draw(st.lists(st.tuples(st.sampled_from(FIELDS) | _text, _text), max_size=8))
    pairs += draw(st.sampled_from([[], [("login", "demo"), ("pin", "1234")]]))
    body = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()
    return b"application/x-www-form-urlencoded", body


@st.composite
def _multipart(draw: st.DrawFn) -> tuple[bytes, bytes]:
    boundary = draw(st.sampled_from([b"b", b"----x", b'"b"', b"", b"\xff"]))
    pieces = []
    for _ in range(draw(st.integers(0, 5))):
        name = draw(st.sampled_from(FIELDS)).encode()
        disposition = draw(
            st.sampled_from([b'form-data; name="%s"', b"form-data; name=%s; filename=x", b"%s", b"=;;%s"])
        )
        head = b"Content-Disposition: " + disposition % name
        pieces.append(b"--b\r\n" + head + draw(st.sampled_from([b"\r\n\r\n", b"\r\n", b"\n\n", b""])))
        pieces.append(draw(st.binary(max_size=60) | st.just(b"6175550100,x,y\n")) + b"\r\n")
    pieces.append(draw(st.sampled_from([b"--b--\r\n", b"--b", b"", b"--b--"])))
    return b"multipart/form-data; boundary=" + boundary, b"".join(pieces)


UNITS = (b"A", b"%41", b"<", b"+", b"%", b"&", b"=", b"a=b&", b"\xe9", b"\r\n", b"\r", b"\r\n--b\r\n", b"\r\n--b",
    b"[", b"[],", b'{"a":', b"1,", b"\\u00e9", "😀".encode(), b"6175550100\n", b"a:b\r\n", b"\0")  # fmt: skip
"""What a large body is made of, over and over."""


@st.composite
def large_requests(draw: st.DrawFn, routes: list[str], largest: int) -> Made:
    """One whose body has up to ``largest`` MiB; none has both login and PIN, whose hash takes 64 MiB by design."""
    name = draw(st.sampled_from(FIELDS) | _text)
    part = b'--b\r\nContent-Disposition: form-data; name="%s"' % name.encode("utf-8", "surrogatepass")
    starts = {
        b"application/x-www-form-urlencoded": [b"", b"%s=" % _quoted(name).encode(), b"a=b&login="],
        b"multipart/form-data; boundary=b": [
            b"",
            b"--b",
            part,
            part + b"\r\n\r\n",
            part + b"; filename=x\r\n\r\n",
            b"--b--",
        ],
        b"application/json": [b"", b"[", b'{"%s":' % _quoted(name).encode(), b'{"phone_number":"', b'"'],
        b"text/plain": [b""],
    }
    kind = draw(st.sampled_from(list(starts)))
    start, unit = draw(st.sampled_from(starts[kind])), draw(st.sampled_from(UNITS))
    end = draw(st.sampled_from([b"", b"\r\n--b--\r\n", b'"}', b"1]"]))
    size = draw(st.integers(1, largest)) * 1_048_576
    path = draw(st.sampled_from(routes) | st.sampled_from([each for each in routes if each.endswith(".php")]))
    if "<" in path:
        path = re.sub("<[^>]*>", draw(st.sampled_from(["1", "6175550100"])), path)
    headers = draw(
        st.lists(st.tuples(st.sampled_from(("X-A", "Cookie", "Accept")), st.just(b"a;" * 4_000)), max_size=2)
    )
    method = draw(st.sampled_from(("POST", "POST", "POST", "PUT", "GET")))
    return Made(method, path, [*headers, ("Content-Type", kind)], start + unit * (size // len(unit)) + end)


@st.composite
def requests(draw: st.DrawFn, routes: list[str]) -> Made:
    path = draw(st.sampled_from(routes))
    if "<" in path:
        place = _quoted(draw(_text | st.sampled_from(["6175550100", "112850593", "..", "style.css"]))) or "x"
        path = path.partition("<")[0] + place
    elif not draw(st.integers(0, 9)):
        path += _quoted(draw(_text))
    query = draw(st.lists(st.tuples(st.sampled_from(FIELDS), _text), max_size=3))
    if query:
        path += "?" + "&".join(f"{name}={_quoted(value)}" for name, value in query)
    kind, body = draw(
        st.one_of(
            _form(),
            _multipart(),
            _json.map(lambda told: (b"application/json", json.dumps(told).encode())),
            st.tuples(_visible, st.binary(max_size=200)),
        )
    )
    names = st.sampled_from(RANDOM_HEADERS)
    headers = draw(st.lists(st.tuples(names, _visible), max_size=3, unique_by=lambda pair: pair[0]))
    if "Content-Type" not in dict(headers):
        headers.append(("Content-Type", kind))
    method = draw(st.sampled_from(METHODS) | st.just("POST"))
    if path.startswith("/testing/wait") and "timeout" not in path:
        path += ("&" if "?" in path else "?") + "timeout=0"
    return Made(method, path, headers, body)


def _judge(made: Made, status: int, kind: str, body: bytes, seconds: float, longest: float = LONGEST) -> None:
    assert status != 500, (made, body)
    assert b"Traceback" not in body, made
    assert seconds < longest, (made, seconds)
    path = made.path.partition("?")[0]
    if made.method in ("HEAD", "OPTIONS") or status == 304 or not body:
        return
    if path.endswith(".php") and kind.startswith("text/xml"):
        ElementTree.fromstring(body)
    if path == "/testing" or path.startswith("/testing/"):
        json.loads(body)
        assert kind == "application/json"
    if path.endswith(".php") and made.method not in ("GET", "HEAD"):
        assert kind.startswith("text/xml"), (made, kind, body)


class _Enough(Exception):
    pass


# werkzeug leaves the file of an upload that breaks off in mid-part to the garbage collector, which closes it.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
@pytest.mark.timeout(SECONDS * 2 + 120)
def test_in_process(settings: Settings, database: None) -> None:
    """Through the application itself: a fault would be an exception and not only a 500."""
    web = factory.create_app(settings)
    client, counts = web.test_client(), Counter[int]()
    routes, deadline = _routes(web), time.monotonic() + SECONDS / 2

    def ask(made: Made) -> None:
        if time.monotonic() > deadline and counts.total() >= LEAST:
            raise _Enough
        began = time.monotonic()
        headers = [(name, text.decode("latin-1")) for name, text in made.headers]
        with client.open(made.path, method=made.method, headers=headers, data=made.body) as answer:
            counts[answer.status_code] += 1
            _judge(made, answer.status_code, answer.content_type or "", answer.data, time.monotonic() - began)

    _run(ask, requests(routes))
    print(f"\n{counts.total()} requests in process: {dict(sorted(counts.items()))}")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("any")
    with running(folder, workers="1") as one:
        yield one


@pytest.mark.timeout(SECONDS * 2 + 120)
def test_over_http(live: Live, sqlite_template: Path) -> None:
    """Against the real server, whose log must not hold a traceback either."""
    counts, deadline = Counter[int](), time.monotonic() + SECONDS

    def ask(made: Made) -> None:
        if time.monotonic() > deadline and counts.total() >= LEAST:
            raise _Enough
        counts[_ask(live, made, LONGEST)] += 1

    _run(ask, requests(_routes(_web(sqlite_template))))
    print(f"\n{counts.total()} requests over HTTP: {dict(sorted(counts.items()))}")
    assert "Traceback" not in live.log.read_text()


@pytest.mark.parametrize(
    ("largest", "seconds"),
    [pytest.param(4, SECONDS / 2, id="short"), pytest.param(63, SECONDS * 12, id="long", marks=pytest.mark.soak)],
)
@pytest.mark.timeout(SECONDS * 14 + 240)
def test_large_bodies_take_next_to_no_memory(live: Live, sqlite_template: Path, largest: int, seconds: float) -> None:
    """Each of them, and all that came together."""
    for path in ("/queuecall.php", "/queuecalls.php"):
        live.post(path, login="x", pin="y")  # what is loaded at the first request is no growth
    counts, deadline, watched = Counter[int](), time.monotonic() + seconds, Watched(live)

    def ask(made: Made) -> None:
        if time.monotonic() > deadline and counts.total() >= LEAST_LARGE:
            raise _Enough
        counts[_ask(live, made, LONGEST_LARGE)] += 1
        assert watched.growth() < MOST_GROWTH, (made, len(made.body))

    _run(ask, large_requests(_routes(_web(sqlite_template), {"POST", "PUT"}), largest))
    print(f"\n{counts.total()} large requests: {dict(sorted(counts.items()))}, {watched.growth():.0f} MiB")
    assert "Traceback" not in live.log.read_text()


def _web(sqlite_template: Path) -> Flask:
    db.open_database(f"sqlite:///{sqlite_template}")
    web = factory.create_app(Settings.read({"RINGBACK_DATABASE": f"sqlite:///{sqlite_template}"}))
    db.close_database()
    return web


def _ask(live: Live, made: Made, longest: float) -> int:
    """The status of the answer to a request, which must be one that can be parsed, and came in time."""
    connection, began = http.client.HTTPConnection("127.0.0.1", live.port, timeout=longest + 5), time.monotonic()
    connection.putrequest(made.method, made.path, skip_accept_encoding=True)
    for name, text in made.headers:
        connection.putheader(name, text)
    connection.putheader("Content-Length", str(len(made.body)))
    connection.endheaders(made.body)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    from_gunicorn = "X-Content-Type-Options" not in answer.headers
    assert not from_gunicorn or answer.status in (400, 417), (made, answer.status, body)
    if not from_gunicorn:
        _judge(made, answer.status, answer.headers.get("Content-Type", ""), body, time.monotonic() - began, longest)
    return answer.status


def _run(ask: Callable[[Made], None], made_up: st.SearchStrategy[Made]) -> None:
    """Ask for whatever comes up, until it has been enough."""
    until_enough = hypothesis.settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    with contextlib.suppress(_Enough):
        until_enough(given(made=made_up)(lambda made: ask(made)))()
