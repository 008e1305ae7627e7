"""The answers of both endpoints, byte for byte: each field's last good and first bad value, and what goes first."""

from xml.etree import ElementTree

import golden
import pytest
from customer import Customer
from flask.testing import FlaskClient

from app.calls.db import execute

pytestmark = pytest.mark.one_engine


@pytest.mark.parametrize("name", golden.NAMES)
def test_answer_is_the_golden_one(web: FlaskClient, customer: Customer, name: str) -> None:
    """The same bytes, well-formed; a refused request leaves no row, an accepted one exactly its calls."""
    answer = golden.post(web, name, customer.url)
    assert answer == (golden.FOLDER / f"{name}.xml").read_bytes()
    root = ElementTree.fromstring(answer)
    queued = int(root.get("queued", "1")) if root.get("status") == "queued" else 0
    assert execute("SELECT count(*) FROM call").fetchone() == (queued,)
    if not queued:
        assert execute("SELECT count(*) FROM terms").fetchone() == (0,)
        assert execute("SELECT count(*) FROM campaign WHERE NOT is_default").fetchone() == (0,)
        assert (root.findtext("error") or "").strip()


def test_there_are_enough_of_them() -> None:
    """Nobody deletes half of the folder unnoticed."""
    assert len(golden.NAMES) >= 100
