"""``ringback app``, ``ringback deployment`` and ``ringback key``: what the Fuse API works with."""

import click

from app import factory
from app.calls import accounts, deployments, keys
from app.calls.deployments import Right
from app.cli.shell import as_json_lines, main, say, with_database
from app.settings import Settings

_login = click.option("--login", required=True, help="The account.")
_start_url = click.option("--start-url", default="", help="Where its VoiceXML is; none: a built-in greeting.")


@main.group("app")
def application() -> None:
    """Make Fuse applications, list and remove them, let other accounts work with them."""


@application.command("add")
@click.argument("name")
@_login
@_start_url
@as_json_lines
@with_database
def app_add(settings: Settings, name: str, login: str, start_url: str, as_json: bool) -> None:
    """Make an application of an account, with a first deployment."""
    now = factory.make_clock(settings).now()
    made, deployed = deployments.add_application(accounts.named(login), name, start_url, now)
    say(
        as_json,
        f"application {made.id} made, with deployment {deployed.id}",
        application_id=made.id,
        deployment_id=deployed.id,
    )


@application.command("list")
@as_json_lines
@with_database
def app_list(settings: Settings, as_json: bool) -> None:
    """List the applications."""
    for each in deployments.applications():
        login = each.account.login
        say(as_json, f"{each.id}  {each.name}  ({login})", application_id=each.id, name=each.name, login=login)


@application.command("remove")
@click.argument("application_id", type=int)
@with_database
def app_remove(settings: Settings, application_id: int) -> None:
    """Delete an application: nothing more is queued for it."""
    deployments.remove_application(application_id)
    click.echo(f"application {application_id} deleted")


@application.command("allow")
@click.argument("application_id", type=int)
@_login
@click.option(
    "--right", type=click.Choice([Right.QUEUE.value, Right.READ.value]), default=Right.QUEUE.value, show_default=True
)
@with_database
def app_allow(settings: Settings, application_id: int, login: str, right: str) -> None:
    """Let another account queue calls for an application, or only see them."""
    deployments.allow(application_id, accounts.named(login).login, Right(right))
    click.echo(f"{login} may {right} with application {application_id}")


@application.command("forbid")
@click.argument("application_id", type=int)
@_login
@with_database
def app_forbid(settings: Settings, application_id: int, login: str) -> None:
    """Take back what `ringback app allow` gave."""
    deployments.forbid(application_id, login)
    click.echo(f"{login} has nothing more to do with application {application_id}")


@main.group()
def deployment() -> None:
    """Make deployments of a Fuse application, list, redirect and remove them."""


@deployment.command("add")
@click.argument("application_id", type=int)
@click.argument("name")
@_start_url
@as_json_lines
@with_database
def deployment_add(settings: Settings, application_id: int, name: str, start_url: str, as_json: bool) -> None:
    """Make a deployment of an application."""
    made = deployments.add_deployment(application_id, name, start_url, factory.make_clock(settings).now())
    say(as_json, f"deployment {made.id} made", deployment_id=made.id)


@deployment.command("list")
@as_json_lines
@with_database
def deployment_list(settings: Settings, as_json: bool) -> None:
    """List the deployments."""
    for each in deployments.deployments():
        owner = each.application
        say(
            as_json,
            f"{owner.id}/{each.id}  {each.name}  {each.start_url or '(the built-in greeting)'}",
            application_id=owner.id,
            deployment_id=each.id,
            name=each.name,
            start_url=each.start_url,
        )


@deployment.command("start-url")
@click.argument("deployment_id", type=int)
@click.argument("start_url", default="")
@with_database
def deployment_start_url(settings: Settings, deployment_id: int, start_url: str) -> None:
    """Give a deployment another start_url, for calls queued from now on; none: the built-in greeting."""
    deployments.point(deployment_id, start_url)
    click.echo(f"deployment {deployment_id} starts with {start_url or 'the built-in greeting'}")


@deployment.command("remove")
@click.argument("deployment_id", type=int)
@with_database
def deployment_remove(settings: Settings, deployment_id: int) -> None:
    """Delete a deployment: nothing more is queued for it."""
    deployments.remove_deployment(deployment_id)
    click.echo(f"deployment {deployment_id} deleted")


@main.group()
def key() -> None:
    """Make, list and revoke the developer keys of the Fuse API."""


@key.command("add")
@_login
@click.option("--label", default="key", show_default=True, help="What it is for.")
@as_json_lines
@with_database
def key_add(settings: Settings, login: str, label: str, as_json: bool) -> None:
    """Make a key; it is shown this once."""
    made = keys.add(accounts.named(login), label, factory.make_clock(settings).now())
    say(as_json, f"{made}\nKeep it: it is not shown again.", key=made)


@key.command("list")
@as_json_lines
@with_database
def key_list(settings: Settings, as_json: bool) -> None:
    """List the keys that were not revoked; of each only what it is for."""
    for each in keys.every():
        login = each.account.login
        say(as_json, f"{each.id}  {login}  {each.label}", key_id=each.id, login=login, label=each.label)


@key.command("revoke")
@click.argument("key_id", type=int)
@with_database
def key_revoke(settings: Settings, key_id: int) -> None:
    """Refuse a key from the next request on."""
    keys.revoke(key_id, factory.make_clock(settings).now())
    click.echo(f"key {key_id} revoked")
