"""The console: pages for people. Every write is a form that works without JavaScript."""

from flask import Blueprint

console = Blueprint("console", __name__)
"""Each module of pages adds its routes to this; ``app.console.routes`` imports them all."""
