"""Phone lists: the hostile files in tests/data/phonelists with their outcomes, and what takes size to show."""

import io
import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadList
from app.intake import blocks, phonelist
from app.intake.lists import Batch, GoodLine
from app.intake.phone import NumberRules, parse
from app.intake.phonelist import PhoneList

FILES = sorted((Path(__file__).parent.parent / "data" / "phonelists").glob("*.csv"))
RULES = NumberRules()
LONGEST_BATCH = 10_000


def outcome(stream: BinaryIO, rules: NumberRules = RULES) -> dict[str, Any]:
    """What a list comes to, in the shape of the .json files."""
    reader = PhoneList(stream, rules, max_lines=1_000_000)
    queued: list[list[Any]] = []
    rejected: list[list[Any]] = []
    try:
        for batch in reader.batches():
            queued += [list(line[:-1]) for line in batch.good]  # no metadata in these
            rejected += map(list, batch.bad)
    except BadList as refusal:
        return {"refused": str(refusal)}
    assert (reader.good_count, reader.bad_count) == (len(queued), len(rejected))
    return {"queued": queued, "rejected": rejected, "duplicates": reader.duplicates}


def expected(file: Path) -> Any:
    return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def read(text: str | bytes, **keywords: Any) -> list[Batch]:
    data = text.encode() if isinstance(text, str) else text
    return list(PhoneList(io.BytesIO(data), RULES, **({"max_lines": 1_000_000} | keywords)).batches())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hostile_list_has_the_outcome_beside_it(file: Path) -> None:
    with file.open("rb") as stream:
        assert outcome(stream) == expected(file)


@pytest.mark.parametrize("size", [8, 13, 64])
@pytest.mark.parametrize(
    "file", [file for file in FILES if "refused" not in expected(file)], ids=lambda file: file.stem
)
def test_where_the_blocks_of_a_file_end_makes_no_difference(
    file: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", size)
    with file.open("rb") as stream:
        assert outcome(stream) == expected(file)


def test_there_are_enough_hostile_lists() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize(("name", "encoding"), [("utf-8", "utf-8"), ("windows-1252", "windows-1252"), ("bom", "utf-8")])
def test_the_encoding_is_told(name: str, encoding: str) -> None:
    file = next(file for file in FILES if file.stem == name)
    reader = PhoneList(io.BytesIO(file.read_bytes()), RULES, max_lines=10)
    list(reader.batches())
    assert reader.encoding == encoding


def test_numbers_that_cannot_exist_are_bad_lines_on_request() -> None:
    text = b"+10123456789,r1\n6175550100,r2\n"
    assert outcome(io.BytesIO(text), NumberRules(valid=True)) == {
        "queued": [[2, "6175550100", "+16175550100", "r2", ""]],
        "rejected": [
            [1, "+10123456789", "phone_number: no such number can exist; check its country and area code"],
        ],
        "duplicates": 0,
    }


PLAIN_LINE = st.from_regex(r'(\+?1)?[2-9][0-9]{9} ?(,[ "a,é]{0,5}(,[ ",;b\u202e]{0,5})?)?', fullmatch=True)
LONG_LINE = st.builds(
    "{},{},{}".format, st.just("6175550100"), st.text("r ", max_size=131), st.sampled_from(["p" * 255, "p" * 256])
)
ANY_LINE = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.one_of(PLAIN_LINE, LONG_LINE, ANY_LINE, st.text(alphabet='0123456789+1",  ;=anit')))
def test_the_fast_way_and_the_careful_way_agree(text: str) -> None:
    reader = PhoneList(io.BytesIO(), RULES, max_lines=1)
    fast, careful = (
        reader._batch(pattern.findall(text + "\n"), 1) for pattern in (phonelist._FAST, phonelist._CAREFUL)
    )
    assert fast == careful


@given(st.lists(st.one_of(PLAIN_LINE, LONG_LINE, ANY_LINE)), st.sampled_from(["\n", "\r", "\r\n"]))
@settings(deadline=None)
def test_every_line_that_is_not_blank_is_accounted_for(lines: list[str], end: str) -> None:
    # The first line can't be taken for a header, a spreadsheet or a byte order mark.
    result = outcome(io.BytesIO(end.join(["6175550100", *lines]).encode()))
    told = [line for line, *_ in result["queued"] + result["rejected"]]
    filled = [number for number, line in enumerate(lines, 2) if line.strip(" \t,")]
    assert sorted(told) == [1, *filled]
    assert all(parse(sent, RULES).number == number for _, sent, number, _, _ in result["queued"])


@given(st.binary())
def test_any_bytes_are_a_list_or_refused_in_words(data: bytes) -> None:
    result = outcome(io.BytesIO(data))
    assert result.get("queued") or result["refused"].startswith("phone_list: ")


class Made(io.RawIOBase):
    """A file that is made while it is read, so that a test's own memory does not count."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (part := next(self._parts, b"")):
            self._rest += part
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def made(parts: Iterator[bytes]) -> BinaryIO:
    return cast("BinaryIO", Made(parts))


def plain_lines(count: int, at_once: int = 1000) -> Iterator[bytes]:
    for first in range(0, count, at_once):
        numbers = range(first, min(first + at_once, count))
        yield b"".join(b"1617%07d,ref-%d,name=John&amount=%d.50\n" % (2000000 + n, n, n % 997) for n in numbers)


def test_a_line_of_ten_million_bytes_is_one_bad_line_and_takes_no_memory() -> None:
    parts = iter([b"6175550100,r1\n6175550101,", *[b"x" * 100_000] * 100, b"\n6175550102,r3\n"])
    tracemalloc.start()
    result = outcome(made(parts))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result["rejected"] == [[2, "6175550101", "the line is longer than 4096 characters"]]
    assert [line for line, *_ in result["queued"]] == [1, 3]
    assert peak < 8 * 2**20


def test_one_line_too_many_refuses_the_list() -> None:
    reader = PhoneList(made(plain_lines(20_001)), RULES, max_lines=20_000)
    queued = (len(batch.good) for batch in reader.batches())
    with pytest.raises(BadList, match="has more than 20000 lines; send it in several parts"):
        sum(queued)


def test_as_many_lines_as_allowed_pass_and_blank_ones_and_a_header_do_not_count() -> None:
    assert (
        sum(len(batch.good) for batch in read("destination,city\n\n617-555-0100,a\n\n6175550101,b\n", max_lines=2)) == 2
    )
    with pytest.raises(BadList):
        read("6175550100\nJohn\n6175550101\n", max_lines=2)


@pytest.mark.parametrize("line", ["x\n", "+1234567\n", "\n", "6175550100,r\n"], ids=["bad", "short", "blank", "good"])
def test_a_batch_has_ten_thousand_lines_at_most(line: str) -> None:
    batches = read("6175550100\n" + line * 30_000)
    assert max(len(batch.good) + len(batch.bad) for batch in batches) <= LONGEST_BATCH


def test_line_numbers_go_on_from_block_to_block() -> None:
    text = "".join(f"617555{n:04d},r{n}\n" if n % 3 else "\n" for n in range(1, 10_000)) * 5
    lines = [good for batch in read(text) for good in batch.good]
    sent = text.split("\n")
    assert all(sent[good.line - 1].startswith(good.phone_number) for good in lines)
    assert isinstance(lines[0], GoodLine)


def test_a_windows_1252_byte_late_in_a_long_list_changes_its_own_line_only() -> None:
    text = "6175550100,Łódź\n".encode() * 50_000 + b"6175550100,Zo\xeb\n"
    references = [good.message_reference for batch in read(text) for good in batch.good]
    assert set(references[:-1]) == {"Łódź"}
    assert references[-1] == "Zoë"


def peak_bytes(count: int) -> int:
    reader = PhoneList(made(plain_lines(count)), RULES, max_lines=count)
    tracemalloc.start()
    for _ in reader.batches():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reader.good_count == count
    return peak


def test_memory_grows_by_little_more_than_the_numbers_it_compares() -> None:
    few, many = peak_bytes(20_000), peak_bytes(60_000)
    a_million = few + (many - few) * 1_000_000 // 40_000
    assert a_million < 40 * 2**20


@pytest.mark.parametrize("number", ["+1234567", "+442079460000", "+10101010101", "+61000", "tel:+16175550100;postd=1"])
def test_unusual_numbers_take_microseconds(number: str) -> None:
    started = time.process_time()
    read("6175550100\n" + f"{number}\n" * 10_000)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "line",
    [
        "9" * 4000,
        '"' * 4001,
        '6175550100,"' + '""' * 2000,
        "x" * 4000,
        "01" * 2000,
        "1" + " x" * 1500,
        "6175550100" + ";a" * 2000,
    ],
    ids=["digits", "quotes", "doubled quotes", "letters", "zeros and ones", "extensions", "parameters"],
)
def test_no_line_takes_long_to_refuse(line: str) -> None:
    started = time.process_time()
    read("6175550100\n" + f"{line}\n" * 100)
    assert time.process_time() - started < 1
