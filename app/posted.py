"""Reads a posted form the way PHP did for the original: bytes that are UTF-8 or else Windows-1252, the last of a
repeated field, urlencoded or multipart, one field of which may be a file."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser, default_stream_factory

from app.errors import BadForm

MOST_FIELDS = 1_000  # PHP's max_input_vars


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form as text, and its list as a stream of bytes (None when there is none)."""

    fields: dict[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None


@contextmanager
def reading(request: Request, file_field: str) -> Iterator[Posted]:
    """The form in a request's body; its list, the file or text ``file_field``, is closed with the block.

    Raises BadForm for a body that can't be read whole, and werkzeug's 413 for one that is too large.
    """
    refuse_too_large(request)
    boundary = request.mimetype_params.get("boundary", "")
    with ExitStack() as files:
        if request.mimetype == "multipart/form-data" and boundary:
            yield _multipart(request, boundary, file_field, files)
        else:
            yield _urlencoded(request, file_field)


def refuse_too_large(request: Request) -> None:
    """Raise werkzeug's 413 whatever the server in front of us does with the rest of the stream."""
    if (request.content_length or 0) > (request.max_content_length or float("inf")):
        raise RequestEntityTooLarge


def _urlencoded(request: Request, file_field: str) -> Posted:
    try:
        pairs = parse_qsl(
            whole_body(request).decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise BadForm(f"it has more than {MOST_FIELDS} fields") from None
    values = {name: value.encode("latin-1") for name, value in pairs}
    text = values.pop(file_field, None)
    return Posted(_decoded(values), None if text is None else io.BytesIO(text))


def whole_body(request: Request) -> bytes:
    """All of the body: what was cut off must not be taken for a shorter list, or a shorter number.

    Raises BadForm and werkzeug's 413.
    """
    try:
        body = request.stream.read()
    except ClientDisconnected as wrong:
        raise BadForm("it ended early, or came too slowly") from wrong
    if request.content_length is None:
        if request.max_content_length is not None and len(body) >= request.max_content_length:
            raise RequestEntityTooLarge
    elif len(body) < request.content_length:
        raise BadForm("it ended before its Content-Length")
    return body


class _BytesParser(MultiPartParser):
    """Keeps the bytes of text fields apart, by reading them as Latin-1, so that we choose their encoding."""

    def get_part_charset(self, headers: Headers) -> str:
        return "latin-1"


def _multipart(request: Request, boundary: str, file_field: str, until_read: ExitStack) -> Posted:
    """The form of a multipart body; all of its files, asked for or not, are closed with ``until_read``."""

    def new_file(*about: Any, **more: Any) -> IO[bytes]:
        return until_read.enter_context(default_stream_factory(*about, **more))

    parser = _BytesParser(new_file, max_form_memory_size=request.max_content_length, max_form_parts=MOST_FIELDS)
    try:
        form, files = parser.parse(request.stream, boundary.encode("latin-1", "replace"), request.content_length)
    except (ValueError, ClientDisconnected) as wrong:
        raise BadForm("its multipart/form-data is malformed, ended early or came too slowly") from wrong
    except RequestEntityTooLarge:
        if request.content_length is None:
            raise
        raise BadForm(f"it has more than {MOST_FIELDS} fields") from None
    values = {name: texts[-1].encode("latin-1") for name, texts in form.lists()}
    text = values.pop(file_field, None)
    if file_field in files:
        return Posted(_decoded(values), cast(BinaryIO, files.getlist(file_field)[-1].stream))
    return Posted(_decoded(values), None if text is None else io.BytesIO(text))


def _decoded(values: dict[str, bytes]) -> dict[str, str]:
    return {name: decode(value) for name, value in values.items()}


def decode(value: bytes) -> str:
    """UTF-8, else Windows-1252; the five bytes that Windows-1252 does not define, and NUL, become U+FFFD."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("cp1252", "replace")
    return text.replace("\0", "\ufffd")  # no database but SQLite keeps a NUL
