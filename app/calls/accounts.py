"""Accounts: making them, changing a PIN, finding them. ``credentials`` checks a login with its PIN."""

import re
from datetime import datetime
from enum import StrEnum

import peewee

from app.calls import login_throttle, pin_hashing, pin_strength, sessions
from app.calls.db import take_ids, writing
from app.calls.idempotency import MAX_REPEAT_SECONDS
from app.calls.models import Account, Campaign
from app.calls.states import CampaignStatus
from app.errors import Refusal, WeakPin

DEFAULT_CAMPAIGN = "default"
DEMO_LOGIN, DEMO_PIN = "demo", "1234"
DEMO_REFUSED = (
    "pages of other sites may not use the demo account, whose PIN and key everybody knows: make an account of your own "
    "with `ringback account add`"
)
LOGIN_LENGTH, PIN_LENGTH, EMAIL_LENGTH = 128, 16, 254
_EMAIL = re.compile(r"[^@\s:]+@[^@\s:]+")


class AccountStatus(StrEnum):
    """Whether an account's requests are taken."""

    ACTIVE = "active"
    INACTIVE = "inactive"  # for a while: its credentials are refused
    DELETED = "deleted"  # for good


def add(login: str, pin: str, now: datetime, email: str | None = None, *, allow_weak_pin: bool = False) -> Account:
    """Make an account and its default campaign. Raises Refusal naming the rule that login, pin or email breaks."""
    weak = _checked_strength(pin, login, allow_weak_pin=allow_weak_pin)
    email = _checked_email(email)
    if not 1 <= len(login) <= LOGIN_LENGTH or login != login.strip():
        raise Refusal(f"login: must have 1 to {LOGIN_LENGTH} characters and no blank at either end")
    pin_hash = pin_hashing.hash_pin(pin)
    try:
        with writing():
            login_throttle.forgive(login)
            account = Account.create(
                login=login, email=email, pin_hash=pin_hash, weak_pin=weak, detection=True, created_at=now
            )
            campaign_id = take_ids("campaign_id")
            Campaign.insert(
                id=campaign_id,
                queue_id=campaign_id,
                account=account,
                name=DEFAULT_CAMPAIGN,
                status=CampaignStatus.STARTED,
                is_default=True,
                created_at=now,
            ).execute()
    except peewee.IntegrityError as taken:
        _refuse_taken_email(email, but=login)
        raise Refusal(f"login: {login} already has an account") from taken
    return account


def set_email(login: str, email: str | None) -> None:
    """Give an account the e-mail address that it has in the Fuse API, or none. Raises Refusal."""
    checked = _checked_email(email)
    account = named(login)
    try:
        with writing():
            Account.update(email=checked).where(Account.id == account.id).execute()
    except peewee.IntegrityError as taken:
        raise Refusal(f"email: {checked} is the address of another account") from taken


def set_admin(login: str, *, is_admin: bool) -> None:
    """Let an account see and steer everything in the console, or no longer. Raises Refusal."""
    account = named(login)
    with writing():
        Account.update(is_admin=is_admin).where(Account.id == account.id).execute()


def set_detection(login: str, *, detection: bool) -> None:
    """Tell voicemail from people for an account's calls, or report whatever answers as a person. Raises Refusal."""
    account = named(login)
    with writing():
        Account.update(detection=detection).where(Account.id == account.id).execute()


def set_repeat_seconds(login: str, seconds: int) -> None:
    """Answer an equal call within so many seconds with the first call_id; 0: never. Raises Refusal."""
    if not 0 <= seconds <= MAX_REPEAT_SECONDS:
        raise Refusal(f"repeat window: must be a whole number of seconds from 0 to {MAX_REPEAT_SECONDS}")
    account = named(login)
    with writing():
        Account.update(repeat_seconds=seconds).where(Account.id == account.id).execute()


def set_status(login: str, status: AccountStatus) -> None:
    """Refuse an account's requests, or take them again. Nobody is dialled for one that is not active.

    Raises Refusal.
    """
    account = named(login)
    with writing():
        Account.update(status=status).where(Account.id == account.id).execute()


def change_pin(login: str, pin: str, *, allow_weak_pin: bool = False) -> None:
    """Give an account another PIN. The old one is refused from the next request on, and its sessions end.

    Nobody stays locked out of the account.

    Raises Refusal, for a weak PIN too unless it is allowed.
    """
    weak = _checked_strength(pin, login, allow_weak_pin=allow_weak_pin)
    pin_hash = pin_hashing.hash_pin(pin)
    with writing():
        login_throttle.forgive(login)
        account = named(login)
        Account.update(pin_hash=pin_hash, weak_pin=weak).where(Account.id == account.id).execute()
        sessions.end_all(account.id)


def note_strength(account_id: int, pin_hash: str, *, weak: bool) -> None:
    """Write down whether the PIN behind this hash is weak, unless the account has another by now."""
    with writing():
        Account.update(weak_pin=weak).where(Account.id == account_id, Account.pin_hash == pin_hash).execute()


def every() -> list[Account]:
    """All accounts, by login."""
    return list(Account.select().order_by(Account.login))


def named(login: str) -> Account:
    """The account with this login. Raises Refusal."""
    account = Account.get_or_none(Account.login == login)
    if account is None:
        raise Refusal(f"login: there is no account {login}")
    return account


def is_demo(login: str, pin: str) -> bool:
    """Whether these are the demo account's login and the PIN that everybody knows."""
    return (login, pin) == (DEMO_LOGIN, DEMO_PIN)


def demo_is_open() -> bool:
    """Whether the demo account exists with the PIN that everybody knows."""
    account = Account.get_or_none(Account.login == DEMO_LOGIN)
    return account is not None and pin_hashing.verify(account.pin_hash, DEMO_PIN)


def _checked_email(email: str | None) -> str | None:
    """The address as it is kept: HTTP Basic ends a user name at the first colon (RFC 7617 section 2)."""
    if email is None:
        return None
    email = email.strip().lower()
    if len(email) > EMAIL_LENGTH or not _EMAIL.fullmatch(email):
        raise Refusal(f"email: {email} is not an e-mail address of at most {EMAIL_LENGTH} characters")
    return email


def _refuse_taken_email(email: str | None, but: str) -> None:
    other = Account.get_or_none(Account.email == email, Account.login != but) if email else None
    if other is not None:
        raise Refusal(f"email: {email} is the address of another account")


def _checked_strength(pin: str, login: str, *, allow_weak_pin: bool) -> bool:
    """Whether the PIN is weak. Raises Refusal when it can't be used, or is weak and that is not allowed."""
    if not 1 <= len(pin) <= PIN_LENGTH or pin != pin.strip():
        raise Refusal(f"pin: must have 1 to {PIN_LENGTH} characters and no blank at either end")
    weak = pin_strength.is_weak(pin, login)
    if weak and not allow_weak_pin:
        raise WeakPin(pin_strength.MIN_LENGTH)
    return weak
