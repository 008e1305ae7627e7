"""The console: administrators, and a log of who did what."""

from peewee import AutoField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Audit(Model):
        id = AutoField()
        at = DoubleField()
        account_id = IntegerField(null=True)
        login = TextField()
        address = TextField()
        action = TextField()
        subject = TextField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([Audit])
    for statement in (
        "ALTER TABLE account ADD COLUMN is_admin BOOLEAN NOT NULL DEFAULT FALSE",
        "UPDATE account SET is_admin = TRUE WHERE login = 'demo'",
    ):
        db.execute_sql(statement)
