"""Calls are found by campaign, newest first, and by the number or the reference of those that have ended.

Numbers and references of calls that wait are not indexed: queueing a long list would take twice as long.
"""


def up(migrator, db):
    for statement in (
        "DROP INDEX call_campaign",
        "CREATE INDEX call_campaign ON call (campaign_id, status, id)",
        "CREATE INDEX call_ended_number ON call (number) WHERE finished_at IS NOT NULL",
        """CREATE INDEX call_ended_reference ON call (message_reference)
            WHERE finished_at IS NOT NULL AND message_reference <> ''""",
    ):
        db.execute_sql(statement)
