"""The first schema. Frozen: later changes are later files."""

from peewee import AutoField, BooleanField, CharField, DoubleField, ForeignKeyField, IntegerField, Model, TextField

FIRST_CALL_ID = 112_850_593


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        login = CharField(max_length=128, unique=True)
        pin_hash = CharField()
        detection = BooleanField()
        created_at = DoubleField()

    class Campaign(Table):
        account = ForeignKeyField(Account)
        name = CharField(max_length=255)
        status = CharField()
        is_default = BooleanField()
        created_at = DoubleField()

        class Meta:
            indexes = ((("account", "name"), True),)

    class Terms(Table):
        campaign = ForeignKeyField(Campaign)
        start_url = CharField()
        result_url = CharField()
        campaign_parameters = CharField()
        max_retries = IntegerField()
        retry_interval = IntegerField()
        scheduled_at = DoubleField()
        expires_at = DoubleField(null=True)
        created_at = DoubleField()
        notes = TextField()

    class Call(Table):
        terms = ForeignKeyField(Terms, index=False)
        campaign = ForeignKeyField(Campaign, index=False)
        phone_number = CharField()
        number = CharField()
        message_reference = CharField()
        call_parameters = CharField()
        status = CharField()
        due_at = DoubleField()
        expires_at = DoubleField(null=True)
        attempts = IntegerField()
        callee_type = CharField()
        duration = IntegerField()
        last_attempt_at = DoubleField(null=True)
        queued_at = DoubleField()
        finished_at = DoubleField(null=True)
        fence = IntegerField()
        worker = CharField(null=True)
        lease_until = DoubleField(null=True)

    class Attempt(Table):
        call = ForeignKeyField(Call, index=False)
        number = IntegerField()
        started_at = DoubleField()
        answered_at = DoubleField(null=True)
        ended_at = DoubleField(null=True)
        callee_type = CharField(null=True)
        duration = IntegerField(null=True)

        class Meta:
            indexes = ((("call", "number"), True),)

    class Event(Table):
        call = ForeignKeyField(Call)
        at = DoubleField()
        event = CharField()
        detail = TextField()

    class Result(Table):
        call = ForeignKeyField(Call, primary_key=True)
        url = CharField()
        body = TextField()
        state = CharField()
        tries = IntegerField()
        unacknowledged = IntegerField()
        due_at = DoubleField()
        lease_until = DoubleField(null=True)
        last_answer = TextField()

    class VirtualTime(Table):
        id = AutoField()
        now = DoubleField()

    class Counter(Table):
        name = CharField(primary_key=True)
        last = IntegerField()

    db.create_tables([Account, Campaign, Terms, Call, Attempt, Event, Result, VirtualTime, Counter])
    for statement in (
        "CREATE INDEX call_due ON call (campaign_id, due_at, id) WHERE status = 'queued'",
        "CREATE INDEX call_expires ON call (expires_at) WHERE status = 'queued' AND expires_at IS NOT NULL",
        "CREATE INDEX call_running ON call (lease_until) WHERE status IN ('dialing', 'connected')",
        "CREATE INDEX call_campaign ON call (campaign_id, status)",
        "CREATE INDEX call_terms ON call (terms_id)",
        "CREATE INDEX result_due ON result (due_at) WHERE state = 'pending'",
    ):
        db.execute_sql(statement)
    Counter.create(name="call_id", last=FIRST_CALL_ID - 1)
    Counter.create(name="campaign_id", last=0)
