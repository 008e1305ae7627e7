"""The classic API's answers: XML, and every value in it escaped.

Source: Outbound Calling Guide ("returns an XML-formatted document which lists the Plum outbound assigned call_id
or an error message"); the layout is that of the documented sample. An answer for a list can have a million
elements, so it is text, written to a temporary file while the list is read.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from app.intake.lists import BadLine, Batch, GoodLine
from app.markup import SPECIAL, escaped

MEDIA_TYPE = "text/xml; charset=UTF-8"
MOST_REJECTED_LISTED = 1_000
CHUNK = 65_536
IN_MEMORY = 1_048_576

Echo = Sequence[tuple[str, str]]

_DECLARATION = '<?xml version="1.0"?>\n'


def _element(name: str, text: str) -> str:
    return f"<{name}>{escaped(text)}</{name}>" if text else f"<{name}/>"


def _lines(elements: Echo) -> str:
    return "".join(f"    {_element(name, text)}\n" for name, text in elements)


def queued(call_id: int, echo: Echo) -> str:
    """The documented answer of queuecall.php."""
    return f'{_DECLARATION}<queuecall status="queued" call_id="{call_id}">\n{_lines(echo)}</queuecall>\n'


def failed(root: str, sentence: str, echo: Echo = ()) -> str:
    """The answer when the whole request failed; ``root`` is queuecall or queuecalls."""
    body = _lines([("error", sentence), *echo])
    return f'{_DECLARATION}<{root} status="failed">\n{body}</{root}>\n'


class ListAnswer:
    """The answer of queuecalls.php, growing while the list is loaded. Close it when it has been sent."""

    def __init__(self, default_reference: str = "") -> None:
        self.default_reference = default_reference
        self._calls = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - outlives the function that fills it
        self._rejected = 0

    @property
    def rejected(self) -> int:
        """How many lines were rejected so far."""
        return self._rejected

    def add(self, batch: Batch, first_call_id: int) -> bytes:
        """Add the lines of a batch in file order, and return what was added.

        Its good ones were queued from ``first_call_id`` on.
        """
        queued = self._queued(batch.good, first_call_id)
        if batch.bad:
            room = max(MOST_REJECTED_LISTED - self._rejected, 0)
            rejected = map(_rejected, batch.bad[:room])
            elements: Iterable[str] = (element for _, element in merge(queued, rejected))
            self._rejected += len(batch.bad)
        else:
            elements = (element for _, element in queued)
        text = "".join(elements).encode()
        self._calls.write(text)
        return text

    def restore(self, parts: Iterable[bytes], rejected: int) -> None:
        """Become the answer whose ``add`` has returned these parts."""
        for part in parts:
            self._calls.write(part)
        self._rejected = rejected

    def _queued(self, lines: Sequence[GoodLine], first_call_id: int) -> Iterator[tuple[int, str]]:
        default, clean = self.default_reference, SPECIAL.search
        for call_id, (line, sent, _, reference, *_) in enumerate(lines, first_call_id):
            reference = reference or default
            if clean(sent) or clean(reference) or not reference:
                inner = _element("phone_number", sent) + _element("message_reference", reference)
            else:
                inner = f"<phone_number>{sent}</phone_number><message_reference>{reference}</message_reference>"
            yield line, f'    <call line="{line}" status="queued" call_id="{call_id}">{inner}</call>\n'

    def chunks(self, echo: Echo, *, campaign_id: int, queued: int, duplicates: int) -> Iterator[bytes]:
        """The whole answer, in pieces. ``duplicates`` and the rejected lines not listed are told when there are any."""
        counts = {"campaign_id": campaign_id, "queued": queued, "rejected": self._rejected}
        more = {"duplicates": duplicates, "rejected_not_listed": max(self._rejected - MOST_REJECTED_LISTED, 0)}
        counts |= {name: count for name, count in more.items() if count}
        attributes = "".join(f' {name}="{count}"' for name, count in counts.items())
        yield f'{_DECLARATION}<queuecalls status="queued"{attributes}>\n{_lines(echo)}'.encode()
        self._calls.seek(0)
        while chunk := self._calls.read(CHUNK):
            yield chunk
        yield b"</queuecalls>\n"

    def close(self) -> None:
        self._calls.close()


def _rejected(line: BadLine) -> tuple[int, str]:
    inner = _element("phone_number", line.phone_number) + _element("error", line.error)
    return line.line, f'    <call line="{line.line}" status="rejected">{inner}</call>\n'
