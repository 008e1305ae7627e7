"""An uploaded text file as blocks of whole lines: byte order mark gone, line ends made one, what is no text refused.

Never holds more than a block of the file, whatever the length of its lines.
"""

from collections.abc import Iterator
from typing import BinaryIO

from app.errors import BadList

BLOCK = 256 * 1024  # bytes

_AS_TEXT = "save it as CSV in UTF-8 and send that"
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0", f"is a spreadsheet (xls); {_AS_TEXT}"),
    (b"\x1f\x8b", "is compressed (gzip); send the text file itself"),
    (b"7z\xbc\xaf\x27\x1c", "is an archive (7z); send the text file itself"),
    (b"BZh", "is compressed (bzip2); send the text file itself"),
    (b"\xfd7zXZ\0", "is compressed (xz); send the text file itself"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd); send the text file itself"),
    (b"Rar!", "is an archive (rar); send the text file itself"),
    (b"%PDF-", f"is a PDF document; {_AS_TEXT}"),
    (b"\xff\xfe\0\0", f"is in UTF-32; {_AS_TEXT}"),
    (b"\0\0\xfe\xff", f"is in UTF-32; {_AS_TEXT}"),
    (b"\xff\xfe", f"is in UTF-16; {_AS_TEXT}"),
    (b"\xfe\xff", f"is in UTF-16; {_AS_TEXT}"),
)


def blocks(stream: BinaryIO, field: str, longest_line: int) -> Iterator[bytes]:
    """The file of ``field`` in blocks of whole lines that end in LF. Raises BadList for what is no text.

    A line of more than ``longest_line`` characters keeps its beginning only, which is still too long.
    """
    rest = b""
    carriage_return = b""
    chunk = _without_mark(stream.read(BLOCK), field)
    while chunk:
        if b"\0" in chunk:
            raise BadList(field, f"holds NUL bytes, so it is no text, or text in UTF-16; {_AS_TEXT}")
        chunk = carriage_return + chunk
        # The LF of a CR LF may come with the next chunk.
        carriage_return = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            # A character takes 4 bytes at most: what is kept is still too long a line.
            rest = (rest + chunk)[: 4 * longest_line + 4]
        chunk = stream.read(BLOCK)
    if rest or carriage_return:
        yield rest + b"\n"


def _without_mark(start: bytes, field: str) -> bytes:
    """The start of a file without its byte order mark. Raises BadList for what is no plain text."""
    for signature, what in _SIGNATURES:
        if start.startswith(signature):
            raise BadList(field, what)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"[Content_Types].xml" in start or b"opendocument" in start:
            raise BadList(field, f"is a spreadsheet (xlsx or ods); {_AS_TEXT}")
        raise BadList(field, "is an archive (zip); send the text file itself")
    return start.removeprefix(b"\xef\xbb\xbf")
