"""The first start on an empty database, by several programs at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from live import ROOT

from app.calls import accounts, db

PROGRAM = "import sys; from app import factory; from app.settings import Settings; \
factory.prepare_database(Settings.read({'RINGBACK_DATABASE': sys.argv[1]}))"


def test_programs_that_start_together_make_one_demo_account(database_url: str) -> None:
    """Each finds no account; one makes it, and the others go on."""
    db.open_database(database_url)
    for table in ("campaign", "deployment", "application", "developer_key", "account"):
        db.execute(f"DELETE FROM {table}")

    def start(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, database_url], cwd=ROOT, capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(start, range(4)))
    assert [end.returncode for end in ends] == [0] * 4, [end.stderr for end in ends]
    assert [account.login for account in accounts.every()] == ["demo"]
    db.close_database()
