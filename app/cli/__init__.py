"""The command line: ``ringback``. Exit status 0 is good, 1 the thing asked failed, 2 wrong usage.

``shell`` is what all commands share; each of the other modules adds its commands to ``main``.
"""

from app.cli import accounts, calls, operations, servers, vxml, when
from app.cli.shell import main

__all__ = ["accounts", "calls", "main", "operations", "servers", "vxml", "when"]
