"""Signs results as Standard Webhooks 1.0 describes: the secrets of accounts, and the headers that a post gets.

A secret must be readable to sign with it, so the database has it as it is. It is shown once, when it is made.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.calls import db
from app.calls.db import execute, marks, writing
from app.calls.models import WebhookSecret
from app.errors import Refusal

PREFIX = "whsec_"
SECRET_BYTES = 32
BOTH_HOURS = 24
"""How long results are signed with the former secret as well once there is another."""

_VALID = "(retires_at IS NULL OR retires_at > ?)"


def add(account_id: int, now: datetime) -> str:
    """Give an account its first secret; the secret. Raises Refusal when it has one."""
    with writing():
        db.exclusive(f"webhook secret {account_id}")
        if is_signed(account_id):
            raise Refusal("the account has a secret already: rotate it, or remove it first")
        return _insert(account_id, now)


def rotate(account_id: int, now: datetime) -> str:
    """Give an account another secret; the secret. Both sign for 24 hours. Raises Refusal when it has none."""
    with writing():
        db.exclusive(f"webhook secret {account_id}")
        retired = execute(
            "UPDATE webhook_secret SET retires_at = ? WHERE account_id = ? AND retires_at IS NULL",
            *((now + timedelta(hours=BOTH_HOURS)).timestamp(), account_id),
        )
        if not retired.rowcount:
            raise Refusal("the account has no secret: make one first")
        return _insert(account_id, now)


def remove(account_id: int) -> None:
    """Sign the results of an account no longer, with none of its secrets. Raises Refusal when it has none."""
    with writing():
        removed = execute("DELETE FROM webhook_secret WHERE account_id = ?", account_id)
    if not removed.rowcount:
        raise Refusal("the account has no secret")


def _insert(account_id: int, now: datetime) -> str:
    secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    execute(
        "INSERT INTO webhook_secret (account_id, secret, created_at) VALUES (?, ?, ?)",
        *(account_id, secret, now.timestamp()),
    )
    return secret


def is_signed(account_id: int) -> bool:
    """Whether the account has a secret."""
    row = execute("SELECT 1 FROM webhook_secret WHERE account_id = ? AND retires_at IS NULL", account_id).fetchone()
    return row is not None


def of(account_id: int, now: datetime) -> list[WebhookSecret]:
    """The secrets that sign the results of an account, the newest first."""
    valid = WebhookSecret.retires_at.is_null() | (WebhookSecret.retires_at > now)
    chosen = WebhookSecret.select().where(WebhookSecret.account_id == account_id, valid)
    return list(chosen.order_by(WebhookSecret.id.desc()))


def of_calls(call_ids: Sequence[int], now: datetime) -> dict[int, tuple[str, ...]]:
    """The secrets that sign the result of each call, the newest first; calls without any are left out."""
    if not call_ids or execute("SELECT 1 FROM webhook_secret LIMIT 1").fetchone() is None:
        return {}
    rows = execute(
        f"""SELECT call.id, secret FROM call JOIN campaign ON campaign.id = campaign_id
            JOIN webhook_secret ON webhook_secret.account_id = campaign.account_id
        WHERE call.id IN ({marks(len(call_ids))}) AND {_VALID} ORDER BY webhook_secret.id DESC""",
        *(*call_ids, now.timestamp()),
    ).fetchall()
    found: dict[int, tuple[str, ...]] = {}
    for call_id, secret in rows:
        found[call_id] = (*found.get(call_id, ()), secret)
    return found


def remove_retired(now: datetime) -> None:
    """Forget secrets that sign nothing any more."""
    if execute("SELECT 1 FROM webhook_secret WHERE retires_at <= ?", now.timestamp()).fetchone():
        with writing():
            execute("DELETE FROM webhook_secret WHERE retires_at <= ?", now.timestamp())


def headers(message_id: str, body: str, signing_secrets: Sequence[str], at: int) -> dict[str, str]:
    """The headers of a post at ``at`` (UNIX seconds): the id alone when there is no secret.

    Source: Standard Webhooks, "Signature scheme": HMAC-SHA256 over ``id.timestamp.body``, one signature per secret.
    """
    told = {"Webhook-Id": message_id}
    if signing_secrets:
        signed = f"{message_id}.{at}.{body}".encode()
        signatures = [f"v1,{_signature(secret, signed)}" for secret in signing_secrets]
        told |= {"Webhook-Timestamp": str(at), "Webhook-Signature": " ".join(signatures)}
    return told


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
