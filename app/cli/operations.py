"""``ringback backup``, ``upgrade``, ``campaign``, ``suspend`` and ``resume``: what keeps a running ringback in hand."""

from functools import partial
from pathlib import Path

import click

from app import factory
from app.calls import campaigns, db, reports
from app.cli.shell import as_json_lines, main, say, with_database
from app.cli.status import campaign_line
from app.errors import Refusal
from app.settings import Settings

BY = "command line"
MOST_BECAUSE = 200


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json_lines
@partial(with_database, schema="any")
def backup(settings: Settings, file: Path, as_json: bool) -> None:
    """Write a copy of the database to FILE, while it is in use. Its schema stays as it is."""
    try:
        db.backup(file)
        size = file.stat().st_size
    except OSError as wrong:
        raise Refusal(f"{file} can't be written: {wrong.strerror}") from wrong
    say(as_json, f"{file}: {size:,} bytes", file=str(file), bytes=size)


@main.command()
@as_json_lines
@partial(with_database, schema="any")
def upgrade(settings: Settings, as_json: bool) -> None:
    """Bring the database to this version's schema, after a copy of an SQLite file beside it.

    Stop all other programs of ringback first. Of a PostgreSQL database make a copy with `ringback backup`.
    """
    done = db.upgrade()
    text = f"{db.place()}: applied {', '.join(done.names)}" if done.names else f"{db.place()} has all upgrades"
    if done.copy:
        text += f"; a copy from before is kept in {done.copy}"
    say(as_json, text, upgrades=done.names, copy=done.copy and str(done.copy))


@main.group()
def campaign() -> None:
    """List campaigns, start and stop their calls."""


@campaign.command("list")
@as_json_lines
@with_database
def campaign_list(settings: Settings, as_json: bool) -> None:
    """List the campaigns, the newest first."""
    for each in reports.campaigns():
        say(as_json, campaign_line(each), **each)
    if campaigns.is_suspended() and not as_json:
        click.echo("All calling is suspended; `ringback resume` ends that.")


@campaign.command("start")
@click.argument("campaign_id", type=int)
@as_json_lines
@with_database
def campaign_start(settings: Settings, campaign_id: int, as_json: bool) -> None:
    """Let the calls of campaign CAMPAIGN_ID be dialled."""
    campaigns.start(campaign_id)
    say(as_json, f"campaign {campaign_id} started", campaign_id=campaign_id, status="started")


@campaign.command("stop")
@click.argument("campaign_id", type=int)
@as_json_lines
@with_database
def campaign_stop(settings: Settings, campaign_id: int, as_json: bool) -> None:
    """Dial no call of campaign CAMPAIGN_ID until it is started."""
    campaigns.stop(campaign_id)
    text = f"campaign {campaign_id} stopped: no dial of it starts any more; conversations go on"
    say(as_json, text, campaign_id=campaign_id, status="stopped")


@main.command()
@click.option("--because", default="", help="The reason, kept with the time.")
@as_json_lines
@with_database
def suspend(settings: Settings, because: str, as_json: bool) -> None:
    """Dial nobody until resumed; conversations go on."""
    if len(because) > MOST_BECAUSE:
        raise click.UsageError(f"--because has more than {MOST_BECAUSE} characters")
    campaigns.suspend(factory.make_clock(settings).now(), f"{BY}: {because}" if because else BY)
    say(as_json, "calling suspended: no dial starts any more; conversations go on", suspended=True)


@main.command()
@as_json_lines
@with_database
def resume(settings: Settings, as_json: bool) -> None:
    """Dial again after suspend."""
    campaigns.resume(factory.make_clock(settings).now(), BY)
    say(as_json, "calling resumed", suspended=False)
