"""``ringback vxml``: run one VoiceXML application against a caller who follows a script, or only look for mistakes."""

import json
import os
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import click

from app.cli.shell import as_json_lines, main
from app.errors import Refusal
from app.settings import Settings

_SCRIPT = "ringback.script"
_STEPS = ("say", "dtmf", "noinput", "hangup", "transfer")
_KEYS = re.compile("[0-9*#A-Da-d ]+")
_MEDIA = {".vxml": "application/voicexml+xml", ".grxml": "application/srgs+xml", ".gram": "application/srgs"}


class _Keys(click.ParamType[str]):
    name = "keys"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _KEYS.fullmatch(value):
            self.fail(f"{value!r} is not made of telephone keys: 0-9, *, # and A-D", param, ctx)
        return value


class _Scripted(click.Command):
    """Remembers the order of the options that make up the script: click itself keeps them apart by name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        values = {name: deque(value) for name, value in given.items() if isinstance(value, list)}
        script: list[tuple[str, str, float | None]] = []
        after = None
        for name in (param.name for param in order):
            if name == "after":
                after = values[name].popleft()
            elif name in _STEPS:
                script.append((name, values[name].popleft() if name in values else "", after))
                after = None
        arguments = super().parse_args(ctx, args)
        ctx.meta[_SCRIPT] = [(kind, value, None if after is None else float(after)) for kind, value, after in script]
        return arguments


@main.command(cls=_Scripted)
@click.argument("url")
@click.option("--say", multiple=True, metavar="TEXT", help="The caller says this.")
@click.option("--dtmf", multiple=True, type=_Keys(), metavar="KEYS", help="The caller presses these keys.")
@click.option("--noinput", count=True, help="The caller is silent.")
@click.option("--hangup", count=True, help="The caller hangs up.")
@click.option("--transfer", multiple=True, metavar="OUTCOME", help="How a transfer ends: answered, busy, noanswer, …")
@click.option(
    "--after",
    multiple=True,
    type=click.FloatRange(0, 86_400),
    metavar="SECONDS",
    help="The next of these comes so long after the prompts begin; else it comes when they are over.",
)
@click.option("--lint", is_flag=True, help="Call nobody: look for mistakes in it and in what it refers to.")
@as_json_lines
@click.pass_context
def vxml(context: click.Context, /, url: str, as_json: bool, lint: bool, **_: object) -> None:
    """Run the VoiceXML application at URL (or in a file) against a scripted caller.

    The caller does --say, --dtmf, --noinput and --hangup in the order they are given, then is silent twice and hangs
    up. Time is simulated: nothing waits.
    """
    from app.voicexml import session
    from app.voicexml.caller import ScriptedCaller, Step
    from app.voicexml.resources import Request
    from app.voicexml.voice import Reckoned

    start, fetch = _place(context.obj, url)
    if lint:
        _lint(context, start, fetch, as_json)
    script = (Step(*step) for step in context.meta[_SCRIPT])
    variables = {
        "connection": {
            "local": {"uri": ""},
            "remote": {"uri": ""},
            "protocol": {"name": "simulated", "version": "1"},
            "redirect": [],
            "aai": "",
            "callee_type": "voice",
        },
        "telephone": {"ani": "", "dnis": ""},
    }
    result = session.run(
        Request("GET", start),
        ScriptedCaller(script),
        fetch,
        variables,
        report=_print_json if as_json else _print_line,
        voice=Reckoned(context.obj.words_per_minute),
    )
    if result.errors:
        raise Refusal("; ".join(result.errors))


def _lint(context: click.Context, start: str, fetch: Callable[..., Any], as_json: bool) -> NoReturn:
    from app.cli.lint import print_report
    from app.voicexml.linting import lint

    if context.meta[_SCRIPT] or context.params["after"]:
        raise click.UsageError("--lint calls nobody: leave out what a caller does")
    context.exit(not print_report(lint(start, fetch), as_json))


def _place(settings: Settings, url: str) -> tuple[str, Callable[..., Any]]:
    """The address to start with and how its pages are fetched: files only for an application that is one itself."""
    if urlsplit(url).scheme in ("http", "https"):
        from app.outside.applications import fetching
        from app.outside.opening import open_outside

        return url, fetching(open_outside(settings))
    if not Path(url).is_file():
        raise Refusal(f"{url} is neither an http address nor a file")
    return Path(url).resolve().as_uri(), _read_file


def _read_file(request: Any) -> Any:
    from app.voicexml.resources import Answer, NotFetched

    if urlsplit(request.url).scheme != "file":
        raise NotFetched("an application in a file fetches only files")
    path = Path(unquote(urlsplit(request.url).path))
    try:
        body = path.read_bytes()
    except OSError as wrong:
        raise NotFetched(os.strerror(wrong.errno) if wrong.errno else str(wrong)) from wrong
    return Answer(200, request.url, {"content-type": _MEDIA.get(path.suffix, "")}, body)


def _print_json(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told, ensure_ascii=False))


def _print_line(told: dict[str, Any]) -> None:
    from app.voicexml.transcript import line

    click.echo(line(told))
