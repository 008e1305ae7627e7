"""The first page: what this is, and the way to the two forms."""

from flask import Blueprint, render_template

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """The first page."""
    return render_template("index.html")
