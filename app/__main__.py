"""``python -m app`` is the command ``ringback``."""

import sys
from pathlib import Path

# Python looks for modules in the current folder first, but a scheduler.py of the user's there is not ours.
if sys.path[0] == str(Path.cwd()) != str(Path(__file__).parent.parent):
    del sys.path[0]

from app.cli import main

main()
