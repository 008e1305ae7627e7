"""Who is signed in to the console; who may work with an application, by login; what is to be erased."""

from peewee import AutoField, DoubleField, IntegerField, Model, TextField


def up(migrator, db):
    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class ConsoleSession(Table):
        id = TextField(primary_key=True)
        account_id = IntegerField(index=True)
        began_at = DoubleField(index=True)

    class ApplicationAccess(Table):
        id = AutoField()
        application_id = IntegerField()
        login = TextField()
        permission = TextField()

        class Meta:
            indexes = ((("application_id", "login"), True),)

    class Erasure(Table):
        id = IntegerField(primary_key=True)

    db.create_tables([ConsoleSession, ApplicationAccess, Erasure])
    db.execute_sql(
        """INSERT INTO application_access (application_id, login, permission)
        SELECT application_id, login, permission FROM permission JOIN account ON account.id = permission.account_id"""
    )
