"""An HTTP exchange as a command that makes the same request again, from any shell like bash. Runs nothing."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from app.intake.orders import ResultFormat

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_BOUNDARY = re.compile(r"--([0-9A-Za-z'()+_,./:=?-]{1,70})\r\n")


_SIGNING = (
    ': "${WEBHOOK_SECRET:?must be the secret that signs your results}"',
    "body=%s",
    "time=$(date +%%s)",
    """key=$(printf %%s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')""",
    'signature=$(printf %%s "%d.$time.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)',
)
_SIGNED = '--header "Webhook-Timestamp: $time" --header "Webhook-Signature: v1,$signature" --data-raw "$body"'


def command(exchange: Mapping[str, Any], call_id: int, result_format: str, *, signed: bool = False) -> str:
    """The command for an exchange as ``reports.call`` tells it; a recording in its request is text in it.

    A ``signed`` result is signed anew when the command runs, with the secret in the variable WEBHOOK_SECRET: receivers
    refuse signatures that are minutes old.
    """
    is_result = exchange.get("purpose") == "result_url"
    words = ["curl", "--silent", "--show-error", "--include", "--globoff"]
    if exchange["method"] == "POST":
        words += ["--header", f"Content-Type: {_media_type(exchange, result_format)}"]
        words += ["--header", f"Webhook-Id: {call_id}"] if is_result else []
        if is_result and signed:
            before = " && ".join(_SIGNING) % (_quoted(exchange["request"]), call_id)
            return f"{before} && {_line(words)} {_SIGNED} {_quoted(exchange['url'])}"
        words += ["--data-raw", exchange["request"]]
    elif exchange["method"] != "GET":
        words += ["--request", exchange["method"]]
    return _line([*words, exchange["url"]])


def _line(words: Sequence[str]) -> str:
    return " ".join(map(_quoted, words))


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
