"""All of the console's pages: importing them adds their routes."""

from app.console import (
    access,
    administration,
    applications,
    calls,
    campaigns,
    console,
    deployments,
    exports,
    keys,
    lab,
    overview,
    problems,
    queueing,
    uploads,
)

__all__ = [
    "access",
    "administration",
    "applications",
    "calls",
    "campaigns",
    "console",
    "deployments",
    "exports",
    "keys",
    "lab",
    "overview",
    "problems",
    "queueing",
    "uploads",
]
