"""The Fuse API's answers, byte for byte: each status of each endpoint, each field's last good and first bad value."""

import json
from xml.etree import ElementTree

import fuse_golden
import pytest
from flask.testing import FlaskClient
from office import MovableClock

from app.calls.db import execute

pytestmark = pytest.mark.one_engine


@pytest.fixture
def house(web: FlaskClient, clock: MovableClock) -> FlaskClient:
    fuse_golden.furnish(web, clock.now())
    return web


@pytest.mark.parametrize("name", fuse_golden.NAMES)
def test_answer_is_the_golden_one(house: FlaskClient, name: str) -> None:
    """The same status, headers and bytes; a refused request leaves no row, an accepted one exactly its calls."""
    if name.endswith("-500"):
        fuse_golden.break_database()
    calls = fuse_golden.CALLS
    for form in fuse_golden.ACCEPTED:
        answer = fuse_golden.ask(house, name, form)
        assert answer == (fuse_golden.FOLDER / f"{name}.{form}.http").read_bytes()
        head, _, body = answer.partition(b"\n\n")
        text = _text(body, form)
        calls += int(text.get("queued", "call_id" in text)) if head.startswith(b"200") else 0
        assert execute("SELECT count(*) FROM call").fetchone() == (calls,)
        assert execute("SELECT count(*) FROM campaign WHERE status = 'loading'").fetchone() == (0,)
        assert head.startswith(b"20") or text["error"].strip()


def _text(body: bytes, form: str) -> dict[str, str]:
    """The members of an answer, which is well-formed, as text."""
    if not body:
        return {}
    if form == "json":
        return {name: str(value) for name, value in json.loads(body).items()}
    root = ElementTree.fromstring(body)
    assert root.tag == "result"
    return {element.tag: element.text or "" for element in root}


def test_there_are_enough_of_them() -> None:
    """Nobody deletes half of the folder unnoticed; every request has its two answers, and every answer its request."""
    assert len(fuse_golden.NAMES) >= 150
    answers = {path.name for path in fuse_golden.FOLDER.glob("*.*.http")}
    assert answers == {f"{name}.{form}.http" for name in fuse_golden.NAMES for form in fuse_golden.ACCEPTED}
