"""All of the console's pages: importing them adds their routes."""

from app.console import access, administration, console, overview, problems, queueing, uploads

__all__ = ["access", "administration", "console", "overview", "problems", "queueing", "uploads"]
