"""Who may read the files that ringback makes: their owner alone, from their first moment and under any umask."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from live import ROOT

from app.calls import db
from app.carriers import make_carrier
from app.clock import Clock
from app.settings import Settings

MAKES = """
import os, sys
from pathlib import Path
os.umask(0)
changed = []
sys.addaudithook(lambda event, told: changed.append(told[0]) if event == "os.chmod" else None)
from app import carriers
from app.calls import db
from app.clock import Clock
from app.settings import Settings
folder = Path(sys.argv[1])
settings = Settings.read({"RINGBACK_DATABASE": f"sqlite:///{folder}/ringback.db",
                          "RINGBACK_DIAL_LEDGER": f"{folder}/ledger"})
db.open_database(settings.database)
carriers.make_carrier(settings, Clock())
held = db.hold("somebody")
db.backup(folder / "copy.db")
for path in sorted(folder.iterdir()):
    print(path.name, oct(path.stat().st_mode & 0o777))
assert not changed, changed
"""


def test_files_are_private_from_their_first_moment(tmp_path: Path) -> None:
    """With an umask that hides nothing; none is made readable first and changed then."""
    made = subprocess.run(
        [sys.executable, "-c", MAKES, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    modes = dict(line.split() for line in made.stdout.splitlines())
    assert {"ringback.db", "ringback.db-wal", "ringback.db-shm", "ringback.db-turn", "copy.db", "ledger"} < set(modes)
    assert set(modes.values()) == {"0o600"}, modes


def test_files_of_former_versions_are_made_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the next start, with a line of the log for each; what the owner may not do stays so."""
    url, ledger = f"sqlite:///{tmp_path}/ringback.db", tmp_path / "ledger"
    db.open_database(url)
    db.close_database()
    ledger.touch()
    files = [tmp_path / "ringback.db", tmp_path / "ringback.db-turn", ledger]
    for path in files:
        path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        db.open_database(url)
        make_carrier(Settings.read({"RINGBACK_DIAL_LEDGER": str(ledger)}), Clock()).close()
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 3
    assert [f"{path} had mode 0644; now others than its owner can't read it" for path in files] == caplog.messages
    db.close_database()
