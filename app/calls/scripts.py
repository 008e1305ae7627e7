"""The scripts of simulated callees, as rows: what a number does at each attempt, as the JSON text that was set."""

from app.calls.db import execute, writing


def put(number: str, outcomes: str) -> None:
    """Give a number its script, a JSON list, in place of the one it may have. It counts from the next claim on."""
    with writing():
        execute(
            """INSERT INTO script (number, outcomes) VALUES (?, ?)
            ON CONFLICT (number) DO UPDATE SET outcomes = excluded.outcomes""",
            number,
            outcomes,
        )


def of(number: str) -> str | None:
    """The script of a number."""
    row = execute("SELECT outcomes FROM script WHERE number = ?", number).fetchone()
    return None if row is None else str(row[0])


def every() -> list[tuple[str, str]]:
    """All numbers that have a script, and their scripts, by number."""
    rows = execute("SELECT number, outcomes FROM script ORDER BY number").fetchall()
    return [(str(number), str(outcomes)) for number, outcomes in rows]


def remove(number: str) -> bool:
    """Take a number's script away; False when it had none."""
    with writing():
        removed = execute("DELETE FROM script WHERE number = ?", number)
    return bool(removed.rowcount)
