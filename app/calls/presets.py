"""What an account has its console forms filled in with: fields of the classic API by name, as they were typed."""

import json
from collections.abc import Mapping

from app.calls.db import execute, writing

NAMES = ("start_url", "result_url", "max_retries", "retry_interval", "campaign_parameters")


def of(account_id: int) -> dict[str, str]:
    """The fields by name; none for an account that never saved any."""
    row = execute("SELECT fields FROM preset WHERE account_id = ?", account_id).fetchone()
    saved: dict[str, str] = json.loads(row[0]) if row else {}
    return saved


def save(account_id: int, fields: Mapping[str, str]) -> None:
    """Keep those of ``NAMES`` that the form had; others that were saved before stay."""
    with writing():
        kept = of(account_id) | {name: fields[name] for name in NAMES if name in fields}
        execute(
            """INSERT INTO preset (account_id, fields) VALUES (?, ?)
            ON CONFLICT (account_id) DO UPDATE SET fields = excluded.fields""",
            account_id,
            json.dumps(kept),
        )
