"""Hashes PINs with argon2id and verifies them. It does not decide who may try one: ``login_throttle`` does."""

import os
import secrets
import sys
import threading
from contextlib import suppress
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

BACKGROUND_NICENESS = 10
"""How far hashing for newcomers stands back behind other work on this machine: a tenth of an equal share."""

_hasher = PasswordHasher()


def hash_pin(pin: str) -> str:
    """The hash of a PIN, as it is stored."""
    return _hasher.hash(pin)


def verify(pin_hash: str, pin: str) -> bool:
    """Whether the hash is of this PIN. It takes some 200 ms and 64 MiB, right or wrong."""
    try:
        return _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


@cache
def unmatchable_hash() -> str:
    """A hash that no PIN matches: to verify against it takes as long as for an account that exists."""
    return _hasher.hash(secrets.token_hex())


def lower_priority() -> None:
    """Let this thread, and the threads it starts, stand back behind other work; on Linux only."""
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
