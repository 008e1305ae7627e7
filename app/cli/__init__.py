"""The command line: ``ringback``. Exit status 0 is good, 1 the thing asked failed, 2 wrong usage.

``shell`` is what all commands share; each of the other modules adds its commands to ``main`` when one of them is used:
a command that needs no database starts without one.
"""

from app.cli.shell import main

__all__ = ["main"]
