"""``ringback account``: making accounts, listing them, changing a PIN, their caller IDs, what signs their results."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import click

from app import factory
from app.calls import accounts, caller_ids, demo_account, quotas, result_signing
from app.calls.accounts import AccountStatus
from app.cli.shell import as_json_lines, main, say, with_database
from app.errors import Refusal, WeakPin
from app.settings import Settings


@main.group()
def account() -> None:
    """Make accounts, list them, change a PIN, allow caller IDs, sign results."""


_pin = click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")

_allow_weak_pin = click.option(
    "--allow-weak-pin", is_flag=True, help="Take a PIN that is short, or among the first that anybody would guess."
)


@account.command("add")
@click.argument("login")
@_pin
@_allow_weak_pin
@click.option("--email", help="Its user name in the Fuse API.")
@partial(with_database, make=True)
def account_add(settings: Settings, login: str, pin: str, allow_weak_pin: bool, email: str | None) -> None:
    """Make an account, and the database when there is none yet."""
    with _naming_the_option():
        accounts.add(login, pin, factory.make_clock(settings).now(), email, allow_weak_pin=allow_weak_pin)
    click.echo(f"account {login} made")


@account.command("pin")
@click.argument("login")
@_pin
@_allow_weak_pin
@with_database
def account_pin(settings: Settings, login: str, pin: str, allow_weak_pin: bool) -> None:
    """Change the PIN of an account."""
    with _naming_the_option():
        accounts.change_pin(login, pin, allow_weak_pin=allow_weak_pin)
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
    if status == AccountStatus.ACTIVE and not factory.admits_demo(settings):
        demo_account.refuse_to_activate(login)
    accounts.set_status(login, AccountStatus(status))
    click.echo(f"account {login} is {status}")


@account.command("list")
@as_json_lines
@with_database
def account_list(settings: Settings, as_json: bool) -> None:
    """List the accounts."""
    for each in accounts.every():
        weak = each.weak_pin and (settings.public or each.login != accounts.DEMO_LOGIN)
        status = "" if each.status == AccountStatus.ACTIVE else each.status
        say(
            as_json,
            "  ".join(filter(None, (each.login, each.email, status, "weak PIN" if weak else ""))),
            login=each.login,
            email=each.email,
            status=each.status,
            created_at=each.created_at.isoformat(),
            weak_pin=each.weak_pin,
        )


@account.command("repeat-window")
@click.argument("login")
@click.argument("seconds", type=int)
@with_database
def account_repeat_window(settings: Settings, login: str, seconds: int) -> None:
    """Answer a call that is queued again within SECONDS with the first call_id, 0: never.

    The same call has the same number, message_reference and start_url. It is for programs that can't send the header
    Idempotency-Key.
    """
    accounts.set_repeat_seconds(login, seconds)
    told = f"a call that is sent again within {seconds} seconds" if seconds else "each call that is sent"
    click.echo(f"account {login}: {told} is {'the first one' if seconds else 'another one'}")


_limit = partial(click.option, type=int, metavar="N")


@account.command("limits")
@click.argument("login")
@_limit("--queued", help="Calls queued at a time.")
@_limit("--campaigns", help="Campaigns at a time.")
@_limit("--deployments", help="Deployments of its applications.")
@_limit("--lines", help="Lines of one list.")
@click.option("--reset", is_flag=True, help="As the settings say, but for what is given.")
@with_database
def account_limits(settings: Settings, login: str, reset: bool, **changed: int | None) -> None:
    """Show or change what an account may have; 0: no limit."""
    owner = accounts.named(login)
    given = {name: limit for name, limit in changed.items() if limit is not None}
    limits = replace(quotas.AS_SETTINGS if reset else quotas.own_limits(owner.id), **given)
    if given or reset:
        quotas.set_own_limits(owner, limits)
    for name, limit, default in quotas.in_force(limits, settings):
        click.echo(f"{name}: {limit or 'no limit'}{' (as the settings say)' if default else ''}")


@account.group()
def ani() -> None:
    """Say which caller IDs an account's real calls may show."""


@ani.command("add")
@click.argument("login")
@click.argument("number", nargs=-1, required=True)
@with_database
def ani_add(settings: Settings, login: str, number: tuple[str, ...]) -> None:
    """Let the calls of an account show each NUMBER, of 10 digits."""
    owner, now = accounts.named(login), factory.make_clock(settings).now()
    for each in number:
        click.echo(f"calls of {login} may show {caller_ids.add(owner.id, each, now)}")


@ani.command("remove")
@click.argument("login")
@click.argument("number", nargs=-1, required=True)
@with_database
def ani_remove(settings: Settings, login: str, number: tuple[str, ...]) -> None:
    """Let them show it no longer: calls that wait and name it are then refused."""
    owner = accounts.named(login)
    for each in number:
        click.echo(f"calls of {login} may no longer show {caller_ids.remove(owner.id, each)}")


@ani.command("list")
@click.argument("login")
@as_json_lines
@with_database
def ani_list(settings: Settings, login: str, as_json: bool) -> None:
    """List the caller IDs of an account."""
    for each in caller_ids.of(accounts.named(login).id):
        say(as_json, each, login=login, ani=each)


@account.group()
def secret() -> None:
    """Sign the results of an account, so that its servers can tell them from forged ones."""


@secret.command("add")
@click.argument("login")
@with_database
def secret_add(settings: Settings, login: str) -> None:
    """Make a secret and print it: it is shown this once. From now on results are signed with it."""
    click.echo(result_signing.add(accounts.named(login).id, factory.make_clock(settings).now()))


@secret.command("rotate")
@click.argument("login")
@with_database
def secret_rotate(settings: Settings, login: str) -> None:
    """Make another secret and print it. For 24 hours results are signed with the former one as well."""
    click.echo(result_signing.rotate(accounts.named(login).id, factory.make_clock(settings).now()))


@secret.command("remove")
@click.argument("login")
@with_database
def secret_remove(settings: Settings, login: str) -> None:
    """Sign the results of an account no longer. Its secrets are gone at once."""
    result_signing.remove(accounts.named(login).id)
    click.echo(f"results of {login} are no longer signed")


@secret.command("list")
@click.argument("login")
@as_json_lines
@with_database
def secret_list(settings: Settings, login: str, as_json: bool) -> None:
    """List when the secrets that sign the results of an account were made and retire, not the secrets."""
    for each in result_signing.of(accounts.named(login).id, factory.make_clock(settings).now()):
        made, retires = each.created_at.isoformat(), each.retires_at and each.retires_at.isoformat()
        text = f"made {made}" + (f"  signs until {retires}" if retires else "")
        say(as_json, text, login=login, created_at=made, retires_at=retires)


@contextmanager
def _naming_the_option() -> Iterator[None]:
    """Say with a weak PIN's refusal how to insist."""
    try:
        yield
    except WeakPin as weak:
        raise Refusal(f"{weak}; --allow-weak-pin takes it all the same") from weak
