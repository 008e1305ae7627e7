"""The console's forms: what an account has them filled in with, and lists that were tried and not yet queued."""

from peewee import AutoField, BlobField, BooleanField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Preset(Table):
        account_id = IntegerField(primary_key=True)
        fields = TextField()

    class Draft(Table):
        id = TextField(primary_key=True)
        account_id = IntegerField(index=True)
        made_at = DoubleField(index=True)
        name = TextField()
        parts = IntegerField()
        taken = BooleanField()
        fields = TextField()
        report = TextField()

    class DraftPart(Table):
        id = AutoField()
        draft_id = TextField()
        number = IntegerField()
        body = BlobField()

        class Meta:
            indexes = ((("draft_id", "number"), True),)

    db.create_tables([Preset, Draft, DraftPart])
