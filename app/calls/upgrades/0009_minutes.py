"""What was counted in each minute, by account, for charts; results that were given up are found along an index."""

from peewee import DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Minute(Model):
        account_id = IntegerField()
        name = TextField()
        minute = IntegerField(index=True)
        label = TextField()
        value = DoubleField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = False
            indexes = ((("account_id", "name", "minute", "label"), True),)

    db.create_tables([Minute])
    db.execute_sql("CREATE INDEX result_given_up ON result (call_id) WHERE state = 'given up'")
