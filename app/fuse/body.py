"""Reads what a Fuse request says: HTTP Basic credentials, and a body that is a form or a JSON object of its fields.

A form is read as it comes in, of whatever size. JSON is read whole, so that it is short: lists are sent as files.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app import posted
from app.errors import BadForm, BadKey
from app.posted import Fields, Posted

LONGEST_JSON = 524_288
"""Bytes: the longest metadata has room in it, whichever way it is written."""
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
_UNKEPT = re.compile("[\0\ud800-\udfff]")  # what no database keeps


def credentials(request: Request) -> tuple[str, str]:
    """The e-mail address and the key of HTTP Basic, in UTF-8 (RFC 7617). Raises BadKey when there are none."""
    sent = request.authorization
    if sent is None or sent.type != "basic" or sent.username is None or sent.password is None:
        raise BadKey
    return _kept(sent.username), _kept(sent.password)


@contextmanager
def reading(request: Request, longest: Mapping[str, int], list_field: str | None = None) -> Iterator[Posted]:
    """The fields of a body, with the list ``list_field`` apart, as ``posted`` reads them.

    Raises BadForm, and werkzeug's 413.
    """
    if _JSON.fullmatch(request.mimetype):
        yield _json(request, longest, list_field)
    else:
        with posted.reading(request, longest, list_field) as form:
            yield form


def _json(request: Request, longest: Mapping[str, int], list_field: str | None) -> Posted:
    """The fields of a JSON object as a form would have them: a value that is no text is its JSON, null is blank."""
    try:
        sent = json.loads(posted.decode(_whole_body(request)).removeprefix("\ufeff"))
        if not isinstance(sent, dict):
            raise BadForm("its JSON is no object")
        fields = {name: _text(value) for name, value in sent.items() if name in longest}
        listed = _text(sent[list_field]).encode() if list_field in sent else None
    except (ValueError, RecursionError):
        raise BadForm("its JSON is malformed") from None
    return Posted(Fields(fields, longest), None if listed is None else io.BytesIO(listed))


def _whole_body(request: Request) -> bytes:
    posted.refuse_too_large(request)
    body = bytearray()
    for chunk in posted.chunks(request):
        body += chunk
        if len(body) > LONGEST_JSON:
            raise RequestEntityTooLarge(
                f"a JSON body has at most {LONGEST_JSON} bytes: send a list as a file, in multipart/form-data"
            )
    return bytes(body)


def _text(value: object) -> str:
    if isinstance(value, str):
        return _kept(value)
    return "" if value is None else json.dumps(value)


def _kept(text: str) -> str:
    return _UNKEPT.sub("\ufffd", text)
