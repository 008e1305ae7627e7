"""How a transcript reads, one line for each thing that happened."""

from typing import Any

import pytest

from app.voicexml.transcript import line


@pytest.mark.parametrize(
    ("event", "facts", "said"),
    [
        ("prompt", {"text": "Hello."}, "Hello."),
        ("prompt", {"text": "two\nlines"}, "two lines"),
        ("prompt", {"text": "Hello.", "cut_after": 0.25}, "Hello. (cut after 0.2 s)"),
        ("prompt", {"text": "Hello.", "heard": False}, "Hello. (not heard)"),
        ("audio", {"src": "http://c/a.wav", "played": True}, "http://c/a.wav"),
        ("audio", {"src": "http://c/a.wav", "played": False}, "http://c/a.wav (could not be played)"),
        ("audio", {"src": "http://c/a.wav", "played": False, "heard": False}, "http://c/a.wav (not heard)"),
        ("input", {"say": "né"}, 'says "né"'),
        ("input", {"dtmf": "12#"}, "presses 12#"),
        ("input", {"dtmf": "1", "ignored": True}, "presses 1 (nothing listens)"),
        ("input", {"noinput": True}, "is silent"),
        (
            "match",
            {"utterance": "1", "value": "yes", "grammar": "http://c/g.grxml", "owner": "field answer"},
            '"1" means "yes", by http://c/g.grxml of field answer',
        ),
        (
            "match",
            {"utterance": "yes", "value": "yes", "grammar": "p.vxml line 3", "owner": "field answer"},
            '"yes", by p.vxml line 3 of field answer',
        ),
        ("variable", {"name": "x", "value": {"a": [1]}}, 'x = {"a": [1]}'),
        ("variable", {"name": "x", "value": None}, "x = undefined"),
        ("variable", {"name": "day", "value": "Monday", "slot": "date.day"}, 'day = "Monday" (slot date.day)'),
        (
            "throw",
            {"name": "error.semantic", "message": "x is not defined", "document": "http://c/p.vxml", "line": 7},
            "error.semantic: p.vxml line 7: x is not defined",
        ),
        ("throw", {"name": "help", "message": ""}, "help"),
        ("error", {"message": "error.semantic: p.vxml line 7"}, "error.semantic: p.vxml line 7"),
        (
            "fetch",
            {"method": "POST", "url": "http://c/s", "fields": {"a": "1", "b": ""}, "status": 200, "seconds": 0.126},
            'POST http://c/s 200 in 0.13 s, sent a="1" b=""',
        ),
        (
            "fetch",
            {"method": "GET", "url": "http://c/s", "status": None, "error": "no whole answer in time", "seconds": 2.0},
            "GET http://c/s no answer in 2.00 s: no whole answer in time",
        ),
        ("log", {"label": "here", "text": "we are"}, "here: we are"),
        ("log", {"label": "", "text": "we are"}, "we are"),
        ("transfer", {"dest": "tel:+1", "type": "bridge", "outcome": "busy"}, "bridge to tel:+1: busy"),
        ("disconnect", {"by": "caller"}, "by the caller"),
        ("exit", {"value": {"a": 1}}, '{"a": 1}'),
        ("postd", {"keys": "1p2"}, "the platform presses 1p2"),
        ("cut", {"message": "more than 1000 entries"}, "more than 1000 entries"),
        ("something else", {"a": 1, "b": ""}, "a=1"),
    ],
)
def test_each_event_is_a_line(event: str, facts: dict[str, Any], said: str) -> None:
    """Its second, what it is, and the rest in words."""
    assert line({"at": 12.345, "event": event} | facts) == f"   12.3  {event:<10}  {said}"


def test_what_says_nothing_more_has_no_blanks_at_its_end() -> None:
    assert line({"at": 0, "event": "exit", "value": None}) == "    0.0  exit"
