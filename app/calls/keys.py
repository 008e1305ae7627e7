"""Developer keys: an account's e-mail address and one of its keys are its HTTP Basic credentials in the Fuse API.

A key is shown once. It has 256 random bits, so that its SHA-256 digest may be kept and nobody needs to count guesses.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import peewee

from app.calls.accounts import DEMO_LOGIN, AccountStatus
from app.calls.db import execute, writing
from app.calls.models import Account, DeveloperKey
from app.errors import BadKey, DeletedAccount, Refusal

DEMO_EMAIL, DEMO_KEY = "demo@example.com", "demo-key"
_PREFIX = "rb_"
LABEL_LENGTH = 80


def add(account: Account, label: str, now: datetime, key: str = "") -> str:
    """Give an account another key; the key, which is kept nowhere. ``key`` is one that everybody may know."""
    if account.email is None:
        raise Refusal(
            f"email: the account {account.login} has none; an administrator sets it, in the console or with "
            "`ringback account email`"
        )
    if not 1 <= len(label) <= LABEL_LENGTH:
        raise Refusal(f"label: must have 1 to {LABEL_LENGTH} characters")
    key = key or _PREFIX + secrets.token_urlsafe(32)
    try:
        with writing():
            DeveloperKey.create(account=account, label=label, key_hash=_digest(account.id, key), created_at=now)
    except peewee.IntegrityError as taken:
        raise Refusal("key: the account has this key already") from taken
    return key


def every() -> list[DeveloperKey]:
    """All keys that were not revoked, by account."""
    valid = DeveloperKey.select().join(Account).where(DeveloperKey.revoked_at.is_null())
    return list(valid.order_by(Account.login, DeveloperKey.id))


def of(account_id: int) -> list[DeveloperKey]:
    """The keys of an account that were not revoked, the oldest first."""
    valid = DeveloperKey.select().where(DeveloperKey.account == account_id, DeveloperKey.revoked_at.is_null())
    return list(valid.order_by(DeveloperKey.id))


def revoke(key_id: int, now: datetime) -> None:
    """Refuse a key from the next request on. Raises Refusal when there is no such key."""
    with writing():
        revoked = execute(
            "UPDATE developer_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now.timestamp(), key_id
        )
    if not revoked.rowcount:
        raise Refusal(f"key: there is no key {key_id}, or it is revoked already")


def demo_is_open() -> bool:
    """Whether the demo account exists with the key that everybody knows."""
    try:
        check(DEMO_EMAIL, DEMO_KEY)
    except (BadKey, DeletedAccount):
        return False
    return True


def demo_key_is_known() -> bool:
    """Whether the demo account, active or not, has the key that everybody knows."""
    account = Account.get_or_none(Account.login == DEMO_LOGIN)
    known = DeveloperKey.key_hash == _digest(account.id if account else 0, DEMO_KEY)
    return DeveloperKey.get_or_none(known, DeveloperKey.revoked_at.is_null()) is not None


@dataclass(frozen=True, slots=True)
class Developer:
    """Whose request it is."""

    account_id: int
    login: str


def check(email: str, key: str) -> Developer:
    """Whose e-mail address and key these are. Raises BadKey, and DeletedAccount when the key is right."""
    account = execute("SELECT id, login, status FROM account WHERE email = ?", email.strip().lower()).fetchone()
    account_id, login, status = account or (0, "", AccountStatus.INACTIVE)
    digest = _digest(account_id, key)
    row = execute("SELECT key_hash FROM developer_key WHERE key_hash = ? AND revoked_at IS NULL", digest).fetchone()
    if row is None or not hmac.compare_digest(row[0], digest) or status == AccountStatus.INACTIVE:
        raise BadKey
    if status == AccountStatus.DELETED:
        raise DeletedAccount
    return Developer(account_id, login)


def _digest(account_id: int, key: str) -> str:
    return hashlib.sha256(f"{account_id}:{key}".encode("utf-8", "replace")).hexdigest()
