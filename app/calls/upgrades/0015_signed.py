"""Answers kept for requests that are sent again, and the secrets that sign results."""

from peewee import AutoField, BlobField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class IdempotentRequest(Table):
        id = AutoField()
        account_id = IntegerField()
        endpoint = TextField()
        key = TextField()
        fingerprint = TextField()
        owner = TextField()
        alive_at = DoubleField(index=True)
        answer = TextField()
        kept_at = DoubleField(null=True, index=True)

        class Meta:
            indexes = ((("account_id", "endpoint", "key"), True),)

    class AnswerPart(Table):
        id = AutoField()
        request_id = IntegerField()
        number = IntegerField()
        body = BlobField()

        class Meta:
            indexes = ((("request_id", "number"), True),)

    class WebhookSecret(Table):
        id = AutoField()
        account_id = IntegerField(index=True)
        secret = TextField()
        created_at = DoubleField()
        retires_at = DoubleField(null=True)

    db.create_tables([IdempotentRequest, AnswerPart, WebhookSecret])
    db.execute_sql("ALTER TABLE account ADD COLUMN repeat_seconds INTEGER NOT NULL DEFAULT 0")
