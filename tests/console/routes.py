"""Every route that there is, with an address that leads to it: tests that walk them cover pages yet to come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

ANYTHING = {"form": "csv", "version": "1"}
"""Arguments that are one of a few words."""


@dataclass(frozen=True)
class Route:
    """A way to ask for something."""

    endpoint: str
    method: str
    path: str
    arguments: frozenset[str]


def routes(web: Flask, of: str = "", **arguments: object) -> list[Route]:
    """All routes of a blueprint, or of all; each argument as given, else 1."""
    return [
        Route(rule.endpoint, method, path, frozenset(rule.arguments))
        for rule in web.url_map.iter_rules()
        if rule.endpoint.startswith(of)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        for path in _paths(web, rule, {"filename": "style.css"} | ANYTHING | arguments)
    ]


def _paths(web: Flask, rule: Rule, arguments: Mapping[str, object]) -> Iterator[str]:
    with web.test_request_context("http://localhost/"):
        _, path = rule.build({name: arguments.get(name, 1) for name in rule.arguments}) or ("", "")
    assert path, rule
    yield path
