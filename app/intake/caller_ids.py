"""Caller IDs: which numbers the callee may be shown. Source: "The ANI must be a number in your account"."""

import re

from app.intake.phone import BadNumber, PhoneNumber

_SENT = re.compile(r"(?:\+?1)?([0-9]{10})")
_SEPARATORS = str.maketrans("", "", "-.() ")


def read(text: str) -> str:
    """The ten digits of a caller ID, with or without the 1 or +1 before them. Raises BadNumber."""
    match = _SENT.fullmatch(text.translate(_SEPARATORS)) if text.isascii() else None
    if match is None:
        raise BadNumber("must be 10 digits, such as 8009957586")
    return match[1]


def refuse_unless_allowed(number: PhoneNumber, callers: frozenset[str] | None) -> None:
    """Raise BadNumber for a number whose ``ani`` is not among ``callers``; None allows any."""
    if number.ani and callers is not None and number.ani not in callers:
        raise BadNumber(
            f"ani must be a number in your account, and {number.ani} is none; an administrator can add it to the "
            "account's caller IDs"
        )
