"""``ringback account``: making accounts, listing them, changing a PIN."""

import click

from app import factory
from app.calls import accounts
from app.cli.shell import as_json_lines, main, say, with_database
from app.settings import Settings


@main.group()
def account() -> None:
    """Make accounts, list them, change a PIN."""


_pin = click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")


@account.command("add")
@click.argument("login")
@_pin
@with_database
def account_add(settings: Settings, login: str, pin: str) -> None:
    """Make an account."""
    accounts.add(login, pin, factory.make_clock(settings).now())
    click.echo(f"account {login} made")


@account.command("pin")
@click.argument("login")
@_pin
@with_database
def account_pin(settings: Settings, login: str, pin: str) -> None:
    """Change the PIN of an account."""
    accounts.change_pin(login, pin)
    click.echo(f"account {login} has a new PIN")


@account.command("list")
@as_json_lines
@with_database
def account_list(settings: Settings, as_json: bool) -> None:
    """List the accounts."""
    for each in accounts.every():
        say(as_json, each.login, login=each.login, created_at=each.created_at.isoformat())
