"""The Fuse API's answers: JSON, or XML for whom that suits better, and errors as ``{"error": sentence}``.

In XML the root is ``result``, a member of an object an element of its name, a member of a list an ``item``. The answer
for a list can hold a million call_ids, so it is made while it is sent.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app.errors import (
    BadKey,
    DeletedAccount,
    DeletedDeployment,
    MayNotQueue,
    NoSuchCall,
    NoSuchDeployment,
    Refusal,
    TryLater,
)
from app.intake.lists import Batch
from app.markup import escaped

JSON, XML = "application/json", "application/xml"
MOST_ERRORS = 1_000
_AT_ONCE = 10_000  # call_ids

_STATUSES: Mapping[type[Refusal], int] = {
    BadKey: 401,
    MayNotQueue: 403,
    TryLater: 429,
    NoSuchDeployment: 404,
    NoSuchCall: 404,
    DeletedAccount: 409,
    DeletedDeployment: 409,
}
_IN_OUR_WORDS = {
    404: "there is no such page in the API",
    405: "the method is not one that this page takes",
    413: "the request is larger than this server takes: send the list in several parts",
    500: "a fault of ours; nothing was queued",
}
_DECLARATION = '<?xml version="1.0"?>\n'
_NAME = re.compile("(?!xml)[A-Za-z_][A-Za-z0-9_.-]*", re.IGNORECASE)
_IN_ATTRIBUTES = {ord('"'): "&quot;", ord("\t"): "&#9;", ord("\n"): "&#10;"}


def told(answer: Mapping[str, object], status: int = 200) -> Response:
    """An answer."""
    return _response(_as_xml(answer) if _wants_xml() else f"{json.dumps(answer)}\n", status)


def refused(refusal: Refusal) -> Response:
    """The documented status of a refusal, and its sentence."""
    status = next((status for kind, status in _STATUSES.items() if isinstance(refusal, kind)), 400)
    response = told({"error": str(refusal)}, status)
    if isinstance(refusal, TryLater):
        response.headers["Retry-After"] = str(refusal.retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="ringback"'
    if isinstance(refusal, TryLater):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def answer_error(error: HTTPException) -> Response:
    """An HTTP error with its own headers: in our words, unless whoever raised it had some."""
    status = error.code or 500
    theirs = error.description if type(error).description != error.description else None
    response = told({"error": theirs or _IN_OUR_WORDS.get(status) or error.description or error.name}, status)
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


class ListAnswer:
    """The answer of bulk_queue, growing while the list is loaded; after the first 1,000 its errors are counted."""

    def __init__(self) -> None:
        self._call_ids: list[range] = []
        self._errors: list[dict[str, object]] = []
        self._not_listed = 0

    def add(self, batch: Batch, first_call_id: int) -> None:
        """Add the lines of a batch; its good ones were queued from ``first_call_id`` on."""
        self._call_ids.append(range(first_call_id, first_call_id + len(batch.good)))
        listed = batch.bad[: MOST_ERRORS - len(self._errors)]
        self._errors += [{"line": line.line, "error": line.error} for line in listed]
        self._not_listed += len(batch.bad) - len(listed)

    def kept(self) -> dict[str, object]:
        """What ``restore`` makes this answer of again, as JSON has it."""
        call_ids = [[each.start, each.stop] for each in self._call_ids]
        return {"call_ids": call_ids, "errors": self._errors, "not_listed": self._not_listed}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Become the answer that ``kept`` has told of."""
        self._call_ids = [range(start, stop) for start, stop in kept["call_ids"]]
        self._errors, self._not_listed = kept["errors"], kept["not_listed"]

    def response(self) -> Response:
        """The whole answer."""
        before: dict[str, object] = {"success": True, "queued": sum(map(len, self._call_ids))}
        after: dict[str, object] = {"errors": self._errors}
        if self._not_listed:
            after["errors_not_listed"] = self._not_listed
        return _response(self._xml(before, after) if _wants_xml() else self._json(before, after), 200)

    def _json(self, before: object, after: object) -> Iterator[str]:
        yield f'{json.dumps(before)[:-1]}, "call_ids": ['
        separator = ""
        for call_ids in self._some():
            yield separator + ", ".join(map(str, call_ids))
            separator = ", "
        yield f"], {json.dumps(after)[1:]}\n"

    def _xml(self, before: object, after: object) -> Iterator[str]:
        yield f"{_DECLARATION}<result>{_inside(before)}<call_ids>"
        for call_ids in self._some():
            yield "".join([f"<item>{call_id}</item>" for call_id in call_ids])
        yield f"</call_ids>{_inside(after)}</result>\n"

    def _some(self) -> Iterator[range]:
        return (ids[at : at + _AT_ONCE] for ids in self._call_ids for at in range(0, len(ids), _AT_ONCE))


def _wants_xml() -> bool:
    return request.accept_mimetypes.best_match([JSON, XML, "text/xml"], JSON) != JSON


def _response(body: str | Iterable[str], status: int) -> Response:
    response = Response(body, status, content_type=f"{XML}; charset=UTF-8" if _wants_xml() else JSON)
    response.headers["Vary"] = "Accept"
    return response


def _as_xml(answer: object) -> str:
    return f"{_DECLARATION}<result>{_inside(answer)}</result>\n"


def _inside(value: object) -> str:
    if isinstance(value, dict):
        return "".join([_element(name, member) for name, member in value.items()])
    if isinstance(value, list):
        return "".join([_element("item", member) for member in value])
    return escaped(value if isinstance(value, str) else "" if value is None else json.dumps(value))


def _element(name: str, value: object) -> str:
    """An element; of a name that XML does not allow, an ``item`` with that name."""
    start, end = name, name
    if not _NAME.fullmatch(name):
        start, end = f'item name="{escaped(name).translate(_IN_ATTRIBUTES)}"', "item"
    inside = _inside(value)
    return f"<{start}>{inside}</{end}>" if inside else f"<{start}/>"
