"""Reads what a Fuse request says: HTTP Basic credentials, and a body that is a form or a JSON object of its fields."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Request

from app import posted
from app.errors import BadForm, BadKey
from app.posted import Posted

_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
_UNKEPT = re.compile("[\0\ud800-\udfff]")  # what no database keeps


def credentials(request: Request) -> tuple[str, str]:
    """The e-mail address and the key of HTTP Basic, in UTF-8 (RFC 7617). Raises BadKey when there are none."""
    sent = request.authorization
    if sent is None or sent.type != "basic" or sent.username is None or sent.password is None:
        raise BadKey
    return _kept(sent.username), _kept(sent.password)


@contextmanager
def reading(request: Request, file_field: str) -> Iterator[Posted]:
    """The fields of a body, with the list ``file_field`` apart. Raises BadForm, and werkzeug's 413."""
    if _JSON.fullmatch(request.mimetype):
        yield _json(request, file_field)
    else:
        with posted.reading(request, file_field) as form:
            yield form


def _json(request: Request, file_field: str) -> Posted:
    """The fields of a JSON object as a form would have them: a value that is no text is its JSON, null is blank."""
    posted.refuse_too_large(request)
    try:
        sent = json.loads(posted.decode(posted.whole_body(request)).removeprefix("\ufeff"))
        if not isinstance(sent, dict):
            raise BadForm("its JSON is no object")
        fields = {_kept(name): _text(value) for name, value in sent.items()}
    except (ValueError, RecursionError):
        raise BadForm("its JSON is malformed") from None
    text = fields.pop(file_field, None)
    return Posted(fields, None if text is None else io.BytesIO(text.encode()))


def _text(value: object) -> str:
    if isinstance(value, str):
        return _kept(value)
    return "" if value is None else json.dumps(value)


def _kept(text: str) -> str:
    return _UNKEPT.sub("\ufffd", text)
