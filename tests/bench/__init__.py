"""``make bench``: how fast ringback is, beside plain code that does the same work in the same run."""

import sys
from pathlib import Path

# tests is a folder, not a package: what the tests share is imported by its bare name.
sys.path.insert(0, str(Path(__file__).parent.parent))
