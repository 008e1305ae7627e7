"""Calls as rows, in any state and of any age, without dialling them."""

from datetime import datetime, timedelta

from app.calls.db import execute, writing


class Rows:
    """Writes rows as the product would have left them at ``now``."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._last = {"campaign": 100, "terms": 100, "call": 1000}

    def _id(self, table: str) -> int:
        self._last[table] += 1
        return self._last[table]

    def campaign(self, *, status: str = "started", days: float = 100, is_default: bool = False) -> int:
        """A campaign that was made some days ago, with no call yet."""
        campaign_id, at = self._id("campaign"), self._ago(days)
        with writing():
            (account,) = execute("SELECT min(id) FROM account").fetchone()
            execute(
                "INSERT INTO campaign (id, account_id, name, status, is_default, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                campaign_id,
                account,
                f"campaign {campaign_id}",
                status,
                is_default,
                at,
            )
        return campaign_id

    def terms(self, campaign_id: int, *, days: float = 100) -> int:
        terms_id, at = self._id("terms"), self._ago(days)
        with writing():
            execute(
                """INSERT INTO terms (id, campaign_id, start_url, result_url, campaign_parameters, max_retries,
                    retry_interval, scheduled_at, created_at, notes) VALUES (?, ?, '', '', '', 0, 60, ?, ?, '')""",
                terms_id,
                campaign_id,
                at,
                at,
            )
        return terms_id

    def call(
        self, campaign_id: int, status: str = "completed", *, terms_id: int = 0, days: float = 100, result: str = ""
    ) -> int:
        """A call that was due and, if final, ended some days ago, with an attempt, an event and an exchange."""
        terms_id = terms_id or self.terms(campaign_id, days=days)
        call_id, at = self._id("call"), self._ago(days)
        final = status in ("completed", "failed", "canceled")
        with writing():
            execute(
                """INSERT INTO call (id, terms_id, campaign_id, phone_number, number, message_reference,
                    call_parameters, status, due_at, attempts, callee_type, duration, last_attempt_at, queued_at,
                    finished_at, fence)
                VALUES (?, ?, ?, '', ?, '', '', ?, ?, 1, 'voice', 0, ?, ?, ?, 1)""",
                call_id,
                terms_id,
                campaign_id,
                f"+1617{call_id}",
                status,
                at,
                at,
                at,
                at if final else None,
            )
            execute("INSERT INTO attempt (call_id, number, started_at, transcript) VALUES (?, 1, ?, '')", call_id, at)
            execute("INSERT INTO event (call_id, at, event, detail) VALUES (?, ?, 'note', '')", call_id, at)
            execute(
                """INSERT INTO exchange (call_id, attempt, purpose, at, method, url, request, status, answer, error,
                    seconds) VALUES (?, 1, 'start_url', ?, 'POST', '', '', 200, '', '', 0.1)""",
                call_id,
                at,
            )
            if result:
                execute(
                    """INSERT INTO result (call_id, url, body, state, tries, unacknowledged, due_at, last_answer,
                        destination)
                    VALUES (?, '', '', ?, 1, 0, ?, '', '')""",
                    call_id,
                    result,
                    at,
                )
        return call_id

    def _ago(self, days: float) -> float:
        return (self.now - timedelta(days=days)).timestamp()
