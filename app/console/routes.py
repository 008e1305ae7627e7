"""All of the console's pages: importing them adds their routes."""

from app.console import access, console, overview

__all__ = ["access", "console", "overview"]
