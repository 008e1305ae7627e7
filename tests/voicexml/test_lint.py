"""``ringback vxml --lint``: what each rule finds and where, what it leaves alone, and how the command tells it."""

import json
from collections.abc import Mapping
from pathlib import Path

import conformance_pages
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.sample import GREETING
from app.voicexml.linting import Report, lint
from app.voicexml.resources import MOST_FETCHES, Answer, NotFetched, Request

BASE = "http://customer.example/"
YES = '<grammar root="r"><rule id="r">yes</rule></grammar>'
ENDING = '<noinput count="3"><exit/></noinput>'
"""What a page needs that asks something and is to end for a caller who never answers."""
SECOND = '<form id="second"><block><exit/></block></form>'


def _lint(files: Mapping[str, str], start: str = "a.vxml") -> Report:
    """Lint pages that are only in memory; nothing may be sent, and nothing may be asked for twice."""
    asked: list[str] = []

    def fetch(request: Request) -> Answer:
        assert request.body is None
        assert request.url not in asked
        asked.append(request.url)
        name = request.url.removeprefix(BASE)
        if name == "gone":
            raise NotFetched("connection refused")
        if name not in files:
            return Answer(404, request.url, {}, b"")
        return Answer(200, request.url, {}, files[name].encode())

    return lint(f"{BASE}{start}", fetch)


def _page(*lines: str) -> str:
    return "\n".join(['<vxml version="2.1">', *lines, "</vxml>"])


def _form(*lines: str) -> str:
    """A page with one form, whose content begins in line 3."""
    return _page("<form>", *lines, "</form>")


def _asking(*lines: str) -> str:
    """A page with one field that listens and ends, whose further content begins in line 3."""
    return _page('<form><field name="f">' + YES + ENDING, *lines, "</field></form>")


def _told(report: Report) -> list[str]:
    return [
        f"{each.url.removeprefix(BASE)}:{each.line}: {each.severity}: {each.sentence} ({each.rule})"
        for each in report.findings
    ]


@pytest.mark.parametrize(
    ("page", "line", "severity", "rule", "says"),
    [
        pytest.param("<vxml>\n<form></vxml>", 2, "error", "not-well-formed", "line 2, column", id="no XML"),
        pytest.param("<html/>", 1, "error", "not-vxml", "<html>", id="another language"),
        pytest.param("<vxml><form/></vxml>", 1, "error", "version", 'version="2.1"', id="no version"),
        pytest.param('<vxml version="3.0"><form/></vxml>', 1, "error", "version", "'3.0'", id="an unknown version"),
        pytest.param(_form("<blok/>"), 3, "warning", "unknown-element", "did you mean block?", id="a wrong element"),
        pytest.param(_asking('<prompt>a<sayas class="x">1</sayas></prompt>'), 3, "warning", "unknown-element",
                     "write say-as", id="an element of 1.0"),
        pytest.param(_form('<block><prompt tmeout="3s">a</prompt></block>'), 3, "warning", "unknown-attribute",
                     "did you mean timeout?", id="a wrong attribute"),
        pytest.param(_form("<block><field/></block>"), 3, "warning", "misplaced-element", "belongs into <form>",
                     id="a field in a block"),
        pytest.param(_form("Hello"), 2, "warning", "misplaced-text", "'Hello'", id="text outside of a block"),
        pytest.param(_form('<block><prompt><sub>a</sub></prompt></block>'), 3, "warning", "missing-attribute", "alias",
                     id="a missing attribute"),
        pytest.param(_form("<var name='a'/><block>", "<assign name='a'/></block>"), 4, "error", "refused-page",
                     "needs the attribute expr", id="a missing attribute that is needed"),
        pytest.param(_form("<block>", "<exit expr='1' namelist='2'/></block>"), 4, "error", "refused-page",
                     "both expr and namelist", id="exclusive attributes"),
        pytest.param(_page(SECOND, SECOND.replace("id", "scope='document' id")), 1, "error", "refused-page",
                     "two dialogs", id="two dialogs of one id"),
        pytest.param(_form('<block name="a"/>', '<block name="a"/>'), 2, "error", "refused-page", "two items named a",
                     id="two items of one name"),
        pytest.param(_form('<block><goto next="#nowhere"/></block>'), 3, "error", "no-such-dialog", "nowhere",
                     id="a goto to nowhere"),
        pytest.param(_page(SECOND, '<link next="#secnd" dtmf="1"/>'), 3, "error", "no-such-dialog",
                     "did you mean second?", id="a link to nowhere"),
        pytest.param(_form('<block><goto nextitem="x"/></block>'), 3, "error", "no-such-item", "x", id="no such item"),
        pytest.param(_form('<block><goto next="b.vxml"/></block>'), 3, "error", "fetch-failed", "404", id="no page"),
        pytest.param(_form('<block><goto next="gone"/></block>'), 3, "error", "fetch-failed", "connection refused",
                     id="no server"),
        pytest.param(_form('<block><audio src="a.wav">a</audio></block>'), 3, "warning", "fetch-failed",
                     "its content is heard", id="no sound"),
        pytest.param(_form('<block><script src="a.js"/></block>'), 3, "error", "fetch-failed", "404", id="no script"),
        pytest.param(_page("<form><block>a</block></form>", SECOND), 3, "warning", "unreachable-dialog", "second",
                     id="a dialog that nothing leads to"),
        pytest.param(_form('<field name="f">', "<prompt>a</prompt></field>"), 3, "error", "no-grammar", "field> f",
                     id="a field without a grammar"),
        pytest.param(_page("<menu><prompt>a</prompt></menu>"), 2, "error", "menu-without-choices", "<choice>",
                     id="a menu without choices"),
        pytest.param(_page("<menu>" + ENDING + '<choice dtmf="1" next="#second"/>', '<choice next="#second"/></menu>',
                           SECOND), 3, "warning", "never-chosen",
                     "<choice>", id="a choice that nothing means"),
        pytest.param(_page("<menu>" + ENDING, '<choice dtmf="x" next="#second"/></menu>', SECOND), 3, "error",
                     "not-a-key", "<choice>", id="a key that no telephone has"),
        pytest.param(_asking('<grammar src="g.grxml"/>'), 3, "error", "fetch-failed", "404", id="no grammar"),
        pytest.param(_asking('<grammar root="r"><rule id="r"><ruleref uri="#r"/></rule></grammar>'), 3, "error",
                     "bad-grammar", "begins with itself", id="a grammar that begins with itself"),
        pytest.param(_asking('<grammar type="application/x-gsl">[a b]</grammar>'), 3, "error", "bad-grammar",
                     "are not read", id="a foreign grammar"),
        pytest.param(_form('<field name="f" type="colour">' + ENDING, "</field>"), 3, "error", "unknown-type",
                     "colour", id="an unknown type"),
        pytest.param(_form('<block cond="a b">a</block>'), 3, "error", "bad-script", "of <block>", id="a bad cond"),
        pytest.param(_form("<script>", "var a = 1;", "if (", "</script>"), 6, "error", "bad-script", "does not parse",
                     id="a bad script, by its own line"),
        pytest.param(_form("<var name='total'/>", "<block><assign name='totl' expr='1'/></block>"), 4, "error",
                     "undeclared-variable", "did you mean total?", id="an assignment to nobody"),
        pytest.param(_asking("<filled>", "<log expr=\"f + ' ' + b\"/></filled>"), 4, "warning",
                     "undeclared-variable", "nobody declares b", id="a name in an expression"),
        pytest.param(_form('<var name="a-b"/>'), 3, "error", "variable-name", "a-b", id="no name of a variable"),
        pytest.param(_page('<property name="timeout" value="soon"/>', SECOND), 2, "error", "property-value", "such as",
                     id="a property that is no time"),
        pytest.param(_page('<property name="bargein" value="yes"/>', SECOND), 2, "warning", "property-value",
                     "true or false", id="a property out of its form"),
        pytest.param(_page('<property name="timout" value="5s"/>', SECOND), 2, "warning", "unknown-property",
                     "did you mean timeout?", id="an unknown property"),
        pytest.param(_asking('<prompt timeout="soon">a</prompt>'), 3, "error", "attribute-value", "soon",
                     id="an attribute that is no time"),
        pytest.param(_asking('<prompt bargein="true"/>'), 3, "warning", "empty-prompt", "bargein has no effect",
                     id="a prompt to barge into, without words"),
        pytest.param(_page('<catch event="oder.done">a</catch>',
                           '<form><block><throw event="order.done"/></block></form>'),
                     2, "warning", "event-never-thrown", "did you mean order.done?", id="an event of nobody"),
        pytest.param(_form('<field name="f">' + YES, "<noinput><reprompt/></noinput></field>"), 3, "warning",
                     "never-ends", "an answering machine would never get past this", id="asking a machine for ever"),
        pytest.param(_page('<form id="a">', '<block><goto next="#a"/></block></form>'), 1, "error", "endless",
                     "without listening", id="a circle"),
        pytest.param(_form("<block>", "<value expr=\"[][0].length\"/></block>"), 4, "error", "fails-unanswered",
                     "error.semantic", id="an error that only running shows"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_is(page: str, line: int, severity: str, rule: str, says: str) -> None:
    """One mistake is one finding: its line, how bad it is, its rule, and what to write instead."""
    [found] = _lint({"a.vxml": page}).findings
    assert (found.line, found.severity, found.rule) == (line, severity, rule)
    assert says in found.sentence


FILES = {
    "root.vxml": _page('<catch event="done"><goto next="#bye"/></catch>', '<link dtmf="9" next="b.vxml#help"/>'),
    "a.vxml": _form(
        '<field name="f"><grammar src="g.grxml"/>' + ENDING + "</field>",
        '<block><audio src="hello.wav">Hello</audio><script src="s.js"/><value expr="total + f"/></block>',
        '<block><goto next="b.vxml"/></block>',
    ).replace("<vxml", '<vxml application="root.vxml"'),
    "b.vxml": _page(
        '<form><block><throw event="done"/></block></form>',
        '<form id="bye"><block>Bye<exit/></block></form>',
        '<form id="help"><subdialog src="lib.vxml#one"><filled><exit/></filled></subdialog></form>',
    ).replace("<vxml", '<vxml application="root.vxml"'),
    "lib.vxml": _page(
        '<form id="two"><block><return/></block></form>', '<form id="one"><block><return/></block></form>'
    ),
    "g.grxml": '<grammar root="r"><rule id="r"><ruleref uri="words.grxml"/></rule></grammar>',
    "words.grxml": YES,
    "s.js": "var total = 1;",
    "hello.wav": "RIFF",
}
"""An application of several documents, in which nothing is wrong."""


def test_a_sound_application_is_read_whole_and_told_nothing() -> None:
    """Roots, links, subdialogs, what handlers of the root mean in its documents, and each address once."""
    report = _lint(FILES)
    assert _told(report) == []
    assert report.read == {"document": 4, "grammar": 2, "script": 1, "audio": 1}


@pytest.mark.parametrize(
    ("file", "was", "becomes", "expected"),
    [
        pytest.param(
            "b.vxml", 'id="bye"', 'id="by"', ("b.vxml", 3, "unreachable-dialog"), id="what a root's handler leads to"
        ),
        pytest.param("lib.vxml", 'id="one"', 'id="on"', ("b.vxml", 4, "no-such-dialog"), id="a subdialog elsewhere"),
        pytest.param(
            "words.grxml", "</rule>", "", ("a.vxml", 3, "bad-grammar"), id="a grammar that a grammar refers to"
        ),
        pytest.param("s.js", "=", "= =", ("a.vxml", 4, "bad-script"), id="an external script"),
        pytest.param("s.js", "total", "sum", ("a.vxml", 4, "undeclared-variable"), id="what a script declares"),
        pytest.param("root.vxml", 'dtmf="9"', "", ("root.vxml", 3, "never-chosen"), id="a link of the root"),
    ],
)
def test_mistakes_between_documents(file: str, was: str, becomes: str, expected: tuple[str, int, str]) -> None:
    """A document is judged by what it refers to."""
    assert was in FILES[file]
    found = _lint({**FILES, file: FILES[file].replace(was, becomes)}).findings
    assert expected in [(each.url.removeprefix(BASE), each.line, each.rule) for each in found]


def test_nothing_is_ordered() -> None:
    """A submit, and whatever else sends something, is not sent and said to be unchecked; so are made-up addresses."""
    page = _form(
        '<block><data src="order?all" method="post"/></block>',
        '<block cond="false"><submit next="order"/></block>',
        "<block cond=\"false\"><goto expr=\"'b' + '.vxml'\"/></block>",
        '<subdialog src="order" namelist="x"/><var name="x"/>',
    )
    report = _lint({"a.vxml": page})
    assert [(each.line, each.severity, each.rule) for each in report.findings] == [
        (3, "note", "not-sent"),
        (4, "note", "not-sent"),
        (5, "note", "not-followed"),
        (6, "note", "not-sent"),
    ]
    assert report.read == {"document": 1}


def test_as_much_is_read_as_a_call_may_fetch() -> None:
    """What is beyond that is no mistake, only unread."""
    pages = {f"{number}.vxml": _form("<block>a</block>") for number in range(MOST_FETCHES)}
    gotos = "".join(f'<block><goto next="{name}"/></block>' for name in pages)
    report = _lint({"a.vxml": _form(gotos), **pages})
    assert [(each.severity, each.rule) for each in report.findings] == [("note", "not-read")]
    assert report.read == {"document": MOST_FETCHES}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(_form("<block>A message.</block>"), id="a message that asks nothing"),
        pytest.param(_asking(), id="a counted way out"),
        pytest.param(_form('<field name="f">' + YES, '<catch event="noinput"><disconnect/></catch></field>'),
                     id="hangs up"),
        pytest.param(
            _form(
                "<block cond=\"session.connection.callee_type == 'answeringmachine'\"><exit/></block>",
                '<field name="f">' + YES + ENDING + "</field>",
            ),
            id="asks who answered",
        ),
        pytest.param(_form('<property name="com.example.x" value="y"/><block>a</block>'), id="a vendor's property"),
        pytest.param(_form('<x:y xmlns:x="urn:x"/><block x:z="1" xmlns:x="urn:x">a</block>'), id="a vendor's words"),
        pytest.param(_asking('<prompt timeout="9s"/>', '<prompt count="2"/>'), id="silent prompts"),
        pytest.param(_form(YES + ENDING, '<initial/><field name="f"/>'), id="a form that fills its fields"),
        pytest.param(_form("<script><![CDATA[function f(a) { return a < 1 }]]></script>", "<block cond='f(2);'/>"),
                     id="a script"),
        pytest.param(_form("<block><value expr=\"typeof nobody + {k: 1}.k + Math.PI + ' nobody '\"/></block>"),
                     id="names that need not be declared"),
        pytest.param(_form('<block><data name="d" src="a.vxml"/></block>'), id="data that is XML"),
        pytest.param(GREETING.decode(), id="the sample application"),
    ],
)  # fmt: skip
def test_what_is_no_mistake(page: str) -> None:
    """Nothing is said of it."""
    assert _told(_lint({"a.vxml": page})) == []


def _conforming() -> list[str]:
    """The conformance documents in which no error event is thrown."""
    found = []
    for path in sorted(conformance_pages.DIRECTORY.glob("*.json")):
        events = json.loads(path.read_text(encoding="utf-8"))["events"]
        if not any(str(each.get("name", "")).startswith("error") for each in events):
            found.append(path.stem)
    return found


@pytest.mark.parametrize("name", _conforming())
def test_no_error_is_found_where_none_happens(name: str) -> None:
    """Documents that run as they should are called wrong by no rule."""
    report = lint(f"{conformance_pages.BASE}{name}.vxml", conformance_pages.fetch)
    assert [each for each in report.findings if each.severity == "error"] == []


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["vxml", *arguments], env={"RINGBACK_CLOCK": None})


def test_the_command_prints_findings_and_counts(tmp_path: Path) -> None:
    """In the order of documents and lines; the exit status is 1 when a call would fail, 2 for a script beside it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    start = tmp_path / "a.vxml"
    sound = _run("--lint", str(start))
    assert sound.stdout == "4 documents, 2 grammars, 1 script, 1 sound read; 0 errors, 0 warnings\n"
    assert sound.exit_code == 0
    start.write_text(_asking("<promt/>"), encoding="utf-8")
    warned = _run("--lint", str(start))
    assert warned.stdout.splitlines() == [
        f"{start}:3: warning: <promt> is not VoiceXML and is passed over, did you mean prompt? (unknown-element)",
        "1 document read; 0 errors, 1 warning",
    ]
    assert warned.exit_code == 0
    start.write_text(_asking("<promt/>", '<filled><goto next="none.vxml"/></filled>'), encoding="utf-8")
    wrong = _run("--lint", "--json", str(start))
    assert wrong.exit_code == 1
    told = [json.loads(line) for line in wrong.stdout.splitlines()]
    assert [each["rule"] for each in told] == ["unknown-element", "fetch-failed"]
    assert told[1].keys() == {"document", "line", "severity", "rule", "sentence"}
    assert _run("--lint", str(start), "--say", "yes").exit_code == 2
    assert _run("--lint", str(start), "--after", "1").exit_code == 2
    assert _run("--lint", str(tmp_path / "none.vxml")).exit_code == 1
