"""``ringback when``: which instant a time expression means."""

import io
import sys
from zoneinfo import ZoneInfo

import click

from app import clock
from app.cli.shell import as_json_lines, main, say
from app.errors import Refusal
from app.intake import times
from app.settings import Settings

_YEARS_1_TO_9999 = (-62_135_510_400, 253_402_214_400)  # and a day less at both ends, for the zones


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("expression")
@click.option("--now", type=click.IntRange(*_YEARS_1_TO_9999), help="The present as a UNIX time.")
@click.option("--tz", help="The zone of a time that names none.")
@click.option("--php-only", is_flag=True, help="Only what PHP reads.")
@as_json_lines
@click.pass_obj
def when(settings: Settings, expression: str, now: int | None, tz: str | None, php_only: bool, as_json: bool) -> None:
    """Tell which instant EXPRESSION means; - reads one per line and answers UNIX times or false."""
    present = clock.Clock().now() if now is None else clock.instant(now)
    zone = settings.timezone if tz is None else _zone(tz)
    php_only = php_only or settings.times == "php"
    if expression == "-":
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
        for answer in times.when_lines(lines, present, zone, php_only):
            click.echo(answer)
        return
    try:
        reading = times.read(expression, present, zone, php_only=php_only)
    except times.UnreadableTime as wrong:
        raise Refusal(str(wrong)) from wrong
    try:
        local = reading.instant.astimezone(zone)
    except OverflowError:
        local = reading.instant
    text = f"{int(reading.instant.timestamp())}  {local:%a %d %b %Y %H:%M:%S %Z}  read by {reading.layer}"
    say(as_json, text, time=int(reading.instant.timestamp()), iso=local.isoformat(), layer=reading.layer)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as wrong:
        raise click.UsageError(f"--tz {name}: there is no such time zone") from wrong
