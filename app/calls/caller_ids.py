"""The caller IDs of accounts: the numbers that their calls may show where calls are real."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from app.calls.db import execute, marks, writing
from app.errors import Refusal
from app.intake import caller_ids
from app.intake.phone import BadNumber, NumberRules


def add(account_id: int, text: str, now: datetime) -> str:
    """Let an account's calls show a number, if they may not already; its ten digits. Raises Refusal."""
    ani = _read(text)
    with writing():
        execute(
            "INSERT INTO caller_id (account_id, ani, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            *(account_id, ani, now.timestamp()),
        )
    return ani


def remove(account_id: int, text: str) -> str:
    """Let an account's calls show a number no longer, those that wait included; its ten digits. Raises Refusal."""
    ani = _read(text)
    with writing():
        removed = execute("DELETE FROM caller_id WHERE account_id = ? AND ani = ?", account_id, ani)
    if not removed.rowcount:
        raise Refusal(f"ani: {ani} is not a caller ID of this account")
    return ani


def of(account_id: int) -> list[str]:
    """The caller IDs of an account, in their order."""
    return sorted(of_accounts([account_id])[account_id])


def of_accounts(account_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The caller IDs of each of some accounts."""
    found: dict[int, set[str]] = defaultdict(set)
    asked = f"SELECT account_id, ani FROM caller_id WHERE account_id IN ({marks(len(account_ids))})"
    for account_id, ani in execute(asked, *account_ids).fetchall():
        found[account_id].add(ani)
    return {account_id: frozenset(found[account_id]) for account_id in account_ids}


def rules_of(account_id: int, rules: NumberRules) -> NumberRules:
    """The rules with the caller IDs of an account beside those that all may show, unless any may be shown."""
    if rules.callers is None:
        return rules
    return replace(rules, callers=rules.callers | of_accounts([account_id])[account_id])


def _read(text: str) -> str:
    try:
        return caller_ids.read(text)
    except BadNumber as wrong:
        raise Refusal(f"ani: {wrong}") from wrong
