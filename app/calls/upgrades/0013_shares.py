"""When each campaign next has a call to dial.

The column is filled from the calls that wait; the program keeps it from then on.
"""


def up(migrator, db):
    waits = "WHERE status = 'started' AND next_due IS NOT NULL"
    for statement in (
        "ALTER TABLE campaign ADD COLUMN next_due DOUBLE PRECISION",
        """UPDATE campaign SET next_due = (SELECT due_at FROM call
            WHERE status = 'queued' AND campaign_id = campaign.id ORDER BY due_at LIMIT 1)""",
        f"CREATE INDEX campaign_waiting ON campaign (queue_id, next_due, id) {waits}",
        f"CREATE INDEX campaign_next ON campaign (next_due, id) {waits}",
    ):
        db.execute_sql(statement)
