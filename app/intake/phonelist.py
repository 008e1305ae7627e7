"""A phone_list, read as it streams in: good lines, bad lines with reasons, or one refusal of the whole.

Pure but for the stream. Never holds more than a block of the file, whatever the length of its lines.

Lines as most lists have them go through one regular expression, many at a time; the others are read with care, one by
one, by ``_careful``. Whatever the fast way takes, the careful way reads the same: a test holds the two together.
"""

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from app.errors import BadField, BadList, Refusal
from app.intake.blocks import LONGEST_LINE, blocks
from app.intake.cells import cells, classic_cells, first_cell
from app.intake.phone import PLAIN, BadNumber, NumberRules, parse

LONGEST_NUMBER = 128  # characters, as are the next three
LONGEST_REFERENCE = 128
LONGEST_PARAMETERS = 255

_BATCH = 10_000  # lines
_BLANKS = " \t,"  # a spreadsheet writes an empty row as commas

# One match per line, with five groups: number as sent, its ten digits, reference, parameters; or the whole line.
_FAST = re.compile(rf'(?:({PLAIN})(?:,([^,"\n]{{0,128}})(?:,((?![",])[^\n]{{0,255}}))?)?|(.*))\n')
_CAREFUL = re.compile(r"()()()()(.*)\n")

_FIRST_COLUMN = ("destination", "phone_number")
_CLASSIC_COLUMNS = ("message_reference", "call_parameters")


class GoodLine(NamedTuple):
    """A line to call: its number in the file, the phone number as sent and as ``+16175551234``; "" = not given."""

    line: int
    phone_number: str
    number: str
    message_reference: str
    call_parameters: str


class BadLine(NamedTuple):
    """A line that can't be used: its number in the file, the first 128 characters of its first cell, the reason."""

    line: int
    phone_number: str
    error: str


class Batch(NamedTuple):
    """At most 10,000 lines, each list in file order."""

    good: list[GoodLine]
    bad: list[BadLine]


class PhoneList:
    """A list of ``phone_number[,message_reference[,call_parameters]]`` lines ("Outbound API Parameter Notes").

    UTF-8, else line by line Windows-1252; CR LF, LF or CR. Lines are numbered as an editor shows them, from 1. A call
    is one line: a quoted value can't hold a line break, so that a forgotten quote costs its own line and no other.

    Under a header with other columns these become call_parameters, a JSON object of strings; a message_reference or
    call_parameters column keeps its meaning.

    After the last batch: ``good_count``, ``bad_count``, ``duplicates`` (good lines whose number an earlier one had),
    ``encoding`` (``utf-8``, or ``windows-1252`` when some line needed it).
    """

    def __init__(self, stream: BinaryIO, rules: NumberRules, *, max_lines: int) -> None:
        self.good_count = 0
        self.bad_count = 0
        self.duplicates = 0
        self.encoding = "utf-8"
        self._stream = stream
        self._rules = rules
        self._max_lines = max_lines
        self._columns: list[str] | None = None
        self._first_bad: BadLine | None = None

    def batches(self) -> Iterator[Batch]:
        """The lines in file order. Raises BadList, maybe after some batches, which must then be thrown away."""
        seen = _Numbers()
        line = 1
        header_is_due = True
        pattern = _CAREFUL if self._rules.valid else _FAST
        for block in blocks(self._stream):
            text = self._decoded(block)
            if header_is_due and (start := _first_filled(text)) is not None:
                header_is_due = False
                text = self._without_header(text, start)
            rows = (_CAREFUL if self._columns else pattern).findall(text)
            for first in range(0, len(rows), _BATCH):
                batch = self._batch(rows[first : first + _BATCH], line + first)
                self._count(batch)
                seen.add(batch.good)
                yield batch
            line += len(rows)
        if not self.good_count:
            raise BadList(self._why_nothing(header_is_due))
        self.duplicates = seen.duplicates()

    def _decoded(self, block: bytes) -> str:
        try:
            return block.decode()
        except UnicodeDecodeError:
            # A file has one encoding, but one wrong byte must not change how a million good lines are read.
            return "\n".join(map(self._decoded_line, block.split(b"\n")))

    def _decoded_line(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.encoding = "windows-1252"
            return line.decode("windows-1252", errors="replace")

    def _without_header(self, text: str, start: int) -> str:
        """The text with the line at ``start`` emptied, if that is a header."""
        end = text.index("\n", start)
        try:
            names = [cell.strip() for cell in cells(text[start:end])]
        except Refusal:
            return text
        first, *others = names
        if first.lower() not in _FIRST_COLUMN:
            return text
        while others and not others[-1]:
            others.pop()
        others = [name.lower() if name.lower() in _CLASSIC_COLUMNS else name for name in others]
        if tuple(others) != _CLASSIC_COLUMNS[: len(others)]:
            self._columns = _checked_columns(others)
        return text[:start] + text[end:]

    def _batch(self, rows: Sequence[tuple[str, str, str, str, str]], first: int) -> Batch:
        good: list[GoodLine] = []
        bad: list[BadLine] = []
        for line, (sent, national, reference, parameters, other) in enumerate(rows, first):
            if sent:
                good.append(GoodLine(line, sent, "+1" + national, reference.strip(), parameters))
            elif other.strip(_BLANKS):
                read = self._careful(line, other)
                if isinstance(read, GoodLine):
                    good.append(read)
                else:
                    bad.append(read)
        return Batch(good, bad)

    def _careful(self, line: int, text: str) -> GoodLine | BadLine:
        try:
            return self._read(line, text)
        except BadNumber as wrong:
            error = str(BadField("phone_number", str(wrong)))
        except Refusal as wrong:
            error = str(wrong)
        return BadLine(line, first_cell(text, LONGEST_NUMBER), error)

    def _read(self, line: int, text: str) -> GoodLine:
        if len(text) > LONGEST_LINE:
            raise Refusal(f"the line is longer than {LONGEST_LINE} characters")
        if self._columns is None:
            sent, reference, parameters = classic_cells(text)
        else:
            sent, reference, parameters = _named_cells(cells(text), self._columns)
        sent, reference = sent.strip(), reference.strip()
        _refuse_longer("phone_number", sent, LONGEST_NUMBER)
        number = parse(sent, self._rules).number
        _refuse_longer("message_reference", reference, LONGEST_REFERENCE)
        _refuse_longer("call_parameters", parameters, LONGEST_PARAMETERS)
        return GoodLine(line, sent, number, reference, parameters)

    def _count(self, batch: Batch) -> None:
        self.good_count += len(batch.good)
        self.bad_count += len(batch.bad)
        if batch.bad and not self._first_bad:
            self._first_bad = batch.bad[0]
        if self.good_count + self.bad_count > self._max_lines:
            raise BadList(f"has more than {self._max_lines} lines; send it in several parts")

    def _why_nothing(self, nothing_came: bool) -> str:
        if nothing_came:
            return "is empty; send a line per call: phone_number,message_reference,call_parameters"
        if not self._first_bad:
            return "has a header and no lines; send a line per call below it"
        return f"has no line that can be called; line {self._first_bad.line}: {self._first_bad.error}"


class _Numbers:
    """Counts numbers that come again, at 8 bytes a number: a set of a million strings would take 100 MB."""

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in range(64)]

    def add(self, lines: list[GoodLine]) -> None:
        parts = self._parts
        for number in map(int, [line[2] for line in lines]):
            parts[number & 63].append(number)

    def duplicates(self) -> int:
        return sum(len(part) - len(set(part)) for part in self._parts)


def _first_filled(text: str) -> int | None:
    """Where the first line begins that is not blank."""
    start = 0
    for line in text.split("\n"):
        if line.strip(_BLANKS):
            return start
        start += len(line) + 1
    return None


def _checked_columns(names: list[str]) -> list[str]:
    """The header's names after the first. Raises BadList when it is not clear what goes where."""
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        twice = next(name for name in named if named.count(name) > 1)
        raise BadList(f"has a header that names {twice} twice; give every column a name of its own")
    metadata = [name for name in named if name not in _CLASSIC_COLUMNS]
    if metadata and "call_parameters" in named:
        raise BadList(f"has a header with both call_parameters and {metadata[0]}; send one or the other")
    return names


def _named_cells(cells: list[str], columns: list[str]) -> tuple[str, str, str]:
    """Number, reference and parameters of a line under a header with columns of its own."""
    number, *values = cells
    values += [""] * (len(columns) - len(values))
    if any(values[len(columns) :]) or any(value for name, value in zip(columns, values, strict=False) if not name):
        raise Refusal("has more values than the header has names")
    given = {name: value for name, value in zip(columns, values, strict=False) if name}
    reference = given.pop("message_reference", "")
    parameters = given.pop("call_parameters", "")
    if given:
        parameters = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return number, reference, parameters


def _refuse_longer(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadField(field, f"longer than {longest} characters")
