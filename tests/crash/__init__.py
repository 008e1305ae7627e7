"""The promises of dispatch, each with a proof that prints its figures: ``python -m tests.crash [name…]``."""

import sys
from pathlib import Path

# tests is a folder, not a package: what the tests share is imported by its bare name.
sys.path.insert(0, str(Path(__file__).parent.parent))
