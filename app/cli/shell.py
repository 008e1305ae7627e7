"""What every command works with: settings, the open database, and how refusals and answers are printed."""

import json
import os
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Literal

import click

from app import __version__
from app.errors import Refusal, SettingError
from app.settings import Settings

_COMMANDS = {
    "account": "accounts",
    "app": "applications",
    "backup": "operations",
    "campaign": "operations",
    "demo": "servers",
    "deployment": "applications",
    "key": "applications",
    "queue": "calls",
    "resume": "operations",
    "sample": "servers",
    "scheduler": "servers",
    "serve": "servers",
    "sip": "trunks",
    "status": "status",
    "suspend": "operations",
    "upgrade": "operations",
    "upload": "calls",
    "vxml": "vxml",
    "web": "servers",
    "when": "when",
}
"""Which module has which command."""


class _Group(click.Group):
    """Imports a command's module when it is asked for.

    Turns a refusal into one line on standard error and exit status 1, a bad setting into exit status 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            import_module(f"app.cli.{_COMMANDS[cmd_name]}")
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingError as wrong:
            raise click.UsageError(str(wrong)) from wrong
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
        except _unusable() as wrong:
            raise click.ClickException(f"the database can't be used: {wrong}") from wrong
        except UnicodeEncodeError as wrong:
            raise click.UsageError("an argument is not text in UTF-8") from wrong


def _unusable() -> type[Exception]:
    """What a database that can't be used raises; asked for only when something was raised."""
    from app.calls.db import Unusable

    return Unusable


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ringback")
@click.option("--tied", is_flag=True, hidden=True, help="End when standard input closes.")
@click.pass_context
def main(context: click.Context, tied: bool) -> None:
    """Queue outbound calls, dial them, and tell how they ended."""
    context.obj = Settings.read(os.environ)
    if tied:
        from app import programs

        programs.end_with_parent()


def with_database(
    command: Callable[..., None], *, make: bool = False, schema: Literal["current", "any"] = "current"
) -> Callable[..., None]:
    """Give a command the settings, with the database open.

    One that is not there is made only with ``make``; one that another version has made is refused unless ``schema`` is
    "any".
    """

    @click.pass_obj
    @wraps(command)
    def run(settings: Settings, *args: Any, **kwargs: Any) -> None:
        from app.calls import db

        if db.open_database(settings.database, make=make, schema=schema):
            click.echo(f"There was no database: {db.place()} is made.", err=True)
        command(settings, *args, **kwargs)

    return run


as_json_lines = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")


def say(as_json: bool, text: str, **told: object) -> None:
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else text)
