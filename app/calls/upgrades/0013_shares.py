"""When each campaign next has a call to dial, and limits of single accounts.

The column is filled from the calls that wait; the program keeps it from then on.
"""

from peewee import DoubleField, IntegerField, Model


def up(migrator, db):
    class AccountLimit(Model):
        account_id = IntegerField(primary_key=True)
        rate = DoubleField(null=True)
        queued = IntegerField(null=True)
        campaigns = IntegerField(null=True)
        deployments = IntegerField(null=True)
        lines = IntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([AccountLimit])
    waits = "WHERE status = 'started' AND next_due IS NOT NULL"
    for statement in (
        "ALTER TABLE campaign ADD COLUMN next_due DOUBLE PRECISION",
        """UPDATE campaign SET next_due = (SELECT due_at FROM call
            WHERE status = 'queued' AND campaign_id = campaign.id ORDER BY due_at LIMIT 1)""",
        f"CREATE INDEX campaign_waiting ON campaign (queue_id, next_due, id) {waits}",
        f"CREATE INDEX campaign_next ON campaign (next_due, id) {waits}",
    ):
        db.execute_sql(statement)
