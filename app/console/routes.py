"""All of the console's pages: importing them adds their routes."""

from app.console import access, console, overview, problems

__all__ = ["access", "console", "overview", "problems"]
