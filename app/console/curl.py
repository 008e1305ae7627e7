"""An HTTP exchange as a command that makes the same request again, from any shell like bash. Runs nothing."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from app.intake.orders import ResultFormat

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_BOUNDARY = re.compile(r"--([0-9A-Za-z'()+_,./:=?-]{1,70})\r\n")


def command(exchange: Mapping[str, Any], call_id: int, result_format: str) -> str:
    """The command for an exchange as ``reports.call`` tells it; a recording in its request is text in it."""
    words = ["curl", "--silent", "--show-error", "--include", "--globoff"]
    if exchange["method"] == "POST":
        words += ["--header", f"Content-Type: {_media_type(exchange, result_format)}"]
        words += ["--header", f"Webhook-Id: {call_id}"] if exchange["purpose"] == "result_url" else []
        words += ["--data-raw", exchange["request"]]
    elif exchange["method"] != "GET":
        words += ["--request", exchange["method"]]
    return " ".join(map(_quoted, [*words, exchange["url"]]))


def _media_type(exchange: Mapping[str, Any], result_format: str) -> str:
    if exchange["purpose"] == "result_url":
        return _JSON if result_format == ResultFormat.JSON else _FORM
    parts = _BOUNDARY.match(exchange["request"])
    return f'multipart/form-data; boundary="{parts[1]}"' if parts else _FORM


def _quoted(word: str) -> str:
    """A word for the shell: $'…' when it has characters that a page or a terminal would change."""
    if word.isprintable():
        return shlex.quote(word)
    shown = (char if char.isprintable() and char not in "\\'" else _escaped(char) for char in word)
    return f"$'{''.join(shown)}'"


def _escaped(char: str) -> str:
    return f"\\{char}" if char in "\\'" else "".join(f"\\x{byte:02x}" for byte in char.encode())
