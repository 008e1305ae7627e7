"""Wrong PINs of the last minutes, and the addresses that good checks came from."""

from peewee import AutoField, BooleanField, CharField, DoubleField, Model


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Guess(Table):
        id = AutoField()
        login = CharField()
        address = CharField()
        at = DoubleField(index=True)
        wrong = BooleanField()

        class Meta:
            indexes = ((("login", "at"), False), (("address", "at"), False))

    class KnownAddress(Table):
        id = AutoField()
        login = CharField()
        address = CharField()
        at = DoubleField(index=True)

        class Meta:
            indexes = ((("login", "address"), True),)

    db.create_tables([Guess, KnownAddress])
