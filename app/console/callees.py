"""Simulated callees as a form has them: what each attempt meets, a few fields an attempt, or JSON for all there is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import BadField
from app.intake import fields
from app.intake.phone import NumberRules
from app.telephony.callees import Callee, read_script

ATTEMPTS = 4
"""How many attempts the form has fields for."""
JSON = "outcomes"

RESERVED = (
    ("0100", "a person answers"),
    ("0101", "an answering machine"),
    ("0102", "a fax machine"),
    ("0103", "busy"),
    ("0104", "nobody answers"),
    ("0105", "information tone"),
    ("0106", "line failure"),
    ("0107", "answered, and nobody can tell by what"),
    ("0109", "busy twice, then a person"),
    ("011n", "nobody answers n times, then a person"),
    ("0120", "rings 44 seconds, then a person"),
    ("0121", "rings 46 seconds: nobody answers"),
)
"""The last four digits of 555-01xx in any area, and who answers there."""


@dataclass(frozen=True, slots=True)
class Described:
    """A number that has a script, and a line for each attempt."""

    number: str
    attempts: list[str]


def described(number: str, outcomes: str) -> Described:
    """The script of a number in words."""
    return Described(number, [_words(callee) for callee in read_script(json.loads(outcomes))])


def _words(callee: Callee) -> str:
    parts = [str(callee.callee_type)]
    parts += [f"says “{text}”" for text in callee.says]
    parts += [f"presses {keys}" for keys in callee.dtmf]
    parts += [f"does {len(callee.does)} steps"] if callee.does else []
    parts += [f"hangs up after {callee.hangs_up_after:g} s"] if callee.hangs_up_after else []
    parts += [f"hangs up at prompt {callee.hangs_up_at_prompt}"] if callee.hangs_up_at_prompt else []
    return ", ".join(parts)


def read(form: Mapping[str, str]) -> tuple[str, str]:
    """The number that a form names and its script as JSON. Raises BadField."""
    number = fields.phone_number("number", fields.required("number", form.get("number", "").strip()), NumberRules())
    text = form.get(JSON, "").strip()
    try:
        outcomes = json.loads(text) if text else _built(form)
    except (ValueError, RecursionError) as wrong:
        raise BadField(JSON, "is not JSON") from wrong
    try:
        read_script(outcomes)
    except ValueError as wrong:
        raise BadField(JSON, str(wrong).removeprefix(f"{JSON}: ")) from wrong
    return number.number, json.dumps(outcomes, separators=(",", ":"))


def _built(form: Mapping[str, str]) -> list[Any]:
    """The outcomes that the fields of the attempts make; an attempt that was left empty is none."""
    outcomes = (_outcome(form, attempt) for attempt in range(1, ATTEMPTS + 1))
    return [outcome for outcome in outcomes if outcome]


def _outcome(form: Mapping[str, str], attempt: int) -> Any:
    def given(name: str) -> str:
        return form.get(f"{name}-{attempt}", "").strip()

    says = [text.strip() for text in given("says").split(";") if text.strip()]
    more = {"says": says, "dtmf": given("dtmf").split(), "hangs_up_after": _seconds(given("hangs_up_after"))}
    more = {name: value for name, value in more.items() if value}
    return {"callee": given("callee"), **more} if more else given("callee")


def _seconds(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
