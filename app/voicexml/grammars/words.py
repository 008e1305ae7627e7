"""What is said as words and what is keyed as keys: grammars and inputs go through the same door, so that they meet."""

import re
import unicodedata

from app.voicexml.grammars.rules import DTMF

KEYS = "0123456789*#ABCD"
_NAMED = {"star": "*", "asterisk": "*", "pound": "#", "hash": "#"}
_KEY = re.compile(r"(?:dtmf-)?(star|asterisk|pound|hash|[0-9*#a-d])", re.IGNORECASE)
_PLAIN = re.compile(r"[a-z0-9 ]*")
_COMMA = re.compile(r"(?<=\d),(?=\d{3})")
_POINT = re.compile(r"(?<=\d)[.:](?=\d)")
_HELD = {".": "\ue000", ":": "\ue001"}
_RELEASED = {held: mark for mark, held in _HELD.items()}


def split(text: str, mode: str) -> tuple[str, ...]:
    """The words or keys of a text. Raises ValueError for a character that is on no telephone key."""
    return keys(text) if mode == DTMF else words(text)


def keys(text: str) -> tuple[str, ...]:
    """The keys of a text: one character each, or named as in ``dtmf-1``, ``dtmf-star``; blanks mean nothing."""
    found: list[str] = []
    for part in text.split():
        at = 0
        while at < len(part):
            key = _KEY.match(part, at)
            if key is None:
                raise ValueError(f"{part[:40]!r} is on no telephone key")
            found.append(_NAMED.get(key[1].lower(), key[1].upper()))
            at = key.end()
    return tuple(found)


def words(text: str) -> tuple[str, ...]:
    """The words of a text: small letters, no punctuation; a dash parts words, a point or colon in a number stays."""
    text = text.casefold()
    if not _PLAIN.fullmatch(text):
        text = _COMMA.sub("", unicodedata.normalize("NFKC", text).casefold())
        text = _POINT.sub(lambda mark: _HELD[mark[0]], text)
        text = "".join(_heard(character) for character in text)
    return tuple(text.split())


def _heard(character: str) -> str:
    """What of a character can be heard: letters, marks and digits; a dash and a blank part words."""
    if character.isalnum() or character in _RELEASED:
        return _RELEASED.get(character, character)
    kind = unicodedata.category(character)
    if kind == "Pd" or kind[0] == "Z" or character.isspace() or character in "/_":
        return " "
    return character if kind[0] == "M" else ""
