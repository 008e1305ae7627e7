"""``ringback account``: making accounts, listing them, changing a PIN."""

import click

from app import factory
from app.calls import accounts
from app.calls.accounts import AccountStatus
from app.cli.shell import as_json_lines, main, say, with_database
from app.settings import Settings


@main.group()
def account() -> None:
    """Make accounts, list them, change a PIN."""


_pin = click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")


@account.command("add")
@click.argument("login")
@_pin
@click.option("--email", help="Its user name in the Fuse API.")
@with_database
def account_add(settings: Settings, login: str, pin: str, email: str | None) -> None:
    """Make an account."""
    accounts.add(login, pin, factory.make_clock(settings).now(), email)
    click.echo(f"account {login} made")


@account.command("pin")
@click.argument("login")
@_pin
@with_database
def account_pin(settings: Settings, login: str, pin: str) -> None:
    """Change the PIN of an account."""
    accounts.change_pin(login, pin)
    click.echo(f"account {login} has a new PIN")


@account.command("email")
@click.argument("login")
@click.argument("email")
@with_database
def account_email(settings: Settings, login: str, email: str) -> None:
    """Give an account the e-mail address that it has in the Fuse API."""
    accounts.set_email(login, email)
    click.echo(f"account {login} has the address {email}")


@account.command("admin")
@click.argument("login")
@click.option("--no", "revoked", is_flag=True, help="Take it back.")
@with_database
def account_admin(settings: Settings, login: str, revoked: bool) -> None:
    """Let an account see and steer everything in the console."""
    accounts.set_admin(login, is_admin=not revoked)
    click.echo(f"account {login} is {'no longer ' if revoked else ''}an administrator")


@account.command("status")
@click.argument("login")
@click.argument("status", type=click.Choice([each.value for each in AccountStatus]))
@with_database
def account_status(settings: Settings, login: str, status: str) -> None:
    """Refuse an account's requests, or take them again."""
    accounts.set_status(login, AccountStatus(status))
    click.echo(f"account {login} is {status}")


@account.command("list")
@as_json_lines
@with_database
def account_list(settings: Settings, as_json: bool) -> None:
    """List the accounts."""
    for each in accounts.every():
        told = {"email": each.email, "status": each.status, "created_at": each.created_at.isoformat()}
        say(
            as_json,
            "  ".join(
                filter(None, (each.login, each.email, "" if each.status == AccountStatus.ACTIVE else each.status))
            ),
            login=each.login,
            **told,
        )
