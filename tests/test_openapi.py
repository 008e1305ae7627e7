"""/openapi.yaml says what is so: the routes and methods that there are, and the limits that the code has."""

from typing import Any

import openapi_spec_validator
import pytest
import yaml
from flask.testing import FlaskClient
from live import ROOT

import app
from app.calls import accounts, db
from app.classic import form as classic
from app.fuse import form as fuse
from app.fuse import replies
from app.intake import fields, lists
from app.telephony import callees
from app.telephony.outcomes import CalleeType
from app.testing import asked

pytestmark = pytest.mark.one_engine

FOR_PEOPLE = ("static", "console")
"""Blueprints and endpoints that are no interface for programs."""
FILE = ROOT / "app" / "static" / "openapi.yaml"
METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_bytes())
    return read


def _schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def test_it_is_openapi_of_this_version(document: dict[str, Any]) -> None:
    openapi_spec_validator.validate(document)
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"] == app.__version__


def test_it_is_served(web: FlaskClient) -> None:
    with web.get("/openapi.yaml") as answer:
        assert answer.content_type == "application/yaml"
        assert answer.data == FILE.read_bytes()


def test_every_route_and_method_is_documented_and_no_other(web: FlaskClient, document: dict[str, Any]) -> None:
    routes = {
        (_path(str(rule)), method)
        for rule in web.application.url_map.iter_rules()
        for method in METHODS & (rule.methods or set())
        if rule.endpoint.partition(".")[0] not in FOR_PEOPLE
    }
    documented = {
        (path, name.upper())
        for path, item in document["paths"].items()
        for name in document["components"]["pathItems"].get(item.get("$ref", "").rpartition("/")[2], item)
        if name.upper() in METHODS
    }
    assert documented == routes


def _path(rule: str) -> str:
    """``/calls/<int(max=9):call_id>`` as ``/calls/{call_id}``."""
    parts = (part if not part.startswith("<") else f"{{{part[1:-1].rpartition(':')[2]}}}" for part in rule.split("/"))
    return "/".join(parts)


def test_the_fields_are_those_that_are_read(document: dict[str, Any]) -> None:
    """Each form's fields, in any order."""
    terms = set(_schema(document, "Credentials")["properties"]) | set(_schema(document, "ClassicTerms")["properties"])
    assert terms | set(_schema(document, "ClassicCall")["properties"]) == set(classic.CALL_FIELDS)
    listed = set(_schema(document, "ClassicList")["properties"])
    assert terms | listed == {*classic.CAMPAIGN_FIELDS, "phone_list"}


LONGEST = {
    ("Credentials", "login"): accounts.LOGIN_LENGTH,
    ("Credentials", "pin"): accounts.PIN_LENGTH,
    ("FuseTerms", "result_url"): 255,
}
RANGES = {
    ("ClassicTerms", "max_retries"): classic.MAX_RETRIES,
    ("ClassicTerms", "max_retry"): classic.MAX_RETRIES,
    ("ClassicTerms", "retry_interval"): classic.RETRY_INTERVAL,
    ("ClassicTerms", "scheduled_timestamp"): (0, fields.LATEST_TIMESTAMP),
    ("ClassicTerms", "expiration_timestamp"): (0, fields.LATEST_TIMESTAMP),
    ("FuseTerms", "start_timestamp"): (0, fields.LATEST_TIMESTAMP),
    ("FuseTerms", "end_timestamp"): (0, fields.LATEST_TIMESTAMP),
    ("FuseTerms", "max_attempts"): fuse.MAX_ATTEMPTS,
    ("FuseTerms", "reattempt_wait"): fuse.REATTEMPT_WAIT,
    ("FuseQueued", "call_id"): (1, db.LAST_ID),
    ("Outcome", "ring"): (0, callees.LONGEST_SECONDS),
    ("Outcome", "hangs_up_at_prompt"): (1, callees.MOST_PROMPTS),
}


@pytest.mark.parametrize(("place", "longest"), LONGEST.items(), ids=[".".join(place) for place in LONGEST])
def test_a_text_is_as_long_as_it_may_be(document: dict[str, Any], place: tuple[str, str], longest: int) -> None:
    assert _schema(document, place[0])["properties"][place[1]]["maxLength"] == longest


@pytest.mark.parametrize(("place", "limits"), RANGES.items(), ids=[".".join(place) for place in RANGES])
def test_a_number_has_its_range(document: dict[str, Any], place: tuple[str, str], limits: tuple[int, int]) -> None:
    described = _schema(document, place[0])["properties"][place[1]]
    assert (described["minimum"], described["maximum"]) == limits


def test_defaults_and_sizes_are_those_of_the_code(document: dict[str, Any]) -> None:
    wait = document["paths"]["/testing/wait"]["get"]["parameters"]
    timeout = next(each["schema"] for each in wait if each.get("name") == "timeout")
    assert (
        _schema(document, "ClassicTerms")["properties"]["retry_interval"]["default"] == classic.DEFAULT_RETRY_INTERVAL
    )
    assert _schema(document, "PhoneNumber")["maxLength"] == lists.LONGEST_NUMBER
    assert _schema(document, "FuseListQueued")["properties"]["errors"]["maxItems"] == replies.MOST_ERRORS
    assert _schema(document, "Outcomes")["maxItems"] == callees.MOST_OUTCOMES
    assert _schema(document, "Callee")["enum"] == callees.MET
    assert _schema(document, "CallDetails")["properties"]["callee_type"]["enum"] == ["", *CalleeType]
    assert timeout["maximum"] == asked.LONGEST_WAIT
