"""Guesses by network and by login over a day, weak PINs, proxies that nobody named."""

from peewee import AutoField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class LoginFailure(Table):
        id = AutoField()
        login = TextField()
        hour = IntegerField(index=True)
        account_id = IntegerField(null=True, index=True)
        failures = IntegerField()

        class Meta:
            indexes = ((("login", "hour"), True),)

    class UntrustedProxy(Table):
        address = TextField(primary_key=True)
        seen_at = DoubleField()

    db.create_tables([LoginFailure, UntrustedProxy])
    db.execute_sql("ALTER TABLE account ADD COLUMN weak_pin BOOLEAN")
    db.execute_sql("ALTER TABLE guess ADD COLUMN network TEXT NOT NULL DEFAULT ''")
    db.execute_sql("UPDATE guess SET network = address")
    db.execute_sql("CREATE INDEX guess_network_at ON guess (network, at)")
    db.execute_sql("CREATE INDEX known_address_address ON known_address (address)")
