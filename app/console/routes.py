"""All of the console's pages: importing them adds their routes."""

from app.console import (
    access,
    administration,
    calls,
    campaigns,
    console,
    exports,
    overview,
    problems,
    queueing,
    uploads,
)

__all__ = [
    "access",
    "administration",
    "calls",
    "campaigns",
    "console",
    "exports",
    "overview",
    "problems",
    "queueing",
    "uploads",
]
