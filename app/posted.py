"""Reads a posted form the way PHP did for the original: bytes that are UTF-8 or else Windows-1252, the last of a
repeated field, urlencoded or multipart, one field of which may be a list.

The body is read as it comes in, whoever sent it and however long it is: of each field that is known no more is kept
than it may have, the list goes to a file, and all else is passed over.
"""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import IO, BinaryIO, cast
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.errors import BadField, BadForm

MOST_FIELDS = 1_000  # PHP's max_input_vars
LONGEST_BOUNDARY = 70  # characters: RFC 2046 section 5.1.1
MOST_PART_HEADERS, LONGEST_PART_HEADERS = 16, 2_048  # characters of all headers of one part
CHUNK = 32_768  # bytes of a body that are looked at together
ROOM_FOR_BLANKS = 1_024  # characters that a value may have beside its own, which rules may strip
_LONGEST_LINE_OF_BOUNDARY = 256  # bytes, with the blanks that may follow it
_LIST_IN_MEMORY = 262_144  # bytes; a longer list is on disk
_LONGEST_NAME = 256  # bytes, as urlencoded; no field that is known has so many


class Fields(Mapping[str, str]):
    """The fields of a form as text. Those that are too long are there as well, and raise BadField when asked for."""

    def __init__(self, sent: Mapping[str, str | None], longest: Mapping[str, int]) -> None:
        """``longest`` has the characters that each field may have; None stands for a value too long to be kept."""
        self._texts: dict[str, str] = {}
        self._longest = longest
        self.too_long: set[str] = set()
        for name, text in sent.items():
            if text is None or len(text) > longest[name] + ROOM_FOR_BLANKS:
                self.too_long.add(name)
            else:
                self._texts[name] = text

    def __getitem__(self, name: str) -> str:
        if name in self.too_long:
            raise BadField(name, f"must have at most {self._longest[name]} characters")
        return self._texts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._texts or name in self.too_long

    def __iter__(self) -> Iterator[str]:
        return chain(self._texts, self.too_long)

    def __len__(self) -> int:
        return len(self._texts) + len(self.too_long)


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form, and its list as a stream of bytes (None when there is none)."""

    fields: Fields
    file: BinaryIO | None = None


@contextmanager
def reading(request: Request, longest: Mapping[str, int], list_field: str | None = None) -> Iterator[Posted]:
    """The form in a request's body: the fields that ``longest`` names, with the characters that each may have.

    Its list, the file or text ``list_field``, is closed with the block. Raises BadForm for a body that can't be read
    whole, and werkzeug's 413 for one that is too large.
    """
    refuse_too_large(request)
    parted_by = boundary(request)
    with ExitStack() as until_read:
        form = _Form(longest, list_field, until_read, coded=not parted_by)
        if parted_by:
            _read_multipart(chunks(request), parted_by, form)
        else:
            _read_urlencoded(chunks(request), form)
        yield form.posted()


def refuse_too_large(request: Request) -> None:
    """Raise werkzeug's 413 whatever the server in front of us does with the rest of the stream."""
    if (request.content_length or 0) > (request.max_content_length or float("inf")):
        raise RequestEntityTooLarge


def boundary(request: Request) -> str:
    """What parts a multipart form; "" for other bodies. Raises BadForm for one that would cost more than it says."""
    found = request.mimetype_params.get("boundary", "") if request.mimetype == "multipart/form-data" else ""
    if len(found) > LONGEST_BOUNDARY:
        raise BadForm(f"the boundary of its multipart/form-data has more than {LONGEST_BOUNDARY} characters")
    return found


def chunks(request: Request) -> Iterator[bytes]:
    """The whole body in pieces: what was cut off must not be taken for a shorter list, or a shorter number.

    Raises BadForm and werkzeug's 413.
    """
    left = request.content_length
    while left is None or left > 0:
        try:
            chunk = request.stream.read(CHUNK if left is None else min(CHUNK, left))
        except ClientDisconnected as wrong:
            raise BadForm("it ended early, or came too slowly") from wrong
        if not chunk:
            break
        left = None if left is None else left - len(chunk)
        yield chunk
    if left:
        raise BadForm("it ended before its Content-Length")


def _read_urlencoded(pieces: Iterable[bytes], form: "_Form") -> None:
    """Tell ``form`` the pairs of a body, their values as they are encoded."""
    name, in_value = b"", False
    for piece in pieces:
        first, *others = piece.split(b"&", MOST_FIELDS)
        for begins, pair in chain([(False, first)], ((True, other) for other in others)):
            if begins:
                if not in_value:
                    form.begin(_plain(name))
                name, in_value = b"", False
            value = pair
            if not in_value:
                more, equals, value = pair.partition(b"=")
                name = (name + more)[:_LONGEST_NAME]
                if not equals:
                    continue
                form.begin(_plain(name))
                in_value = True
            form.write(value)
    if not in_value:
        form.begin(_plain(name))


def _read_multipart(pieces: Iterable[bytes], parted_by: str, form: "_Form") -> None:
    """Tell ``form`` the parts of a body."""
    decoder = MultipartDecoder(parted_by.encode("latin-1", "replace"), max_form_memory_size=2 * CHUNK)
    for piece in chain(_cut_behind_lines(pieces), [None]):
        for event in _events(decoder, piece):
            if isinstance(event, Data):
                form.write(event.data)
            elif isinstance(event, Field | File):
                sizes = [len(name) + len(value) for name, value in event.headers]
                if len(sizes) > MOST_PART_HEADERS or sum(sizes) > LONGEST_PART_HEADERS:
                    raise BadForm("a part of its multipart/form-data has too many or too long headers")
                form.begin(event.name, is_file=isinstance(event, File))


def _cut_behind_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end with a line, unless that is too long for one with a boundary.

    The decoder takes the line break before a boundary for data when a piece ends just behind the boundary.
    """
    rest = b""
    for piece in pieces:
        whole = rest + piece
        end = whole.rfind(b"\n") + 1
        rest = whole[end:] if len(whole) - end <= _LONGEST_LINE_OF_BOUNDARY else b""
        yield whole.removesuffix(rest)
    yield rest


def _events(decoder: MultipartDecoder, piece: bytes | None) -> Iterator[Event]:
    """What a piece of the body, None for its end, brings."""
    try:
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
            yield event
    except (ValueError, RequestEntityTooLarge) as wrong:
        raise BadForm("its multipart/form-data is malformed, ended early or came too slowly") from wrong


class _Form:
    """What is kept of a form while it is read."""

    def __init__(
        self, longest: Mapping[str, int], list_field: str | None, until_read: ExitStack, *, coded: bool
    ) -> None:
        """``coded``: values are urlencoded, three bytes for one at most."""
        self._longest, self._list_field, self._until_read, self._coded = longest, list_field, until_read, coded
        self._count = 0
        self._texts: dict[str, _Text] = {}
        self._lists: dict[bool, IO[bytes]] = {}
        self.write: Callable[[bytes], object] = _pass_over

    def begin(self, name: str | None, *, is_file: bool = False) -> None:
        """A field begins: what is written from now on is its value. Raises BadForm when there are too many."""
        self._count += 1
        if self._count > MOST_FIELDS:
            raise BadForm(f"it has more than {MOST_FIELDS} fields")
        self.write = _pass_over
        if name is None:
            return
        if name == self._list_field:
            self.write = self._new_list(is_file).write
        elif name in self._longest and not is_file:
            most = 4 * (self._longest[name] + ROOM_FOR_BLANKS)  # a character has 4 bytes at most
            self._texts[name] = _Text(3 * most if self._coded else most)
            self.write = self._texts[name].write

    def _new_list(self, is_file: bool) -> IO[bytes]:
        """An empty file, in the place of that of a list before."""
        if is_file in self._lists:
            self._lists[is_file].close()
        self._lists[is_file] = tempfile.SpooledTemporaryFile(_LIST_IN_MEMORY)  # noqa: SIM115 - closed with the form
        return self._until_read.enter_context(self._lists[is_file])

    def posted(self) -> Posted:
        """All of it: of lists a file goes before a text."""
        texts = {name: None if text.is_too_long else self._decoded(text.kept) for name, text in self._texts.items()}
        found = self._lists.get(True, self._lists.get(False))
        if found is not None:
            found.seek(0)
        return Posted(Fields(texts, self._longest), None if found is None else self._uncoded(found))

    def _decoded(self, kept: bytearray) -> str:
        whole = self._uncoded(io.BytesIO(kept))
        return decode(b"".join(iter(partial(whole.read, CHUNK), b"")))

    def _uncoded(self, file: IO[bytes]) -> BinaryIO:
        return cast(BinaryIO, _Unquoted(file) if self._coded else file)


def _pass_over(piece: bytes) -> None:
    """Where what nobody asks for goes."""


class _Text:
    """The bytes of a value, until there are more than ``most``."""

    def __init__(self, most: int) -> None:
        self.kept, self.is_too_long, self._most = bytearray(), False, most

    def write(self, piece: bytes) -> None:
        self.is_too_long = self.is_too_long or len(self.kept) + len(piece) > self._most
        if self.is_too_long:
            self.kept.clear()
        else:
            self.kept += piece


class _Unquoted:
    """What urlencoded bytes in a file stand for, worked out when they are read: not before it is known for whom."""

    def __init__(self, coded: IO[bytes]) -> None:
        self._coded, self._rest = coded, b""

    def read(self, size: int) -> bytes:
        """Some of it, at most ``size`` bytes and two; b"" at its end."""
        while piece := self._coded.read(size):
            coded = self._rest + piece
            cut = coded.rfind(b"%", max(len(coded) - 2, 0))
            end = len(coded) if cut < 0 else cut  # the other digits of an escape come with the next piece
            self._rest = coded[end:]
            if found := _plain_bytes(coded[:end]):
                return found
        found, self._rest = _plain_bytes(self._rest), b""
        return found

    def seekable(self) -> bool:
        """Whether it can be read again."""
        return True

    def seek(self, position: int) -> None:
        """Begin to read anew; ``position`` is 0, as no other is known."""
        self._coded.seek(position)
        self._rest = b""


def _plain_bytes(coded: bytes) -> bytes:
    return unquote_to_bytes(coded.replace(b"+", b" "))


def _plain(coded: bytes) -> str:
    return _plain_bytes(coded).decode("utf-8", "replace")


def decode(value: bytes) -> str:
    """UTF-8, else Windows-1252; the five bytes that Windows-1252 does not define, and NUL, become U+FFFD."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("cp1252", "replace")
    return text.replace("\0", "\ufffd")  # no database but SQLite keeps a NUL
