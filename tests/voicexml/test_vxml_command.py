"""``ringback vxml``: a file or an address, a script in the order of its options, events as JSON, exit status."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from app.cli import main

PAGE = """<vxml version="2.1"><form>
 <field name="a"><grammar type="application/x-jsgf">yes</grammar><prompt>First?</prompt></field>
 <field name="b"><grammar type="application/x-jsgf" mode="dtmf">1</grammar><prompt>Second?</prompt></field>
 <field name="c"><grammar type="application/x-jsgf">no</grammar><prompt>Third?</prompt></field>
 <block><exit namelist="a b c"/></block></form></vxml>"""


def _run(folder: Path, page: str, *arguments: str) -> Result:
    (folder / "page.vxml").write_text(page, encoding="utf-8")
    return CliRunner().invoke(main, ["vxml", str(folder / "page.vxml"), *arguments], env={"RINGBACK_CLOCK": None})


def _events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_script_keeps_the_order_of_its_options(tmp_path: Path) -> None:
    """A word, a key, a silence and a word: each for the field that asks then."""
    result = _run(tmp_path, PAGE, "--say", "yes", "--dtmf", "1", "--noinput", "--say", "no", "--json")
    assert result.exit_code == 0, result.output
    happened = _events(result)
    heard = [{key: each[key] for key in each.keys() - {"at", "event"}} for each in happened if each["event"] == "input"]
    assert heard == [{"say": "yes"}, {"dtmf": "1"}, {"noinput": True}, {"say": "no"}]
    assert happened[-1] == {"at": happened[-1]["at"], "event": "exit", "value": {"a": "yes", "b": "1", "c": "no"}}


def test_a_step_may_come_after_some_seconds(tmp_path: Path) -> None:
    """--after is for the step behind it alone, and counts from the beginning of the prompts."""
    script = ("--after", "0.1", "--say", "yes", "--dtmf", "1", "--after", "0.2", "--say", "no")
    prompts = [each for each in _events(_run(tmp_path, PAGE, *script, "--json")) if each["event"] == "prompt"]
    assert [each.get("cut_after") for each in prompts] == [0.1, None, 0.2]
    assert _run(tmp_path, PAGE, "--after", "-1", "--say", "yes").exit_code == 2


def test_without_json_people_read_it(tmp_path: Path) -> None:
    """A line per event, with its second."""
    result = _run(tmp_path, PAGE, "--say", "yes", "--hangup")
    assert result.stdout.replace(str(tmp_path), "").splitlines() == [
        "    0.0  fetch       GET file:///page.vxml 200 in 0.00 s",
        "    0.0  prompt      First?",
        '    0.3  input       says "yes"',
        '    1.2  match       "yes", by page.vxml line 2 of field a',
        '    1.2  variable    a = "yes" (slot a)',
        "    1.2  prompt      Second?",
        "    1.5  disconnect  by the caller",
        "    1.5  throw       connection.disconnect.hangup: page.vxml line 3: the caller hung up",
        "    1.5  exit",
    ]


def test_an_error_that_nobody_handles_is_exit_status_1(tmp_path: Path) -> None:
    """The message names page and line; so does a page that is none."""
    broken = PAGE.replace("<block>", '<block cond="nobody">').replace("<field", "<!--").replace("</field>", "-->")
    result = _run(tmp_path, broken)
    assert result.exit_code == 1
    assert "page.vxml line" in result.stderr
    assert _run(tmp_path, "<html/>").exit_code == 1
    assert CliRunner().invoke(main, ["vxml", str(tmp_path / "none.vxml")]).exit_code == 1
    assert CliRunner().invoke(main, ["vxml"]).exit_code == 2


def test_keys_that_no_telephone_has_are_wrong_usage(tmp_path: Path) -> None:
    """A typing error in the script is no caller who presses something odd."""
    result = _run(tmp_path, PAGE, "--dtmf", "1 2x")
    assert result.exit_code == 2
    assert "'1 2x' is not made of telephone keys" in result.stderr
