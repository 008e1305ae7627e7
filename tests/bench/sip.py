"""A hundred real calls at once in one scheduler, a minute each: what they cost, and how evenly they are heard."""

import tempfile
from pathlib import Path

from tests.bench.measure import Bench, tell
from tests.carriers.hundred import LONGEST_GAP, measure

CALLS = 100
SECONDS = 60


def sip(bench: Bench) -> None:
    """Shares of one core, beside the share in the first five seconds, when detection runs; memory; gaps."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        found = measure(Path(folder), CALLS, SECONDS)
    right = f"({found.voices} voices, {found.keys} keys right)"
    name = f"{CALLS} calls over SIP: a core | in the first five seconds"
    tell(name, "cores", "<= 0.6 | <= 1", found.busy, found.busy_at_first, right)
    tell("    memory | packets lost", "MiB", "<= 300 | 0", found.mebibytes, found.lost, right)
    name = f"    streams with a gap above {LONGEST_GAP} ms | the longest"
    still = f"({found.stood_still} standstills of the machine; with theirs {found.with_any_gaps} streams)"
    tell(name, "ms", f"<= {CALLS // 100}", found.with_gaps, found.longest_gap, still)
