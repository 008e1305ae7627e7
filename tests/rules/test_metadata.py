"""Metadata: which names an application's variables may have, and how much of it there may be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadField
from app.intake import metadata
from app.voicexml.ecmascript import Scopes, ScriptError

LEGAL = ("name", "firstName", "FIRST_NAME", "a", "$a", "a$b", "été", "名前", "Type", "lastresult", "class_", "x_")
TAKEN = (
    *("phone_number", "call_id", "message_reference", "campaign_parameters", "call_parameters"),
    *("session", "application", "document", "dialog", "connection", "telephone", "metadata"),
    *("if", "var", "class", "let", "yield", "null", "true", "this", "enum", "await", "eval", "arguments"),
    *("undefined", "NaN", "Infinity", "Object", "Date", "Math", "JSON", "parseInt", "globalThis"),
    *("constructor", "hasOwnProperty", "toString", "valueOf", "ringback$chain"),
)
ILLEGAL = ("", " ", "first name", "first-name", "1st", "a.b", "a\nb", "naïve!", "😀", "a²", "\ud800", "a[0]")
INTERNAL = ("_", "$", "_name", "__proto__", "name$", "lastresult$", "a$$")


@pytest.mark.parametrize("name", LEGAL)
def test_a_variable_may_be_called(name: str) -> None:
    assert json.loads(metadata.read("metadata", json.dumps({name: "x"}))) == {name: "x"}


@pytest.mark.parametrize("name", LEGAL)
def test_what_a_variable_may_be_called_is_a_variable(name: str) -> None:
    """The JavaScript engine reads the name as one."""
    scopes = Scopes()
    scopes.enter("session")
    scopes.declare(name, "'x'")
    assert scopes.evaluate(name) == "x"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((name, f"the name {name} is taken: choose another") for name in TAKEN),
        *((name, "can't be a variable's: letters, digits, _ and $, no digit first") for name in ILLEGAL),
        *((name, "begins with _ or ends with $, as no name of yours may") for name in INTERNAL),
    ],
)
def test_a_variable_may_not_be_called(name: str, why: str) -> None:
    with pytest.raises(BadField) as refused:
        metadata.read("metadata", json.dumps({"fine": "x", name: "y"}))
    assert str(refused.value).startswith("metadata: the name ")
    assert str(refused.value).endswith(why)
    assert repr(name) in str(refused.value) or f" {name} " in str(refused.value)


def test_a_name_that_is_too_long_to_be_quoted_is_shortened() -> None:
    with pytest.raises(BadField, match=f"'{'-' * 39}…'"):
        metadata.read("metadata", json.dumps({"-" * 50_000: "x"}))


@pytest.mark.parametrize("name", TAKEN)
def test_names_inside_a_value_are_free(name: str) -> None:
    assert json.loads(metadata.read("metadata", json.dumps({"x": {name: 1}}))) == {"x": {name: 1}}


def _of_size(size: int, letter: str = "x") -> str:
    return json.dumps({"a": letter * ((size - len('{"a":""}')) // len(letter.encode()))}, ensure_ascii=False)


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_it_may_have_65536_bytes(letter: str) -> None:
    """Of compact JSON in UTF-8, however many the request had."""
    text = _of_size(65_536, letter)
    assert len(metadata.read("metadata", text + " " * 100_000).encode()) == 65_536
    with pytest.raises(BadField, match="metadata: must have at most 65536 bytes, not "):
        metadata.read("metadata", _of_size(65_536 + 4, letter))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_it_may_be_32_deep(opening: str, closing: str) -> None:
    """The object itself and 31 inside it; at any other depth it is refused in words."""

    def nested(depth: int) -> str:
        return '{"x":' + opening * (depth - 1) + "1" + closing * (depth - 1) + "}"

    assert metadata.read("metadata", nested(32)) == nested(32)
    for depth in (33, 900, 100_000):
        with pytest.raises(BadField, match="metadata: must "):
            metadata.read("metadata", nested(depth))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("", "", id="blank"),
        pytest.param(" \n", "", id="blanks"),
        pytest.param("{ }", "", id="empty"),
        pytest.param('{ "a" : 1.50 }', '{"a":1.5}', id="compact"),
        pytest.param(r'{"a":"\u00e9"}', '{"a":"é"}', id="escapes"),
        pytest.param(r'{"a":"\ud83d\ude00"}', '{"a":"😀"}', id="a pair"),
        pytest.param(r'{"a":"\ud83d"}', '{"a":"\ufffd"}', id="half a pair"),
        pytest.param(r'{"a":"\u0000"}', r'{"a":"\u0000"}', id="NUL"),
        pytest.param('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}', id="a name twice: the last one counts"),
        pytest.param('{"a":12345678901234567890}', '{"a":12345678901234567890}', id="a large number"),
    ],
)
def test_it_is_kept_as_compact_json(sent: str, kept: str) -> None:
    assert metadata.read("metadata", sent) == kept


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(LEGAL), VALUES))
def test_what_is_kept_says_the_same(sent: dict[str, Any]) -> None:
    kept = metadata.read("metadata", json.dumps(sent))
    assert json.loads(kept or "{}") == sent


@given(st.text() | st.text(alphabet='{}[]":,\\u0019a'))
def test_any_text_is_metadata_or_refused_in_words(text: str) -> None:
    try:
        kept = metadata.read("metadata", text)
    except BadField:
        return
    assert kept == "" or isinstance(json.loads(kept), dict)


@pytest.mark.parametrize("name", ["class", "if", "1st"])
def test_the_engine_refuses_what_is_refused(name: str) -> None:
    scopes = Scopes()
    scopes.enter("session")
    with pytest.raises(ScriptError):
        scopes.declare(name, "'x'")
