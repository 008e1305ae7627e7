"""A list of calls, read as it streams in: good lines, bad lines with reasons, or one refusal of the whole.

Pure but for the stream. Never holds more than a block of the file, whatever the length of its lines. What stands in a
line and what a header means is up to the kinds of lists: PhoneList and MetadataList.
"""

import re
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from app.errors import BadField, BadList, Refusal
from app.intake import caller_ids
from app.intake.blocks import blocks
from app.intake.cells import cells, first_cell
from app.intake.phone import BadNumber, NumberRules, parse

LONGEST_NUMBER = 128  # characters
MOST_AT_ONCE = 10_000  # lines
FIRST_COLUMN = ("destination", "phone_number")

_BLANKS = " \t,"  # a spreadsheet writes an empty row as commas


class GoodLine(NamedTuple):
    """A line to call: its number in the file, the phone number as sent and as ``+16175551234``; "" = not given."""

    line: int
    phone_number: str
    number: str
    message_reference: str = ""
    call_parameters: str = ""
    metadata: str = ""


class BadLine(NamedTuple):
    """A line that can't be used: its number in the file, the first 128 characters of its first cell, the reason."""

    line: int
    phone_number: str
    error: str


class Batch(NamedTuple):
    """At most 10,000 lines, each list in file order."""

    good: list[GoodLine]
    bad: list[BadLine]


class CallList(ABC):
    """A list of a call per line, the number first.

    UTF-8, else line by line Windows-1252; CR LF, LF or CR. Lines are numbered as an editor shows them, from 1. A call
    is one line: a quoted value can't hold a line break, so that a forgotten quote costs its own line and no other.

    After the last batch: ``good_count``, ``bad_count``, ``duplicates`` (good lines whose number an earlier one had),
    ``encoding`` (``utf-8``, or ``windows-1252`` when some line needed it).
    """

    FIELD: str  # the list's own field, and that of the number in a line
    NUMBER: str
    WANTED: str  # what an empty list should have held
    LONGEST_LINE: int  # characters

    def __init__(self, stream: BinaryIO, rules: NumberRules, *, max_lines: int) -> None:
        self.good_count = 0
        self.bad_count = 0
        self.duplicates = 0
        self.encoding = "utf-8"
        self._stream = stream
        self._rules = rules
        self._max_lines = max_lines
        self._at_once = MOST_AT_ONCE
        self._first_bad: BadLine | None = None

    @abstractmethod
    def _header(self, names: list[str] | None) -> None:
        """Told the header's names after the first before any line is read, None when there is no header."""

    @abstractmethod
    def _pattern(self) -> re.Pattern[str]:
        """What every line of a block is matched with: groups, the last of which is a line to be read by ``_read``."""

    @abstractmethod
    def _good_line(self, line: int, row: tuple[str, ...]) -> GoodLine:
        """The line of a match whose first group is not empty."""

    @abstractmethod
    def _read(self, line: int, text: str) -> GoodLine:
        """A line read with care. Raises Refusal and BadNumber."""

    def batches(self) -> Iterator[Batch]:
        """The lines in file order. Raises BadList, maybe after some batches, which must then be thrown away."""
        seen = _Numbers()
        line = 1
        header_is_due = True
        for block in blocks(self._stream, self.FIELD, self.LONGEST_LINE):
            text = self._decoded(block)
            if header_is_due and (start := _first_filled(text)) is not None:
                header_is_due = False
                text = self._without_header(text, start)
            rows = self._pattern().findall(text)
            for first in range(0, len(rows), self._at_once):
                batch = self._batch(rows[first : first + self._at_once], line + first)
                self._count(batch)
                seen.add(batch.good)
                yield batch
            line += len(rows)
        if not self.good_count:
            raise BadList(self.FIELD, self._why_nothing(header_is_due))
        self.duplicates = seen.duplicates()

    def refuse_unusable(self) -> None:
        """Raise BadList for a file that is no text or has too many lines, before any is used.

        Reads it and goes back to its beginning. Most lists are let through by the number of their line ends alone.
        """
        if not self._stream.seekable():  # a pipe on the command line
            return
        ends = sum(block.count(b"\n") for block in blocks(self._stream, self.FIELD, self.LONGEST_LINE))
        self._stream.seek(0)
        if ends > self._max_lines:
            self._refuse_too_long()
            self._stream.seek(0)

    def _refuse_too_long(self) -> None:
        filled, first = 0, b""
        for block in blocks(self._stream, self.FIELD, self.LONGEST_LINE):
            lines = [line for line in block.split(b"\n") if line.strip(_BLANKS.encode())]
            first = first or next(iter(lines), b"")
            filled += len(lines)
        if filled - (self._names(self._decoded(first)) is not None) > self._max_lines:
            raise BadList(self.FIELD, self._too_long())

    def _too_long(self) -> str:
        return f"has more than {self._max_lines} lines; send it in several parts"

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
        names = self._names(text[start:end])
        self._header(names)
        return text if names is None else text[:start] + text[end:]

    def _names(self, text: str) -> list[str] | None:
        """The names after the first in a line that is a header. Raises BadList when one is given twice."""
        try:
            names = [cell.strip() for cell in cells(text)] if len(text) <= self.LONGEST_LINE else [""]
        except Refusal:
            return None
        first, *others = names
        if first.lower() not in FIRST_COLUMN:
            return None
        while others and not others[-1]:
            others.pop()
        return others

    def _refuse_twice(self, names: Sequence[str]) -> None:
        """Raise BadList when two columns have one name."""
        named = [name for name in names if name]
        if len(set(named)) < len(named):
            twice = next(name for name in named if named.count(name) > 1)
            raise BadList(self.FIELD, f"has a header that names {twice} twice; give every column a name of its own")

    def _batch(self, rows: Sequence[tuple[str, ...]], first: int) -> Batch:
        good: list[GoodLine] = []
        bad: list[BadLine] = []
        good_line = self._good_line
        for line, row in enumerate(rows, first):
            if row[0]:
                good.append(good_line(line, row))
            elif row[-1].strip(_BLANKS):
                read = self._careful(line, row[-1])
                if isinstance(read, GoodLine):
                    good.append(read)
                else:
                    bad.append(read)
        return Batch(good, bad)

    def _careful(self, line: int, text: str) -> GoodLine | BadLine:
        error = f"the line is longer than {self.LONGEST_LINE} characters"
        try:
            if len(text) <= self.LONGEST_LINE:
                return self._read(line, text)
        except BadNumber as wrong:
            error = str(BadField(self.NUMBER, str(wrong)))
        except Refusal as wrong:
            error = str(wrong)
        return BadLine(line, first_cell(text, LONGEST_NUMBER), error)

    def _number(self, sent: str) -> str:
        """The number that is dialled for what was sent. Raises Refusal and BadNumber."""
        refuse_longer(self.NUMBER, sent, LONGEST_NUMBER)
        number = parse(sent, self._rules)
        caller_ids.refuse_unless_allowed(number, self._rules.callers)
        return number.number

    def _count(self, batch: Batch) -> None:
        self.good_count += len(batch.good)
        self.bad_count += len(batch.bad)
        if batch.bad and not self._first_bad:
            self._first_bad = batch.bad[0]
        if self.good_count + self.bad_count > self._max_lines:
            raise BadList(self.FIELD, self._too_long())

    def _why_nothing(self, nothing_came: bool) -> str:
        if nothing_came:
            return f"is empty; send {self.WANTED}"
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


def by_name(text: str, columns: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The number of a line and its other values by column. Raises Refusal for a value without a column's name."""
    number, *values = cells(text)
    values += [""] * (len(columns) - len(values))
    if any(values[len(columns) :]) or any(value for name, value in zip(columns, values, strict=False) if not name):
        raise Refusal("has more values than the header has names")
    return number.strip(), {name: value for name, value in zip(columns, values, strict=False) if name}


def refuse_longer(field: str, text: str, longest: int) -> None:
    """Raise BadField for a value of a line that has more than ``longest`` characters."""
    if len(text) > longest:
        raise BadField(field, f"longer than {longest} characters")
