"""What keeps a scheduler from dialling: its trunk does not answer, say."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE scheduler ADD COLUMN trouble TEXT NOT NULL DEFAULT ''")
