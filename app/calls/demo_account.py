"""The demo account, whose PIN and key everybody knows: it is disabled where calls cost money."""

from app.calls import accounts, keys
from app.calls.accounts import DEMO_LOGIN, AccountStatus
from app.calls.models import Account
from app.errors import Refusal


def is_known() -> bool:
    """Whether the demo account, active or not, has the PIN or the key that everybody knows."""
    return accounts.demo_is_open() or keys.demo_key_is_known()


def is_disabled() -> bool:
    """Whether it is inactive, and everybody knows its PIN or its key."""
    return _status() == AccountStatus.INACTIVE and is_known()


def disable() -> bool:
    """Refuse its requests while everybody knows its PIN or its key; whether that had to be done."""
    if _status() != AccountStatus.ACTIVE or not is_known():
        return False
    accounts.set_status(DEMO_LOGIN, AccountStatus.INACTIVE)
    return True


def refuse_to_activate(login: str) -> None:
    """Raise Refusal for the demo account while everybody knows its PIN or its key."""
    if login == DEMO_LOGIN and is_known():
        raise Refusal(
            f"login: everybody knows the PIN or the key of {DEMO_LOGIN}; first change the one with `ringback account "
            f"pin {DEMO_LOGIN}`, and revoke the other with `ringback key revoke`"
        )


def _status() -> str | None:
    account = Account.get_or_none(Account.login == DEMO_LOGIN)
    return account.status if account else None
