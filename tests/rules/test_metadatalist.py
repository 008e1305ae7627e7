"""The Fuse API's csv: headers, defaults, long lines, and the hostile files that a phone_list is tried with."""

import io
import json
import re
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadList
from app.intake import metadata, metadatalist
from app.intake.lists import BadLine, GoodLine
from app.intake.metadatalist import MetadataList
from app.intake.phone import NumberRules

RULES = NumberRules()
FILES = sorted((Path(__file__).parent.parent / "data" / "phonelists").glob("*.csv"))


def read(text: str | bytes, defaults: str = "", rules: NumberRules = RULES) -> tuple[list[GoodLine], list[BadLine]]:
    """The good and the bad lines of a list."""
    data = text.encode() if isinstance(text, str) else text
    good: list[GoodLine] = []
    bad: list[BadLine] = []
    for batch in MetadataList(io.BytesIO(data), rules, defaults, max_lines=1_000_000).batches():
        good += batch.good
        bad += batch.bad
    return good, bad


def told(text: str, defaults: str = "") -> list[Any]:
    """The metadata of the good lines."""
    return [json.loads(line.metadata or "{}") for line in read(text, defaults)[0]]


def test_columns_are_metadata() -> None:
    good, bad = read("destination,first_name,appointment\n6175550100;ani=8009957586,John,Monday\n911,x,y\n")
    number = "6175550100;ani=8009957586"
    assert good == [GoodLine(2, number, "+16175550100", "", "", '{"first_name":"John","appointment":"Monday"}')]
    assert bad == [BadLine(3, "911", "destination: emergency and crisis numbers are never dialled")]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        pytest.param("John,x", ("John", "x"), id="plain"),
        pytest.param('"Doe, John","a ""b"""', ("Doe, John", 'a "b"'), id="quoted"),
        pytest.param('"John","x"', ("John", "x"), id="quoted without need"),
        pytest.param('John,""', ("John", ""), id="quoted and empty"),
        pytest.param("John", ("John", ""), id="one is missing"),
        pytest.param("", ("", ""), id="both are missing"),
        pytest.param("John,x,,", ("John", "x"), id="commas behind"),
        pytest.param(" John ,x\t", (" John ", "x\t"), id="blanks are the value's own"),
        pytest.param("a\\b,c\x01d", ("a\\b", "c\x01d"), id="what JSON escapes"),
        pytest.param("50%,%s", ("50%", "%s"), id="percent signs"),
        pytest.param("José,\u2028😀", ("José", "\u2028😀"), id="other scripts"),
        pytest.param('" ""x"" "," y"', (' "x" ', " y"), id="blanks in quotes"),
    ],
)
def test_a_line_of_two_columns(line: str, values: tuple[str, str]) -> None:
    (found,) = told(f"destination,name,note\n6175550100,{line}\n".replace(",\n", "\n"))
    assert found == dict(zip(("name", "note"), values, strict=True))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("6175550100,a,b,c", "has more values than the header has names", id="a value too many"),
        pytest.param('6175550100,"a', "a quote is not closed on its line", id="an open quote"),
        pytest.param("abc,a", "destination: 'a' can't be part of a number", id="no number"),
        pytest.param('"",a', "destination: holds no digits", id="an empty number"),
        pytest.param("6175550100;" + "x" * 118 + ",a", "destination: longer than 128 characters", id="a long number"),
        pytest.param("6175550100," + "é" * 40_000, "metadata: must have at most 65536 bytes, not 8", id="too long"),
        pytest.param("6175550100," + "a" * 140_000, "the line is longer than 131072 characters", id="far too long"),
    ],
)
def test_a_bad_line_costs_no_other(line: str, why: str) -> None:
    good, (bad,) = read(f"destination,name,note\n6175550100,x,y\n{line}\n6175550101,x,y\n")
    assert [each.line for each in good] == [2, 4]
    assert bad.line == 3
    assert bad.error.startswith(why)


@pytest.mark.parametrize("size", [65_536, 65_537])
@pytest.mark.parametrize("quoted", ["", '"'])
def test_a_line_may_have_65536_bytes_of_metadata(size: int, quoted: str) -> None:
    value = "x" * (size - len('{"name":""}'))
    good, bad = read(f"destination,name\n6175550100,{quoted}{value}{quoted}\n6175550101,x\n")
    assert len(good) == (2 if size == 65_536 else 1)
    assert [line.error for line in bad] == [f"metadata: must have at most 65536 bytes, not {size}"][: 2 - len(good)]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        pytest.param("6175550100,x", "begins with no header; send destination and the names", id="no header"),
        pytest.param("name,destination", "begins with no header; send destination and the names", id="another first"),
        pytest.param('destination,"name', "begins with no header; send destination and the names", id="open quote"),
        pytest.param(
            "destination," + "a," * 70_000, "begins with no header; send destination", id="longer than a line"
        ),
        pytest.param("destination,a,a", "has a header that names a twice", id="twice"),
        pytest.param("destination,a b", "in its header the name 'a b' can't be a variable's", id="blank inside"),
        pytest.param("destination,_a", "in its header the name '_a' begins with _", id="internal"),
        pytest.param("destination,call_id", "in its header the name call_id is taken", id="ours"),
        pytest.param("destination,Phone_Number,phone_number", "in its header the name phone_number is", id="ours too"),
        pytest.param("destination,class", "in its header the name class is taken", id="reserved"),
    ],
)
def test_a_bad_header_refuses_the_list(header: str, why: str) -> None:
    with pytest.raises(BadList) as refused:
        read(f"{header}\n6175550100\n")
    assert str(refused.value).startswith(f"csv: {why}")


@pytest.mark.parametrize(
    "header",
    [
        "destination",
        "phone_number",
        "DESTINATION",
        '"destination"',
        " destination ",
        "\ufeffdestination",
        "\n\ndestination",
    ],
)
def test_a_header_may_be_written(header: str) -> None:
    good, bad = read(f"{header},name,\n6175550100,x\n")
    assert [line.metadata for line in good] == ['{"name":"x"}']
    assert bad == []


def test_an_unnamed_column_between_named_ones_must_be_empty() -> None:
    good, bad = read("destination,,name\n6175550100,,x\n6175550100,y,x\n")
    assert [line.metadata for line in good] == ['{"name":"x"}']
    assert [(line.line, line.error) for line in bad] == [(3, "has more values than the header has names")]


def test_columns_override_defaults_and_empty_values_do_not() -> None:
    defaults = '{"name":"friend","visits":[1,2],"rate":"50%"}'
    assert told("destination,name,note\n6175550100,John,a\n6175550100,,\n6175550100,,b\n", defaults) == [
        {"visits": [1, 2], "rate": "50%", "name": "John", "note": "a"},
        {"visits": [1, 2], "rate": "50%", "name": "friend", "note": ""},
        {"visits": [1, 2], "rate": "50%", "name": "friend", "note": "b"},
    ]


def test_without_columns_every_line_has_the_defaults() -> None:
    assert told("destination\n6175550100\n(617) 555-0101\n", '{"a":1}') == [{"a": 1}, {"a": 1}]
    assert [line.metadata for line in read("destination\n6175550100\n(617) 555-0101\n")[0]] == ["", ""]


def test_defaults_that_leave_no_room_make_bad_lines_of_long_values() -> None:
    defaults = json.dumps({"a": "x" * (metadata.LONGEST - 20)}, separators=(",", ":"))
    good, bad = read("destination,b\n6175550100,x\n6175550100,xxxxxxxxxxxxxxxxxx\n", defaults)
    assert ([line.line for line in good], [line.line for line in bad]) == ([2], [3])


def test_numbers_that_cannot_exist_are_bad_lines_on_request() -> None:
    good, bad = read("destination,a\n+10123456789,x\n6175550100,y\n", rules=NumberRules(valid=True))
    assert [line.metadata for line in good] == ['{"a":"y"}']
    assert [line.error for line in bad] == ["destination: no such number can exist; check its country and area code"]


CELL = st.from_regex(r'[^"\n\r\0]{0,8}|"([^"\n\r\0]|""){0,8}"', fullmatch=True)
NUMBER = st.sampled_from(["6175550100", "+16175550100", "911", "617 555 0100", "", "2" * 12, '"6175550100"'])
LINE = st.builds(lambda number, cells: ",".join([number, *cells]), NUMBER, st.lists(CELL, max_size=4))
ANY_LINE = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))


@given(st.one_of(LINE, ANY_LINE), st.sampled_from(["", '{"a":"x","z":"100%"}']))
def test_the_fast_way_and_the_careful_way_agree(line: str, defaults: str) -> None:
    reader = MetadataList(io.BytesIO(), RULES, defaults, max_lines=1)
    reader._header(["a", "b"])
    fast, careful = (
        reader._batch(pattern.findall(line + "\n"), 1) for pattern in (reader._pattern(), metadatalist._CAREFUL)
    )
    assert fast == careful


@given(st.lists(st.one_of(LINE, ANY_LINE)), st.sampled_from(["\n", "\r", "\r\n"]))
def test_every_line_that_is_not_blank_is_accounted_for(lines: list[str], end: str) -> None:
    good, bad = read(end.join(["destination,a", "6175550100,x", *lines]))
    filled = [number for number, line in enumerate(lines, 3) if line.strip(" \t,")]
    assert sorted(line.line for line in [*good, *bad]) == [2, *filled]
    assert all(json.loads(line.metadata).keys() == {"a"} for line in good)


NO_TEXT = {
    file: refused.removeprefix("phone_list: ")
    for file in FILES
    if (refused := json.loads(file.with_suffix(".json").read_text(encoding="utf-8")).get("refused"))
    and re.match("phone_list: (is|holds NUL)", refused)
    and "is empty" not in refused
}


@pytest.mark.parametrize("file", NO_TEXT, ids=lambda file: file.stem)
def test_what_is_no_text_is_refused_in_the_words_for_a_phone_list(file: Path) -> None:
    with pytest.raises(BadList) as refused:
        read(file.read_bytes())
    assert str(refused.value) == f"csv: {NO_TEXT[file]}"


def test_there_are_enough_files_that_are_no_text() -> None:
    assert len(NO_TEXT) >= 10


def test_a_line_of_ten_million_bytes_is_one_bad_line_and_takes_no_memory() -> None:
    file = io.BytesIO(b"destination,a\n6175550101," + b"x" * 10_000_000 + b"\n6175550102,r3\n")
    reader = MetadataList(file, RULES, max_lines=10)
    tracemalloc.start()
    batches = list(reader.batches())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(line.line, line.error) for batch in batches for line in batch.bad] == [
        (2, "the line is longer than 131072 characters")
    ]
    assert [line.line for batch in batches for line in batch.good] == [3]
    assert peak < 12 * 2**20


def test_a_small_file_does_not_become_a_large_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every line gets from the defaults counts: 9 lines are 9 x 10 characters."""
    monkeypatch.setattr(metadatalist, "MOST_IN_ALL", 90)
    assert len(told("destination\n" + "6175550100\n" * 9, '{"a":1234}')) == 9
    with pytest.raises(BadList, match="csv: has more than 0 MiB of metadata in all; send it in several parts"):
        read("destination\n" + "6175550100\n" * 10, '{"a":1234}')


@pytest.mark.parametrize(
    ("header", "defaults"),
    [
        pytest.param("destination", json.dumps({"a": "x" * 60_000}), id="defaults"),
        pytest.param("destination,a", json.dumps({"b": "x" * 60_000}), id="defaults beside a column"),
        pytest.param("destination," + ",".join([f"c{n:060}" for n in range(900)]), "", id="names of columns"),
    ],
)
def test_metadata_that_every_line_gets_takes_little_memory(header: str, defaults: str) -> None:
    """1,000 lines of 60 kB each from a file of 11 kB: few of them are there at the same time."""
    reader = MetadataList(
        io.BytesIO((f"{header}\n" + "6175550100\n" * 1_000).encode()), RULES, defaults, max_lines=1_000
    )
    tracemalloc.start()
    assert sum(len(batch.good) for batch in reader.batches()) == 1_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 45 * 2**20


@pytest.mark.parametrize(
    "line",
    ["," * 130_000 + "x", '"' * 131_001, '6175550100,"' + '""' * 60_000, " " * 130_000, "x," * 60_000],
    ids=["commas", "quotes", "doubled quotes", "blanks", "cells"],
)
def test_no_line_takes_long_to_refuse(line: str) -> None:
    """Processor time in proportion to the length, ten lines of 130,000 characters."""
    began = time.process_time()
    read("destination,a\n6175550100,x\n" + f"{line}\n" * 10)
    assert time.process_time() - began < 5
