"""The Fuse API's csv: a header, then on each line a number and the values of its call's metadata.

Lines of plain values go through one regular expression, made for the header's columns, many at a time; the others are
read with care, one by one. Whatever the fast way takes, the careful way reads the same: a test holds the two together.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

from app.errors import BadField, BadList
from app.intake import metadata
from app.intake.lists import Batch, CallList, GoodLine, by_name
from app.intake.phone import PLAIN, NumberRules

# Characters: what each line gets from the defaults and the header makes much of a list that is small itself.
MOST_IN_ALL = 512 * 1024 * 1024
_AT_ONCE = 16 * 1024 * 1024
_MOST_FAST_COLUMNS = 50
_CAREFUL = re.compile(r"()(.*)\n")
# What stands in JSON as it stands here; in quotes it may hold commas.
_VALUE = r"""([^,"\n\\\x00-\x1f]{%(least)d,%(most)d}|"[^"\n\\\x00-\x1f]{%(least)d,%(most)d}")"""


class MetadataList(CallList):
    """A list as "Outbound Parameters" has it: ``destination``, and columns that are variables of the application.

    A value that is empty, and a variable that is no column, is that of ``defaults``, metadata as JSON or "".
    """

    FIELD = "csv"
    NUMBER = "destination"
    WANTED = "a header, destination and the names of metadata, and below it a line per call"
    LONGEST_LINE = 2 * metadata.LONGEST

    def __init__(self, stream: BinaryIO, rules: NumberRules, defaults: str = "", *, max_lines: int) -> None:
        super().__init__(stream, rules, max_lines=max_lines)
        self._defaults: Mapping[str, Any] = json.loads(defaults) if defaults else {}
        self._columns: list[str] = []
        self._others = self._defaults  # those that no column can override
        self._in_all = 0
        self._matched, self._template = _CAREFUL, ""

    def _header(self, names: list[str] | None) -> None:
        if names is None:
            raise BadList(self.FIELD, "begins with no header; send destination and the names of metadata as first line")
        self._refuse_twice(names)
        for name in filter(None, names):
            try:
                metadata.refuse_bad_name(self.FIELD, name)
            except BadField as wrong:
                raise BadList(self.FIELD, f"in its header {wrong.rule}") from None
        self._columns = names
        columns = frozenset(names)
        self._others = {name: value for name, value in self._defaults.items() if name not in columns}
        of_every_line = len(_json({**self._defaults, **dict.fromkeys(names, "")}))
        self._at_once = max(min(self._at_once, _AT_ONCE // of_every_line), 1)
        if all(names) and len(names) <= _MOST_FAST_COLUMNS and not self._rules.valid:
            self._go_fast()

    def _go_fast(self) -> None:
        """Make the pattern of a line with a plain value for each column, short enough to pass unmeasured."""
        members = [f"{_json(name)}:{_json(value)}".replace("%", "%%") for name, value in self._others.items()]
        members += [f'{_json(name)}:"%s"' for name in self._columns]
        self._template = "{" + ",".join(members) + "}" if members else ""
        room = metadata.LONGEST - len(self._template.encode())
        longest = room // (4 * max(len(self._columns), 1))  # a character has 4 bytes at most
        if longest > 0:
            values = [_VALUE % {"least": name in self._defaults, "most": longest} for name in self._columns]
            self._matched = re.compile(f"(?:{','.join([f'({PLAIN})', *values])}|(.*))\n")

    def _pattern(self) -> re.Pattern[str]:
        return self._matched

    def _good_line(self, line: int, row: tuple[str, ...]) -> GoodLine:
        values = row[2:-1]
        if '"' in "".join(values):
            values = tuple([value.strip('"') for value in values])
        return GoodLine(line, row[0], "+1" + row[1], "", "", self._template % values)

    def _read(self, line: int, text: str) -> GoodLine:
        sent, given = by_name(text, self._columns)
        number = self._number(sent)
        values = {name: value or self._defaults.get(name, "") for name, value in given.items()}
        return GoodLine(line, sent, number, "", "", metadata.written("metadata", {**self._others, **values}))

    def _count(self, batch: Batch) -> None:
        super()._count(batch)
        self._in_all += sum([len(line.metadata) for line in batch.good])
        if self._in_all > MOST_IN_ALL:
            room = f"{MOST_IN_ALL >> 20} MiB"
            raise BadList(self.FIELD, f"has more than {room} of metadata in all; send it in several parts")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
