"""The classic API's phone_list: ``phone_number[,message_reference[,call_parameters]]`` on each line.

Lines as most lists have them go through one regular expression, many at a time; the others are read with care, one by
one. Whatever the fast way takes, the careful way reads the same: a test holds the two together.
"""

import json
import re
from typing import BinaryIO

from app.errors import BadList
from app.intake.cells import classic_cells
from app.intake.lists import CallList, GoodLine, by_name, refuse_longer
from app.intake.phone import PLAIN, NumberRules

LONGEST_REFERENCE = 128  # characters, as is the next
LONGEST_PARAMETERS = 255

# One match per line, with five groups: number as sent, its ten digits, reference, parameters; or the whole line.
_FAST = re.compile(rf'(?:({PLAIN})(?:,([^,"\n]{{0,128}})(?:,((?![",])[^\n]{{0,255}}))?)?|(.*))\n')
_CAREFUL = re.compile(r"()()()()(.*)\n")

_CLASSIC_COLUMNS = ("message_reference", "call_parameters")


class PhoneList(CallList):
    """A list as the "Outbound API Parameter Notes" have it.

    Under a header with other columns these become call_parameters, a JSON object of strings; a message_reference or
    call_parameters column keeps its meaning.
    """

    FIELD = "phone_list"
    NUMBER = "phone_number"
    WANTED = "a line per call: phone_number,message_reference,call_parameters"
    LONGEST_LINE = 4096

    def __init__(self, stream: BinaryIO, rules: NumberRules, *, max_lines: int) -> None:
        super().__init__(stream, rules, max_lines=max_lines)
        self._columns: list[str] | None = None

    def _header(self, names: list[str] | None) -> None:
        if names is None:
            return
        names = [name.lower() if name.lower() in _CLASSIC_COLUMNS else name for name in names]
        if tuple(names) != _CLASSIC_COLUMNS[: len(names)]:
            self._refuse_twice(names)
            metadata = [name for name in names if name and name not in _CLASSIC_COLUMNS]
            if metadata and "call_parameters" in names:
                one_or_other = f"call_parameters and {metadata[0]}; send one or the other"
                raise BadList(self.FIELD, f"has a header with both {one_or_other}")
            self._columns = names

    def _pattern(self) -> re.Pattern[str]:
        return _CAREFUL if self._columns or self._rules.valid else _FAST

    def _good_line(self, line: int, row: tuple[str, ...]) -> GoodLine:
        sent, national, reference, parameters, _ = row
        return GoodLine(line, sent, "+1" + national, reference.strip(), parameters)

    def _read(self, line: int, text: str) -> GoodLine:
        if self._columns is None:
            sent, reference, parameters = classic_cells(text)
        else:
            sent, given = by_name(text, self._columns)
            reference, parameters = given.pop("message_reference", ""), given.pop("call_parameters", "")
            if given:
                parameters = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        sent, reference = sent.strip(), reference.strip()
        number = self._number(sent)
        refuse_longer("message_reference", reference, LONGEST_REFERENCE)
        refuse_longer("call_parameters", parameters, LONGEST_PARAMETERS)
        return GoodLine(line, sent, number, reference, parameters)
