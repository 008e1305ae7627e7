"""Accounts: making them, changing a PIN, and checking a login with its PIN."""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import cache

import peewee
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app import clock
from app.calls.db import execute, take_ids, writing
from app.calls.models import Account, Campaign
from app.calls.states import CampaignStatus
from app.errors import BadCredentials, Refusal

DEFAULT_CAMPAIGN = "default"
DEMO_LOGIN, DEMO_PIN = "demo", "1234"
LOGIN_LENGTH, PIN_LENGTH = 128, 16

_hasher = PasswordHasher()


def add(login: str, pin: str, now: datetime) -> Account:
    """Make an account and its default campaign. Raises Refusal naming the rule that login or pin breaks."""
    _refuse_bad_pin(pin)
    if not 1 <= len(login) <= LOGIN_LENGTH or login != login.strip():
        raise Refusal(f"login: must have 1 to {LOGIN_LENGTH} characters and no blank at either end")
    pin_hash = _hasher.hash(pin)
    try:
        with writing():
            account = Account.create(login=login, pin_hash=pin_hash, detection=True, created_at=now)
            Campaign.insert(
                id=take_ids("campaign_id"),
                account=account,
                name=DEFAULT_CAMPAIGN,
                status=CampaignStatus.STARTED,
                is_default=True,
                created_at=now,
            ).execute()
    except peewee.IntegrityError as taken:
        raise Refusal(f"login: {login} already has an account") from taken
    return account


def change_pin(login: str, pin: str) -> None:
    """Give an account another PIN; the old one is refused from the next request on."""
    _refuse_bad_pin(pin)
    pin_hash = _hasher.hash(pin)
    with writing():
        changed = Account.update(pin_hash=pin_hash).where(Account.login == login).execute()
    if not changed:
        raise Refusal(f"login: there is no account {login}")


def every() -> list[Account]:
    """All accounts, by login."""
    return list(Account.select().order_by(Account.login))


def named(login: str) -> Account:
    """The account with this login. Raises Refusal."""
    account = Account.get_or_none(Account.login == login)
    if account is None:
        raise Refusal(f"login: there is no account {login}")
    return account


def demo_is_open() -> bool:
    """Whether the demo account exists with the PIN that everybody knows."""
    account = Account.get_or_none(Account.login == DEMO_LOGIN)
    return account is not None and _verified(account.pin_hash, DEMO_PIN)


def _refuse_bad_pin(pin: str) -> None:
    if not 1 <= len(pin) <= PIN_LENGTH or pin != pin.strip():
        raise Refusal(f"pin: must have 1 to {PIN_LENGTH} characters and no blank at either end")


def _verified(pin_hash: str, pin: str) -> bool:
    try:
        return _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_hex())


class Credentials:
    """Checks logins and PINs. A good check is remembered for a while, because argon2id costs some 200 ms.

    What is remembered is a keyed hash that includes the stored PIN hash, so a changed PIN is refused at once.
    """

    REMEMBERED_SECONDS = 300
    REMEMBERED_AT_MOST = 10_000

    def __init__(self, elapsed: Callable[[], float] = clock.elapsed) -> None:
        self._elapsed = elapsed
        self._key = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._hashing = threading.Lock()
        self._nobody = _hash_of_nobody()

    def check(self, login: str, pin: str) -> int:
        """The id of the account that login and PIN open. Raises BadCredentials, in the same time for any mistake."""
        row = None
        if len(login) <= LOGIN_LENGTH and len(pin) <= PIN_LENGTH:
            row = execute("SELECT id, pin_hash FROM account WHERE login = ?", login).fetchone()
        account_id, pin_hash = row or (None, self._nobody)
        proof = hmac.digest(self._key, f"{pin_hash}\0{pin}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        if not self._remembered(proof):
            # One at a time: an argon2id check takes 64 MiB, and those who wait find the answer remembered.
            with self._hashing:
                if not self._remembered(proof):
                    if not _verified(pin_hash, pin) or account_id is None:
                        raise BadCredentials
                    self._remember(proof)
        if account_id is None:
            raise BadCredentials
        return int(account_id)

    def _remembered(self, proof: bytes) -> bool:
        until = self._good.get(proof)
        return until is not None and until > self._elapsed()

    def _remember(self, proof: bytes) -> None:
        self._good[proof] = self._elapsed() + self.REMEMBERED_SECONDS
        self._good.move_to_end(proof)
        while len(self._good) > self.REMEMBERED_AT_MOST:
            self._good.popitem(last=False)
