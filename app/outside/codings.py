"""Undoing the content codings of answers; nothing is fetched here."""

import zlib

from app.outside.answers import NotFetched, Reason

COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER_HEADER = zlib.MAX_WBITS + 32  # zlib's way of saying: gzip or zlib, whichever the data begins with


def inflate(content: bytes, coding: str, most: int) -> bytes:
    """Undo gzip or deflate (RFC 9110 §8.4.1), ``most`` bytes at most however much there is: no bomb goes off."""
    try:
        return zlib.decompressobj(_EITHER_HEADER).decompress(content, most)
    except zlib.error:
        if coding != "deflate":
            raise NotFetched(Reason.ENCODING) from None
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, most)  # "deflate" without the zlib header
    except zlib.error:
        raise NotFetched(Reason.ENCODING) from None
