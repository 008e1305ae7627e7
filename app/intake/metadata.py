"""Metadata: the JSON object of variables that a call brings to its application. Which names are legal, how long it is.

Source: "Outbound Parameters" ("a JSON object that contains key / value pairs", each of which becomes a variable); what
a variable may be called: VoiceXML 2.0 section 5.1, ECMA-262 sections 12.7 and 19.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.errors import BadField

LONGEST = 65_536  # bytes of JSON in UTF-8
DEEPEST = 32  # objects and lists inside each other

_WANTED = 'must be a JSON object such as {"name": "John Doe"}'

# The scopes, what the session's scope holds already, and the fields that start_url is posted in any case.
_OURS = """session application document dialog connection telephone metadata
    phone_number call_id message_reference campaign_parameters call_parameters"""
_WORDS = """arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package private
    protected public return static super switch this throw true try typeof var void while with yield"""
_GLOBALS = """globalThis undefined NaN Infinity isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent
    encodeURI encodeURIComponent escape unescape Object Function Boolean Symbol Number BigInt Math
    Date String RegExp Array Map Set WeakMap WeakSet WeakRef ArrayBuffer SharedArrayBuffer DataView
    Atomics JSON Promise Reflect Proxy Error AggregateError EvalError RangeError ReferenceError
    SyntaxError TypeError URIError FinalizationRegistry Int8Array Uint8Array Uint8ClampedArray
    Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array
    Float32Array Float64Array Iterator constructor hasOwnProperty isPrototypeOf propertyIsEnumerable
    toLocaleString toString valueOf"""
_RESERVED = frozenset(f"{_OURS} {_WORDS} {_GLOBALS}".split())
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(field: str, text: str) -> str:
    """The metadata that a JSON text stands for, as the text that is kept with a call; "" for none. Raises BadField."""
    if not text.strip():
        return ""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadField(field, f"{_WANTED}, and this can't be read") from None
    if not isinstance(found, dict):
        raise BadField(field, _WANTED)
    for name in found:
        refuse_bad_name(field, name)
    if _is_deeper(found, DEEPEST):
        raise BadField(field, f"must have at most {DEEPEST} objects and lists inside each other")
    return written(field, found)


def written(field: str, metadata: Mapping[str, Any]) -> str:
    """Metadata as the text that is kept with a call; "" for none. Raises BadField when it is too long."""
    if not metadata:
        return ""
    try:
        text = _encode(metadata)
    except ValueError:
        raise BadField(field, "holds a number that is too large, or is none") from None
    text = _SURROGATE.sub("\ufffd", text)  # half of a pair can't be written as UTF-8
    size = len(text.encode())
    if size > LONGEST:
        raise BadField(field, f"must have at most {LONGEST} bytes, not {size}")
    return text


def refuse_bad_name(field: str, name: str) -> None:
    """Raise BadField unless an application's variable may be called ``name``."""
    if name in _RESERVED or name.startswith("ringback$"):
        raise BadField(field, f"the name {name} is taken: choose another")
    if name.startswith("_") or name.endswith("$"):
        raise BadField(field, f"the name {_shortened(name)} begins with _ or ends with $, as no name of yours may")
    if not name.replace("$", "_").isidentifier():
        raise BadField(
            field, f"the name {_shortened(name)} can't be a variable's: letters, digits, _ and $, no digit first"
        )


def _shortened(name: str) -> str:
    """A name as a sentence quotes it."""
    return repr(name if len(name) <= 40 else name[:39] + "…")


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    members = value.values() if isinstance(value, dict) else value
    return not levels or any(_is_deeper(member, levels - 1) for member in members)
