"""Results know their destination and who is posting them: a scheduler, whose heartbeat is the lease."""

from urllib.parse import urlsplit

from peewee import Model, TextField


def up(migrator, db):
    class Result(Model):
        url = TextField()
        state = TextField()
        destination = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = False

    migrator.migrate(
        migrator.drop_column("result", "lease_until", cascade=False),
        migrator.add_column("result", "destination", TextField(default="")),
        migrator.add_column("result", "worker", TextField(null=True)),
    )
    pending = Result.state == "pending"
    for (url,) in list(Result.select(Result.url).where(pending).distinct().tuples()):
        parts = urlsplit(url)
        destination = f"{parts.scheme}://{parts.netloc}".lower()
        Result.update(destination=destination).where(pending, Result.url == url).execute()
    for statement in (
        "CREATE INDEX result_free ON result (destination, due_at, call_id) WHERE state = 'pending' AND worker IS NULL",
        "CREATE INDEX result_taken ON result (worker) WHERE worker IS NOT NULL",
    ):
        db.execute_sql(statement)
