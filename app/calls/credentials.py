"""Checks a login with its PIN, and lets nobody guess: ``login_throttle`` and ``login_failures`` say who may try.

A good check is remembered for a while, because argon2id costs some 200 ms. Whatever new addresses do, clients that are
known or remembered do not wait for them: they have a lane of their own.
"""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from app import clock
from app.calls import accounts, login_failures, login_throttle, pin_hashing, pin_strength
from app.calls.accounts import DEMO_LOGIN, LOGIN_LENGTH, PIN_LENGTH
from app.calls.checking_places import CheckingPlaces
from app.calls.db import Unusable, execute, writing
from app.calls.login_refusals import LoginRefusals
from app.calls.login_throttle import Familiarity, Guess, Guesser
from app.errors import BadCredentials, LockedOut, Refusal, TooManyChecks

NEWCOMERS_AT_ONCE = 32
"""Requests of one process that may be delayed, or wait for a check, from addresses new to their login.

The web server has as many threads more than the settings say: what these hold, nobody else needs.
"""
KNOWN_AT_ONCE = 8
"""Checks of one process that may wait, from addresses that are not new."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is kept of an active account; ``("", None, None)`` when there is none."""

    pin_hash: str = ""
    account_id: int | None = None
    weak: bool | None = None


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where checks wait for their turn. One thread makes them: each takes 64 MiB."""

    places: CheckingPlaces
    thread: ThreadPoolExecutor


class Credentials:
    """The check, for all threads of one process.

    What is remembered is a keyed hash of the PIN, the address it came from and the stored PIN hash: a changed PIN is
    refused at once, and nobody finds out from elsewhere that a PIN is right without it counting as a guess.
    ``key`` is the same in all processes: it decides which logins that nobody has seem to have a weak PIN.
    ``verify`` tells whether a stored hash is of a PIN.
    """

    REMEMBERED_SECONDS = 300
    REMEMBERED_AT_MOST = 10_000
    LOOK_AGAIN_SECONDS = 0.05
    LOOKS = 200

    def __init__(
        self,
        key: bytes = b"",
        elapsed: Callable[[], float] = clock.elapsed,
        machine: Callable[[], float] = clock.machine,
        pause: Callable[[float], None] = clock.pause,
        verify: Callable[[str, str], bool] = pin_hashing.verify,
    ) -> None:
        self._elapsed, self._machine, self._pause, self._verify = elapsed, machine, pause, verify
        self._shared_key, self._key = key, secrets.token_bytes(32)
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._refusals = LoginRefusals(elapsed)
        self._checks: dict[bytes, Future[int]] = {}
        self._starting = threading.Lock()
        self._waiting_newcomers = threading.BoundedSemaphore(NEWCOMERS_AT_ONCE)
        self._newcomers = _Lane(
            CheckingPlaces(NEWCOMERS_AT_ONCE, NEWCOMERS_AT_ONCE // 2, NEWCOMERS_AT_ONCE * 3 // 4),
            ThreadPoolExecutor(1, "check", pin_hashing.lower_priority),
        )
        self._known = _Lane(
            CheckingPlaces(KNOWN_AT_ONCE, KNOWN_AT_ONCE // 2, KNOWN_AT_ONCE), ThreadPoolExecutor(1, "check")
        )

    def check(self, login: str, pin: str, address: str, *, own_machine: bool = False) -> int:
        """The id of the account that login and PIN open for a client at ``address``.

        ``own_machine``: the loopback rules hold, under which the demo account's PIN is no secret. Raises
        BadCredentials, in the same time whether the login exists or not; LockedOut or TooManyChecks, without a look at
        the PIN.
        """
        stored = _Stored()
        try:
            _refuse_impossible(login, pin)
            stored = _stored(login)
            return self._check(stored, login, pin, address, is_demo=own_machine and login == DEMO_LOGIN)
        except (BadCredentials, LockedOut, TooManyChecks) as refusal:
            self._refusals.note(refusal, stored.account_id, address)
            raise

    def refuse_locked_out(self, address: str) -> None:
        """Raise LockedOut if nobody at ``address`` may try any login now. One indexed read, nothing written."""
        login_throttle.refuse_locked_address(address, self._machine())

    def _check(self, stored: _Stored, login: str, pin: str, address: str, *, is_demo: bool) -> int:
        guesser, now = Guesser.of(login, address), self._machine()
        proof = self._proof(login, stored.pin_hash, pin, address)
        remembered = stored.account_id is not None and self._remembered(proof)
        familiarity = Familiarity.KNOWN if remembered else login_throttle.familiarity(guesser, now)
        login_throttle.refuse_locked_out(guesser, now, familiarity)
        if remembered and stored.account_id is not None:
            return stored.account_id
        if familiarity is not Familiarity.NEW or is_demo:
            return self._join(proof, lambda: self._check_by_hash(self._known, guesser, login, pin, 0.0))
        hours = login_failures.of_login(guesser.login, now)
        login_failures.refuse_closed(hours, now, weak=self._seems_weak(stored, login))
        delay = login_failures.delay(hours)
        if not self._waiting_newcomers.acquire(blocking=False):
            raise TooManyChecks
        try:
            return self._join(proof, lambda: self._check_by_hash(self._newcomers, guesser, login, pin, delay))
        finally:
            self._waiting_newcomers.release()

    def _seems_weak(self, stored: _Stored, login: str) -> bool:
        """Whether the PIN is weak, or not known to be strong; of a login that nobody has, always the same."""
        if stored.account_id is not None:
            return stored.weak is not False
        return bool(hmac.digest(self._shared_key, login.encode(), hashlib.sha256)[0] & 1)

    def _join(self, proof: bytes, check: Callable[[], int]) -> int:
        """What ``check`` comes to; requests that ask the same at the same time wait for one check."""
        with self._starting:
            running = self._checks.get(proof)
            if running is None:
                mine = self._checks[proof] = Future()
        if running is not None:
            return running.result()
        try:
            mine.set_result(check())
        except (Refusal, Unusable) as refusal:
            mine.set_exception(refusal)
        finally:
            with self._starting:
                del self._checks[proof]
            mine.cancel()  # after a fault of ours nobody waits for ever
        return mine.result()

    def _check_by_hash(self, lane: _Lane, guesser: Guesser, login: str, pin: str, delay: float) -> int:
        with lane.places.place(guesser.network, guesser.login):
            if delay:
                self._pause(delay)  # no lock and no connection is held
            guess = self._begin(guesser)
            nobody = pin_hashing.unmatchable_hash()  # made at the first check of all, whoever that is for
            stored = _stored(login)
            matches = lane.thread.submit(self._verify, stored.pin_hash or nobody, pin).result()
            # Again: the PIN may have been changed while this waited.
            if not matches or stored.account_id is None or _stored(login).pin_hash != stored.pin_hash:
                login_throttle.was_wrong(guess, guesser, stored.account_id, self._machine())
                raise BadCredentials
            with writing():
                login_throttle.was_right(guess, guesser, self._machine())
                if stored.weak is None:
                    accounts.note_strength(stored.account_id, stored.pin_hash, weak=pin_strength.is_weak(pin, login))
            self._remember(self._proof(login, stored.pin_hash, pin, guesser.address))
            return stored.account_id

    def _begin(self, guesser: Guesser) -> Guess:
        """Count a guess once those at the same time leave room for it. Raises LockedOut."""
        for _ in range(self.LOOKS):
            guess = login_throttle.begin(guesser, self._machine())
            if guess is not None:
                return guess
            self._pause(self.LOOK_AGAIN_SECONDS)
        raise LockedOut(login_throttle.WINDOW)

    def _proof(self, login: str, pin_hash: str, pin: str, address: str) -> bytes:
        return hmac.digest(self._key, f"{login}\0{pin_hash}\0{address}\0{pin}".encode(), hashlib.sha256)

    def _remembered(self, proof: bytes) -> bool:
        until = self._good.get(proof)
        return until is not None and until > self._elapsed()

    def _remember(self, proof: bytes) -> None:
        self._good[proof] = self._elapsed() + self.REMEMBERED_SECONDS
        self._good.move_to_end(proof)
        while len(self._good) > self.REMEMBERED_AT_MOST:
            self._good.popitem(last=False)


def _stored(login: str) -> _Stored:
    row = execute("SELECT pin_hash, id, weak_pin FROM account WHERE login = ? AND status = 'active'", login).fetchone()
    return _Stored() if row is None else _Stored(row[0], row[1], None if row[2] is None else bool(row[2]))


def _refuse_impossible(login: str, pin: str) -> None:
    """Raise BadCredentials at once for what no account can have: that tells nothing."""
    for text, longest in ((login, LOGIN_LENGTH), (pin, PIN_LENGTH)):
        if not 1 <= len(text) <= longest or "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
            raise BadCredentials
