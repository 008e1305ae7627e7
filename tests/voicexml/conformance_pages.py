"""The documents in conformance/ as a web site, with a few addresses that do what tests need."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

from app.voicexml.recording import silence
from app.voicexml.resources import Answer, Request

DIRECTORY = Path(__file__).parent / "conformance"
BASE = "http://customer.example/"
_FRESH = {
    "kept": {"cache-control": "max-age=60"},
    "expiring": {"date": "Mon, 19 Jul 2004 13:46:03 GMT", "expires": "Mon, 19 Jul 2004 13:47:03 GMT"},
}


def fetch(request: Request) -> Answer:
    """The files of the directory, those of ``pages`` also under ``kept`` and ``expiring``: fresh for a minute.

    ``sound-2.5.wav`` lasts so many seconds.
    ``echo`` speaks what was sent to it, ``echo-return`` returns it as ``sent``, ``echo-kind`` speaks its media types.
    """
    path, _, query = request.url.removeprefix(BASE).partition("?")
    if path in ("echo", "echo-return"):
        sent = f"{request.method} {query if request.body is None else request.body.decode()}"
        return _answer(request, _echo(sent, returns=path == "echo-return"))
    if path == "echo-kind":
        kinds = re.findall(rb"Content-Type: (\S+)", request.body or b"")
        return _answer(request, _echo(" ".join([request.content_type.partition(";")[0], *map(bytes.decode, kinds)])))
    file = DIRECTORY / re.sub("^(kept|expiring)/", "pages/", path)
    if path.startswith("sound-"):
        headers = {"content-type": "audio/x-wav"}
        return Answer(200, request.url, headers, silence(float(path.removeprefix("sound-").removesuffix(".wav"))))
    if path.startswith("status-"):
        return Answer(int(path.removeprefix("status-")), request.url, {}, b"")
    if not file.is_file():
        return Answer(404, request.url, {"content-type": "text/plain"}, b"no such page")
    return _answer(request, file.read_bytes(), _FRESH.get(path.partition("/")[0]))


def _answer(request: Request, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, request.url, {"content-type": "application/voicexml+xml"} | dict(headers or {}), body)


def _echo(sent: str, *, returns: bool = False) -> bytes:
    expr = quoteattr(json.dumps(sent))
    content = '<return namelist="sent"/>' if returns else '<value expr="sent"/>'
    return f'<vxml version="2.0"><form><var name="sent" expr={expr}/><block>{content}</block></form></vxml>'.encode()
