"""Times against a corpus of PHP's answers: its own tests, its manual, its date library's tests, everyday phrases."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.intake.strtotime import strtotime

CORPUS = Path(__file__).parent.parent / "data" / "php-strtotime.json"


class Answer(NamedTuple):
    """An expression, who asks when, what PHP says and what we say; None is PHP's false."""

    text: str
    zone: str
    base: int
    php: int | None
    ours: int | None


def answers() -> list[Answer]:
    """The whole corpus with our answers beside PHP's."""
    return [
        Answer(
            entry["expr"],
            entry["tz"],
            entry["base"],
            None if entry["php"] is False else entry["php"],
            strtotime(entry["expr"], entry["base"], ZoneInfo(entry["tz"])),
        )
        for entry in json.loads(CORPUS.read_text(encoding="utf-8"))
    ]


def share(part: Sequence[object], whole: Sequence[object]) -> float:
    return len(part) / len(whole)


def test_times_are_phps() -> None:
    """The same instant for 99.9 % of what PHP reads, a refusal for 99.5 % of what it refuses, hardly ever another."""
    read = [answer for answer in answers() if answer.php is not None]
    refused = [answer for answer in answers() if answer.php is None]
    different = [answer for answer in read if answer.ours not in (answer.php, None)]
    assert share([answer for answer in read if answer.ours == answer.php], read) >= 0.999
    assert share([answer for answer in refused if answer.ours is None], refused) >= 0.995
    assert len(different) <= 2, different
