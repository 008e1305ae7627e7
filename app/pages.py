"""The first page: what this is, and the way to the two forms; the description of every endpoint for programs."""

from flask import Blueprint, Response, current_app, render_template

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """The first page."""
    return render_template("index.html")


@pages.get("/openapi.yaml")
def openapi() -> Response:
    """Every endpoint for programs, as OpenAPI 3.1 has it; the media type is that of RFC 9512."""
    document = current_app.send_static_file("openapi.yaml")
    document.mimetype = "application/yaml"
    return document
