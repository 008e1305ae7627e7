"""PINs as they are kept: argon2id hashes."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hashed(pin: str) -> str:
    """The hash to keep of a PIN."""
    return _hasher.hash(pin)


def opens(pin_hash: str, pin: str) -> bool:
    """Whether the hash is of this PIN. It takes some 200 ms and 64 MiB, right or wrong."""
    try:
        return _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


@cache
def hash_of_nobody() -> str:
    """A hash that no PIN opens: to check a PIN against it takes as long as for an account that exists."""
    return _hasher.hash(secrets.token_hex())
