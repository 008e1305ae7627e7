"""``python -m app`` is the command ``ringback``."""

from app.cli import main

main()
