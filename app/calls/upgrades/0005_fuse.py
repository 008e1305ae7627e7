"""The Fuse API: developer keys, applications, deployments, permissions; a queue is no longer an account.

The columns that are added have defaults in the database: a table of a million calls is not rewritten.
"""

from peewee import AutoField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class DeveloperKey(Table):
        id = AutoField()
        account_id = IntegerField(index=True)
        label = TextField()
        key_hash = TextField(unique=True)
        created_at = DoubleField()
        revoked_at = DoubleField(null=True)

    class Application(Table):
        id = AutoField()
        account_id = IntegerField(index=True)
        name = TextField()
        status = TextField()
        created_at = DoubleField()

    class Deployment(Table):
        id = AutoField()
        application_id = IntegerField(index=True)
        name = TextField()
        start_url = TextField()
        status = TextField()
        created_at = DoubleField()

    class Permission(Table):
        id = AutoField()
        application_id = IntegerField()
        account_id = IntegerField()
        permission = TextField()

        class Meta:
            indexes = ((("application_id", "account_id"), True),)

    db.create_tables([DeveloperKey, Application, Deployment, Permission])
    for statement in (
        "ALTER TABLE account ADD COLUMN email TEXT",
        "ALTER TABLE account ADD COLUMN status TEXT NOT NULL DEFAULT 'active'",
        "CREATE UNIQUE INDEX account_email ON account (email)",
        "ALTER TABLE campaign ADD COLUMN queue_id INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE campaign ADD COLUMN deployment_id INTEGER",
        "CREATE INDEX campaign_deployment ON campaign (deployment_id)",
        """UPDATE campaign SET queue_id = (SELECT first.id FROM campaign AS first
            WHERE first.account_id = campaign.account_id AND first.is_default)""",
        "ALTER TABLE terms ADD COLUMN result_format TEXT NOT NULL DEFAULT 'form'",
        "ALTER TABLE terms ADD COLUMN undialled TEXT NOT NULL DEFAULT 'failed'",
        "ALTER TABLE terms ADD COLUMN is_pci BOOLEAN NOT NULL DEFAULT FALSE",
        "ALTER TABLE call ADD COLUMN metadata TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE result ADD COLUMN format TEXT NOT NULL DEFAULT 'form'",
    ):
        db.execute_sql(statement)
