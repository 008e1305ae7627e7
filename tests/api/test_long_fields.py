"""Fields that are too long, in every encoding: left out of the echo and reported in their turn; forms in pieces."""

import io
import json
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, quote_plus
from xml.etree import ElementTree

import multipart
import pytest
from customer import Customer
from flask import Request
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app import posted
from app.calls import accounts
from app.classic import form
from app.errors import BadField, BadForm
from app.fuse import form as fuse_form

pytestmark = pytest.mark.one_engine

URLENCODED = "application/x-www-form-urlencoded"
DEMO = ("demo@example.com", "demo-key")
LONG = 100_000
WHO = {"login": "demo", "pin": "1234"}
CALL = WHO | {"phone_number": "6175550100"}
LIST = b"6175550100,one two\r\n+16175550101,%,100%25\r\n"


def _urlencoded(fields: dict[str, str], numbers: bytes = b"") -> tuple[bytes, str]:
    pairs = [f"{name}={quote_plus(value)}" for name, value in fields.items()]
    pairs += [f"phone_list={quote(numbers)}"] if numbers else []
    return "&".join(pairs).encode(), URLENCODED


def _multipart(fields: dict[str, str], numbers: bytes = b"") -> tuple[bytes, str]:
    return multipart.encode(fields, numbers), multipart.CONTENT_TYPE


Encode = Callable[..., tuple[bytes, str]]
ENCODINGS = [pytest.param(_urlencoded, id="urlencoded"), pytest.param(_multipart, id="multipart")]


def _answer(web: FlaskClient, path: str, body: tuple[bytes, str]) -> tuple[str, dict[str, str]]:
    """The error of an answer, "" for none, and its echo."""
    told = web.post(path, data=body[0], content_type=body[1]).data
    assert len(told) < 8_192
    root = ElementTree.fromstring(told)
    return root.findtext("error", ""), {each.tag: each.text or "" for each in root if each.tag not in ("error", "call")}


@pytest.mark.parametrize("encode", ENCODINGS)
def test_a_long_field_is_reported_and_not_echoed(web: FlaskClient, encode: Encode, customer: Customer) -> None:
    """However long it is."""
    for name in form.CALL_FIELDS[2:]:
        sent = CALL | {"start_url": f"{customer.url}/start", name: "1" * LONG}
        error, echoed = _answer(web, "/queuecall.php", encode(sent))
        assert error == f"{name}: must have at most {form.LONGEST[name]} characters"
        assert echoed == {key: value for key, value in sent.items() if key != name}


@pytest.mark.parametrize("encode", ENCODINGS)
def test_a_long_login_or_pin_is_not_accepted(web: FlaskClient, encode: Encode) -> None:
    """It says what it says of wrong ones."""
    for name in WHO:
        error, echoed = _answer(web, "/queuecall.php", encode(CALL | {name: "1" * LONG}))
        assert error == "login or pin not accepted"
        assert name not in echoed


def test_what_is_wrong_is_reported_in_its_turn(web: FlaskClient) -> None:
    """Credentials first, then the fields in the documented order, whichever of them are too long."""
    long = dict.fromkeys(form.LONGEST, "<" * LONG)
    expected = ["login or pin not accepted", "phone_number: must have at most 128 characters"]
    expected += [f"{name}: must have at most {form.LONGEST[name]} characters" for name in form.CALL_FIELDS[3:]]
    good = {
        **WHO,
        "phone_number": "6175550100",
        "start_url": "http://127.0.0.1:9/",
        "max_retries": "1",
        "retry_interval": "60",
        "scheduled_timestamp": "0",
        "expiration_timestamp": "0",
    }
    reported = []
    sent = dict(long)
    for mended in [*WHO, *form.CALL_FIELDS[2:]]:
        error, echoed = _answer(web, "/queuecall.php", _urlencoded(sent))
        assert set(echoed) == {name for name in form.CALL_FIELDS if sent[name] != long[name]}
        reported.append(error)
        sent[mended] = good.get(mended, "")
    assert list(dict.fromkeys(reported)) == [sentence for sentence in expected if "max_retry:" not in sentence]


@pytest.mark.parametrize("encode", ENCODINGS)
def test_blanks_around_a_value_are_not_its_own(web: FlaskClient, customer: Customer, encode: Encode) -> None:
    """Old clients send line ends along."""
    url = f"{customer.url}/start?" + "x" * (255 - len(f"{customer.url}/start?"))
    error, echoed = _answer(web, "/queuecall.php", encode(CALL | {"start_url": f" {url}\r\n"}))
    assert error == ""
    assert echoed["start_url"] == url


@pytest.mark.parametrize("encode", ENCODINGS)
def test_an_echo_is_no_longer_than_the_field_allows(web: FlaskClient, encode: Encode) -> None:
    """Of all fields at their longest, with what XML makes of them."""
    sent = {name: "<" * longest for name, longest in form.LONGEST.items()}
    told = web.post("/queuecalls.php", data=(body := encode(sent))[0], content_type=body[1]).data
    assert len(told) < sum(len("&lt;") * longest + 60 for longest in form.LONGEST.values())


def _listed(web: FlaskClient, body: bytes, media_type: str) -> ElementTree.Element:
    with web.post("/queuecalls.php", data=body, content_type=media_type) as answer:
        return ElementTree.fromstring(answer.data)


@pytest.mark.parametrize("encode", ENCODINGS)
@pytest.mark.parametrize("count", [2, 9_000])
def test_a_list_is_the_same_in_either_encoding(
    web: FlaskClient, customer: Customer, encode: Encode, count: int
) -> None:
    """One that fits into memory and one that does not; a % that is none of an escape stays."""
    sent = WHO | {"start_url": f"{customer.url}/start"}
    numbers = LIST + b"6175550100,%4\n" * (count - 2)
    body, media_type = encode(sent, numbers)
    root = _listed(web, body, media_type)
    assert root.get("queued") == str(count)
    calls = root.findall("call")
    assert [call.findtext("message_reference") for call in calls[:3]] == ["one two", "%", "%4"][:count]


def test_the_last_of_many_lists_counts(web: FlaskClient, customer: Customer) -> None:
    """As of every field; a file goes before a text."""
    start = f"login=demo&pin=1234&start_url={customer.url}/start&phone_list=6175550100&phone_list=6175550101,second"
    root = _listed(web, start.encode(), URLENCODED)
    assert [call.findtext("message_reference") for call in root.findall("call")] == ["second"]


@pytest.mark.parametrize("kind", ["form", "json"])
def test_fuse_reports_a_long_field(web: FlaskClient, kind: str) -> None:
    """In its turn as well, from a form and from JSON."""
    for name, longest in fuse_form.LONGEST.items():
        sent = {"phone_number": "6175550100", "max_attempts": "2", "reattempt_wait": "60"} | {name: "1" * 300_000}
        body = {"json": sent} if kind == "json" else {"data": sent}
        answer = web.post("/api/apps/1/1/queue", auth=DEMO, **body)  # type: ignore[arg-type]
        assert answer.status_code == 400
        assert answer.get_json()["error"] == f"{name}: must have at most {longest} characters"


def test_fuse_takes_the_longest_metadata_however_it_is_written(web: FlaskClient) -> None:
    """Escaped in JSON, and that percent-encoded."""
    text = json.dumps({"a": "é" * 32_000})
    for body in (
        {"data": {"phone_number": "6175550100", "metadata": text}},
        {"json": {"phone_number": "6175550100", "metadata": {"a": "é" * 32_000}}},
    ):
        assert web.post("/api/apps/1/1/queue", auth=DEMO, **body).status_code == 200  # type: ignore[arg-type]


def test_fuse_says_how_long_json_may_be(web: FlaskClient) -> None:
    """And how to send a list."""
    answer = web.post("/api/apps/1/1/bulk_queue", auth=DEMO, json={"csv": "6175550100\n" * 60_000})
    assert answer.status_code == 413
    assert "multipart/form-data" in answer.get_json()["error"]


class _Pieces(io.RawIOBase):
    """A body that comes in as many bytes at a time as ``sizes`` says, over and over."""

    def __init__(self, body: bytes, sizes: list[int]) -> None:
        self._body, self._sizes, self._turn = io.BytesIO(body), sizes, 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray) -> int:  # type: ignore[override]
        self._turn += 1
        piece = self._body.read(min(len(into), self._sizes[self._turn % len(self._sizes)]))
        into[: len(piece)] = piece
        return len(piece)


def _read(body: bytes, sizes: list[int], media_type: str = URLENCODED) -> tuple[dict[str, str], bytes | None]:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": _Pieces(body, sizes),
    }
    with posted.reading(Request(environ), {"a": 20, "login": 20}, "phone_list") as sent:
        found = None if sent.file is None else b"".join(iter(lambda: sent.file.read(5), b""))  # type: ignore[union-attr]
        return dict(sent.fields), found


_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=5)
_piece = st.sampled_from(
    [b"&", b"=", b"%", b"%4", b"%41", b"%e9", b"+", b"a", b"login", b"phone_list", b"%61", b"1", b"\xe9"]
)


@given(body=st.lists(_piece, max_size=25).map(b"".join), sizes=_sizes)
def test_pairs_are_those_of_the_standard_library_in_whatever_pieces_they_come(body: bytes, sizes: list[int]) -> None:
    """The last of a repeated field among them."""
    pairs = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))
    fields, found = _read(body, sizes)
    assert found == (pairs["phone_list"].encode("latin-1") if "phone_list" in pairs else None)
    assert fields == {
        name: posted.decode(value.encode("latin-1")) for name, value in pairs.items() if name in ("a", "login")
    }


_part = st.tuples(st.sampled_from(["a", "login", "phone_list", "other"]), st.binary(max_size=20), st.booleans())


@given(parts=st.lists(_part, max_size=6), sizes=_sizes)
def test_parts_are_what_was_sent_in_whatever_pieces_they_come(
    parts: list[tuple[str, bytes, bool]], sizes: list[int]
) -> None:
    """Files are no fields, and fields no files."""
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="x"' if is_file else b"", value)
        for name, value, is_file in parts
    )
    fields, found = _read(body + b"--b--\r\n", sizes, "multipart/form-data; boundary=b")
    texts = {name: value for name, value, is_file in parts if not is_file}
    files = {name: value for name, value, is_file in parts if is_file}
    assert fields == {name: posted.decode(value) for name, value in texts.items() if name in ("a", "login")}
    assert found == files.get("phone_list", texts.get("phone_list"))


PARTS = "multipart/form-data; boundary=b"
PART = b"--b\r\nContent-Disposition: form-data"


@pytest.mark.parametrize(
    ("media_type", "body", "why"),
    [
        pytest.param(URLENCODED, b"&" * 1_000, "more than 1000 fields", id="pairs"),
        pytest.param(PARTS, (PART + b"; name=x\r\n\r\n\r\n") * 1_001, "more than 1000 fields", id="parts"),
        pytest.param("multipart/form-data; boundary=" + "b" * 71, b"", "more than 70 characters", id="boundary"),
        pytest.param(PARTS, PART + b"; name=" + b"x" * 3_000 + b"\r\n\r\n", "too long headers", id="name of a part"),
        pytest.param(PARTS, PART + b"\r\na:b" * 20 + b"\r\n\r\n", "too many", id="headers of a part"),
        pytest.param(PARTS, PART + b"x" * 100_000, "malformed", id="part without end"),
        pytest.param(PARTS, b"x" * 100_000, "malformed", id="no part"),
    ],
)
def test_a_form_that_can_t_be_read_says_why(media_type: str, body: bytes, why: str) -> None:
    """A sentence for each bound."""
    with pytest.raises(BadForm, match=why):
        _read(body, [10_000], media_type)


def test_a_field_of_1000_is_read() -> None:
    """PHP's number of fields, and the last of them."""
    assert _read(b"&".join([b"b=1"] * 999 + [b"a=x"]), [7]) == ({"a": "x"}, None)


def test_a_long_field_raises_only_when_it_is_asked_for() -> None:
    """So that whatever comes before it is reported before it."""
    sent = posted.Fields({"a": None, "login": "x"}, {"a": 20, "login": 20})
    assert "a" in sent
    assert sent["login"] == "x"
    assert sent.get("none", "") == ""
    with pytest.raises(BadField, match="a: must have at most 20 characters"):
        sent.get("a", "")


def test_the_bounds_of_credentials_are_those_of_accounts() -> None:
    """Nobody is locked out by the form who has an account."""
    assert (form.LONGEST["login"], form.LONGEST["pin"]) == (accounts.LOGIN_LENGTH, accounts.PIN_LENGTH)
