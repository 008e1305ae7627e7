"""What a stranger sends costs a web worker next to no memory, whatever it is, nor much time: the real server tells."""

import base64
import http.client
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Live, running
from memory import MOST_GROWTH, Watched

SHORT, LONG = 8, 63  # MiB
THREADS = 32
LONGEST = 30.0  # seconds, on a machine that does much else
URLENCODED = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
JSON = "application/json"
FUSE = {"Authorization": "Basic " + base64.b64encode(b"demo@example.com:demo-key").decode()}


def _part(head: bytes, value: bytes = b"") -> bytes:
    return b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + value + b"\r\n"


def _filled(start: bytes, unit: bytes, size: int, end: bytes = b"") -> bytes:
    """``size`` MiB of a unit over and over, between a start and an end."""
    return start + unit * ((size * 1_048_576 - len(start) - len(end)) // len(unit)) + end


END = b"\r\n--b--\r\n"
FORMS = {
    "escapes": (URLENCODED, b"start_url=", b"%41", b""),
    "markup": (URLENCODED, b"start_url=", b"<", b""),
    "login": (URLENCODED, b"pin=1&login=", b"%F0%9F%98%80", b""),
    "a list": (URLENCODED, b"phone_list=", b"%31%0A", b""),
    "a name": (URLENCODED, b"", b"%41", b"=1"),
    "pairs": (URLENCODED, b"", b"a=b&", b""),
    "the same pair": (URLENCODED, b"", b"start_url=%41&", b""),
    "no type": ("", b"start_url=", b"%41", b""),
    "part": (PARTS, _part(b"name=start_url")[:-2], b"A", END),
    "lines in a part": (PARTS, _part(b"name=start_url")[:-2], b"\r\n", END),
    "nearly boundaries": (PARTS, _part(b"name=start_url")[:-2], b"\r\n--bX", END),
    "a file": (PARTS, _part(b"name=phone_list; filename=x")[:-2], b"6175550100\n", END),
    "another file": (PARTS, _part(b"name=other; filename=x")[:-2], b"6175550100\n", END),
    "parts": (PARTS, b"", _part(b"name=start_url", b"x"), END),
    "the name of a part": (PARTS, b"--b\r\nContent-Disposition: form-data; name=", b"x", b"\r\n\r\n" + END),
    "headers of parts": (PARTS, b"", _part(b"name=x\r\n" + b"a:b\r\n" * 5_000), END),
    "parameters of parts": (PARTS, b"", _part(b"a=b;" * 450), END),
    "before the parts": (PARTS, b"", b"x", END),
    "after the parts": (PARTS, b"--b--", b"x", b""),
}
DOCUMENTS = {
    "deep": (JSON, b"", b"[", b""),
    "deep objects": (JSON, b"", b'{"a":', b""),
    "wide": (JSON, b"[", b"[],", b"1]"),
    "numbers": (JSON, b'{"metadata":[', b"1.1,", b"1]}"),
    "text": (JSON, b'{"phone_number":"', b"\\u00e9", b'"}'),
    "emoji": (JSON, b'{"csv":"', "😀".encode(), b'"}'),
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One web worker that has done everything once; its PIN hashes take 64 MiB for a moment each, one at a time."""
    folder: Path = tmp_path_factory.mktemp("memory")
    with running(folder, workers="1", clock="virtual") as one:
        for path in ("/queuecall.php", "/queuecalls.php", "/login", "/testing/clock"):
            _ask(one, path, URLENCODED, b"login=x&pin=y")
        _ask(one, "/api/apps/1/1/queue", JSON, b"{}", FUSE)
        yield one


def _ask(
    live: Live, path: str, media_type: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=LONGEST + 30)
    connection.request(method, path, body, {"Content-Type": media_type, **(headers or {})})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def _attack(live: Live, path: str, form: tuple[str, bytes, bytes, bytes], size: int, **more: dict[str, str]) -> bytes:
    """An answer; its server must not have grown meanwhile, nor may it echo what was sent."""
    media_type, start, unit, end = form
    body, watched, began = _filled(start, unit, size, end), Watched(live), time.monotonic()
    status, content = _ask(live, path, media_type, body, **more)
    assert status != 500
    assert len(content) < 4_096
    assert watched.growth() < MOST_GROWTH
    assert time.monotonic() - began < LONGEST
    return content


@pytest.mark.parametrize("name", FORMS)
def test_no_form_makes_a_worker_grow(live: Live, name: str) -> None:
    """Neither a field nor a name, header, part or list of many MiB."""
    path = "/queuecalls.php" if "list" in name or "file" in name else "/queuecall.php"
    assert b'status="failed"' in _attack(live, path, FORMS[name], SHORT)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", ["/queuecall.php", "/queuecalls.php", "/login", "/upload", "/api/apps/1/1/queue"])
@pytest.mark.parametrize("name", FORMS)
def test_no_form_of_the_largest_size_makes_a_worker_grow(live: Live, name: str, path: str) -> None:
    """On any page."""
    _attack(live, path, FORMS[name], LONG)


@pytest.mark.parametrize("name", ["escapes", "part"])
def test_nor_does_one_to_sign_in(live: Live, name: str) -> None:
    """Nobody has to be signed in for that."""
    assert b"larger than this server takes" in _attack(live, "/login", FORMS[name], SHORT)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_json_makes_a_worker_grow(live: Live, name: str) -> None:
    """Not even that of somebody with a key; and the testing API is open to all at this machine."""
    for size in (0.25, 0.5, SHORT):
        media_type, start, unit, end = DOCUMENTS[name]
        body = (
            _filled(start, unit, 1, end) if size == SHORT else start + unit * int(size * 1_048_000 // len(unit)) + end
        )
        for method, path in (("POST", "/api/apps/1/1/bulk_queue"), ("PUT", "/testing/callees/6175550100")):
            watched = Watched(live)
            status, content = _ask(live, path, media_type, body, FUSE, method)
            assert status in (400, 413), content
            assert len(content) < 4_096
            assert watched.growth() < MOST_GROWTH


def test_a_body_in_chunks_does_not_either(live: Live) -> None:
    """It says no length."""
    watched = Watched(live)
    for path in ("/queuecall.php", "/login"):
        connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
        pieces = (b"start_url=" + b"%41" * 20_000 for _ in range(SHORT * 17))
        connection.request("POST", path, pieces, {"Content-Type": URLENCODED}, encode_chunked=True)
        connection.getresponse().read()
        connection.close()
    assert watched.growth() < MOST_GROWTH


@pytest.mark.parametrize("name", ["escapes", "a list", "a file"])
def test_nor_do_as_many_at_once_as_there_are_threads(live: Live, name: str) -> None:
    """All of them together."""
    media_type, start, unit, end = FORMS[name]
    body, watched, statuses = _filled(start, unit, 4, end), Watched(live), list[int]()
    threads = [
        threading.Thread(target=lambda: statuses.append(_ask(live, "/queuecalls.php", media_type, body)[0]))
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * THREADS
    assert watched.growth() < MOST_GROWTH


def test_a_thousand_boundaries_are_not_remembered(live: Live) -> None:
    """Each is made into a pattern, which Python keeps."""
    watched = Watched(live)
    for count in range(1_000):
        boundary = f"{count:04}{os.urandom(3_500).hex()}"
        for path in ("/queuecall.php", "/login"):
            _ask(live, path, f"multipart/form-data; boundary={boundary}", b"--x")
    assert watched.growth() < MOST_GROWTH
