"""Switches, scheduler heartbeats, scripts of callees, HTTP exchanges, tallies, and time that can be asked to move.

A lease is its scheduler's heartbeat now: ``call.lease_until`` goes. No number is ever called twice at one time.
"""

from peewee import AutoField, BooleanField, CharField, DoubleField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Call(Table):
        pass

    class Switch(Table):
        id = AutoField()
        suspended = BooleanField()
        version = IntegerField()
        changed_at = DoubleField()
        changed_by = TextField()

    class Scheduler(Table):
        worker = CharField(primary_key=True)
        started_at = DoubleField()
        seen_at = DoubleField()
        beat = IntegerField()
        obeyed = IntegerField()

    class Script(Table):
        number = CharField(primary_key=True)
        outcomes = TextField()

    class Exchange(Table):
        id = AutoField()
        call = ForeignKeyField(Call)
        attempt = IntegerField(null=True)
        purpose = CharField()
        at = DoubleField()
        method = CharField()
        url = TextField()
        request = TextField()
        status = IntegerField(null=True)
        answer = TextField()
        error = TextField()
        seconds = DoubleField()

    class Tally(Table):
        id = AutoField()
        name = CharField()
        label = CharField()
        value = DoubleField()

        class Meta:
            indexes = ((("name", "label"), True),)

    db.create_tables([Switch, Scheduler, Script, Exchange, Tally])
    Switch.create(id=1, suspended=False, version=0, changed_at=0.0, changed_by="")
    db.execute_sql("DROP INDEX call_running")
    migrator.migrate(
        migrator.drop_column("call", "lease_until", cascade=False),
        migrator.add_column("attempt", "transcript", TextField(default="")),
        migrator.add_column("virtual_time", "target", DoubleField(default=0.0)),
        migrator.add_column("virtual_time", "asked", IntegerField(default=0)),
        migrator.add_column("virtual_time", "answered", IntegerField(default=0)),
        migrator.add_column("virtual_time", "wakes_at", DoubleField(null=True)),
        migrator.add_column("virtual_time", "told_until", DoubleField(default=0.0)),
        migrator.add_column("virtual_time", "told_attempt", IntegerField(default=0)),
        migrator.add_column("virtual_time", "told_exchange", IntegerField(default=0)),
    )
    for statement in (
        "UPDATE virtual_time SET target = now",
        "CREATE INDEX call_running ON call (worker) WHERE status IN ('dialing', 'connected')",
        "CREATE UNIQUE INDEX call_number ON call (number) WHERE status IN ('dialing', 'connected')",
        "CREATE INDEX call_finished ON call (finished_at) WHERE finished_at IS NOT NULL",
    ):
        db.execute_sql(statement)
