"""Fixtures of the tests of the testing API: a web application on virtual time, and the asking of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import factory
from app.calls import db
from app.settings import Settings


@pytest.fixture
def virtual(tmp_path: Path) -> Iterator[FlaskClient]:
    """The web application on virtual time, without a scheduler."""
    settings = replace(Settings.read({"RINGBACK_DATABASE": f"sqlite:///{tmp_path}/virtual.db"}), clock="virtual")
    factory.prepare_database(settings)
    yield factory.create_app(settings).test_client()
    db.close_database()
