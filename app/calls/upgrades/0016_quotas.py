"""What an account may have that differs from the settings: queued calls, campaigns, deployments, lines of a list."""


def up(migrator, db):
    for column in ("max_queued", "max_campaigns", "max_deployments", "max_lines"):
        db.execute_sql(f"ALTER TABLE account ADD COLUMN {column} INTEGER")
