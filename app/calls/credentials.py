"""Checks a login with its PIN, and lets nobody guess: what ``guesses`` counts decides who may try.

A good check is remembered for a while, because argon2id costs some 200 ms.
"""

import hashlib
import hmac
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from app import clock
from app.calls import guesses, pins
from app.calls.accounts import LOGIN_LENGTH, PIN_LENGTH
from app.calls.db import execute
from app.calls.guesses import Guesser
from app.errors import BadCredentials, LockedOut


class Credentials:
    """The check, for all threads of one process.

    What is remembered is a keyed hash of the PIN, the address it came from and the stored PIN hash: a changed PIN is
    refused at once, and nobody finds out from elsewhere that a PIN is right without it counting as a guess.
    ``opens`` tells whether a stored hash is of a PIN.
    """

    REMEMBERED_SECONDS = 300
    REMEMBERED_AT_MOST = 10_000
    SLOWED_AT_ONCE = 4
    """Threads that may stand still because others guess at their login; requests beyond are locked out."""
    LOOK_AGAIN_SECONDS = 0.05
    LOOKS = 200

    def __init__(
        self,
        elapsed: Callable[[], float] = clock.elapsed,
        machine: Callable[[], float] = clock.machine,
        pause: Callable[[float], None] = clock.pause,
        opens: Callable[[str, str], bool] = pins.opens,
    ) -> None:
        self._elapsed, self._machine, self._pause, self._opens = elapsed, machine, pause, opens
        self._key = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._hashing = threading.Lock()
        self._slowed = threading.BoundedSemaphore(self.SLOWED_AT_ONCE)

    def check(self, login: str, pin: str, address: str) -> int:
        """The id of the account that login and PIN open for somebody at ``address``.

        Raises BadCredentials, in the same time whether the login exists or not; LockedOut, without a look at the PIN.
        """
        if not (_can_be(login, LOGIN_LENGTH) and _can_be(pin, PIN_LENGTH)):
            raise BadCredentials
        guesser = Guesser.of(login, address)
        pin_hash, account_id = _stored(login)
        proof = self._proof(pin_hash, pin, address)
        remembered = account_id is not None and self._remembered(proof)
        known = remembered or guesses.is_known(guesser, self._machine())
        guesses.refuse_locked_out(guesser, self._machine(), known=known)
        if remembered and account_id is not None:
            return account_id
        if not known:
            self._slow_down(guesser)
        for _ in range(self.LOOKS):
            checked = self._check_by_hash(guesser, login, pin)
            if checked is not None:
                return checked
            self._pause(self.LOOK_AGAIN_SECONDS)
        raise LockedOut(guesses.WINDOW)

    def _slow_down(self, guesser: Guesser) -> None:
        """Stand still, without a lock or a connection, while others guess at the same login."""
        seconds = guesses.slow_down(guesser, self._machine())
        if not seconds:
            return
        if not self._slowed.acquire(blocking=False):
            raise LockedOut(math.ceil(seconds))
        try:
            self._pause(seconds)
        finally:
            self._slowed.release()

    def _check_by_hash(self, guesser: Guesser, login: str, pin: str) -> int | None:
        """The account's id; None: ask again. Raises BadCredentials or LockedOut."""
        # One at a time: an argon2id check takes 64 MiB, and those who wait find the answer remembered.
        with self._hashing:
            nobody = pins.hash_of_nobody()  # made at the first check of all, whoever that is for
            pin_hash, account_id = _stored(login)  # again: the PIN may have been changed while this waited
            proof = self._proof(pin_hash, pin, guesser.address)
            if account_id is not None and self._remembered(proof):
                return account_id
            guess = guesses.begin(guesser, self._machine())
            if guess is None:
                return None
            opened = self._opens(pin_hash or nobody, pin)
            if not opened or account_id is None:
                guesses.was_wrong(guess)
                raise BadCredentials
            guesses.was_right(guess, guesser, self._machine())
            self._remember(proof)
            return account_id

    def _proof(self, pin_hash: str, pin: str, address: str) -> bytes:
        return hmac.digest(self._key, f"{pin_hash}\0{address}\0{pin}".encode(), hashlib.sha256)

    def _remembered(self, proof: bytes) -> bool:
        until = self._good.get(proof)
        return until is not None and until > self._elapsed()

    def _remember(self, proof: bytes) -> None:
        self._good[proof] = self._elapsed() + self.REMEMBERED_SECONDS
        self._good.move_to_end(proof)
        while len(self._good) > self.REMEMBERED_AT_MOST:
            self._good.popitem(last=False)


def _stored(login: str) -> tuple[str, int | None]:
    """The PIN hash and the id of the active account with this login; ``("", None)`` if there is none."""
    row = execute("SELECT pin_hash, id FROM account WHERE login = ? AND status = 'active'", login).fetchone()
    return row or ("", None)


def _can_be(text: str, longest: int) -> bool:
    """Whether an account can have this login, or this PIN: to refuse at once what can't be right tells nothing."""
    return 1 <= len(text) <= longest and "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
