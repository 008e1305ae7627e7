"""The command line: ``ringback``. Exit status 0 is good, 1 the thing asked failed, 2 wrong usage."""

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app import __version__, clock, factory
from app.calls import accounts, db, queueing, reports
from app.classic import form
from app.errors import Refusal, SettingError
from app.intake import times
from app.intake.phonelist import Batch, PhoneList
from app.settings import Settings

SAMPLE_PORT = 8081
_YEARS_1_TO_9999 = (-62_135_510_400, 253_402_214_400)  # and a day less at both ends, for the zones


class _Group(click.Group):
    """Turns a refusal into one line on standard error and exit status 1, a bad setting into exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingError as wrong:
            raise click.UsageError(str(wrong)) from wrong
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
        except db.Unusable as wrong:
            raise click.ClickException(f"the database can't be used: {wrong}") from wrong
        except UnicodeEncodeError as wrong:
            raise click.UsageError("an argument is not text in UTF-8") from wrong


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


def _with_database(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the settings, with the database open."""

    @click.pass_obj
    @wraps(command)
    def run(settings: Settings, *args: Any, **kwargs: Any) -> None:
        db.open_database(settings.database)
        command(settings, *args, **kwargs)

    return run


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")


def _say(as_json: bool, text: str, **told: object) -> None:
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else text)


@main.command()
@click.option("--sample", is_flag=True, help="Also run the sample customer application.")
@click.option("--sample-port", default=SAMPLE_PORT, show_default=True, help="Its loopback port.")
@click.pass_obj
def serve(settings: Settings, sample: bool, sample_port: int) -> None:
    """Run the web server and the scheduler, and restart one that dies."""
    from app import programs

    programs.refuse_taken_port(*settings.bind)
    if sample:
        programs.refuse_taken_port("127.0.0.1", sample_port)
    factory.prepare_database(settings)
    factory.create_app(settings)  # what the programs can't be started with is said once, here
    factory.create_scheduler(settings)
    _welcome(settings, sample_port if sample else None)
    db.close_database()
    programs.serve([["web"], ["scheduler"], *([["sample", "--port", str(sample_port)]] if sample else [])])


def _welcome(settings: Settings, sample_port: int | None) -> None:
    click.echo(f"ringback {__version__} dials simulated callees: nobody's phone rings.")
    click.echo(f"  Open     {settings.url}/")
    demo = settings.loopback and accounts.demo_is_open()
    if demo:
        click.echo(f"  Account  login {accounts.DEMO_LOGIN}, pin {accounts.DEMO_PIN}")
    if sample_port and demo:
        customer = f"http://127.0.0.1:{sample_port}"
        click.echo("  Try this in another terminal:\n")
        click.echo(
            f"curl -d login={accounts.DEMO_LOGIN} -d pin={accounts.DEMO_PIN} -d phone_number=6175550100 "
            f"-d start_url={customer}/start -d result_url={customer}/result {settings.url}/webservice/queuecall.php\n"
        )


def _prepare(settings: Settings) -> None:
    said = factory.prepare_database(settings)
    if said:
        click.echo(said)


@main.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Run the web server alone."""
    from app import programs

    _prepare(settings)
    factory.create_app(settings)  # what the workers can't be started with is said once, here
    db.close_database()
    programs.web(settings)


@main.command()
@click.pass_obj
def scheduler(settings: Settings) -> None:
    """Run a scheduler alone."""
    from scheduler.service import run_until_signalled

    _prepare(settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    run_until_signalled(factory.create_scheduler(settings))


@main.command()
@click.option("--port", default=SAMPLE_PORT, show_default=True, help="Loopback port to listen on.")
def sample(port: int) -> None:
    """Run a small customer application: its start_url, its result_url, and a line for all that they receive."""
    from app.sample import make_server

    click.echo(f"sample customer: http://127.0.0.1:{port}/start and http://127.0.0.1:{port}/result")
    make_server(port, click.echo).serve_forever()


@main.command("demo")
@click.option("--sample-port", default=SAMPLE_PORT, show_default=True, help="Loopback port of the sample customer.")
@click.pass_obj
def show_demo(settings: Settings, sample_port: int) -> None:
    """Show a call and a list of 20 go through, on a temporary database."""
    from app import demo

    demo.run(settings, sample_port, click.echo)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("expression")
@click.option("--now", type=click.IntRange(*_YEARS_1_TO_9999), help="The present as a UNIX time.")
@click.option("--tz", help="The zone of a time that names none.")
@click.option("--php-only", is_flag=True, help="Only what PHP reads.")
@_json
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
    _say(as_json, text, time=int(reading.instant.timestamp()), iso=local.isoformat(), layer=reading.layer)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as wrong:
        raise click.UsageError(f"--tz {name}: there is no such time zone") from wrong


@main.group()
def account() -> None:
    """Make accounts, list them, change a PIN."""


_pin = click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")


@account.command("add")
@click.argument("login")
@_pin
@_with_database
def account_add(settings: Settings, login: str, pin: str) -> None:
    """Make an account."""
    accounts.add(login, pin, factory.make_clock(settings).now())
    click.echo(f"account {login} made")


@account.command("pin")
@click.argument("login")
@_pin
@_with_database
def account_pin(settings: Settings, login: str, pin: str) -> None:
    """Change the PIN of an account."""
    accounts.change_pin(login, pin)
    click.echo(f"account {login} has a new PIN")


@account.command("list")
@_json
@_with_database
def account_list(settings: Settings, as_json: bool) -> None:
    """List the accounts."""
    for each in accounts.every():
        _say(as_json, each.login, login=each.login, created_at=each.created_at.isoformat())


def _fields(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for each form field: ``--start-url`` for start_url."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for name in reversed(names):
            presence: dict[str, Any] = {"required": True} if name in _NEEDED else {"default": ""}
            option = click.option(f"--{name.replace('_', '-')}", name, help=f"The field {name}.", **presence)
            command = option(command)
        return click.option("--login", required=True, help="The account that queues.")(command)

    return decorate


_NEEDED = ("phone_number", "start_url")
_SHARED = (
    "start_url",
    "result_url",
    "message_reference",
    "call_parameters",
    "max_retries",
    "retry_interval",
    "scheduled_timestamp",
    "scheduled_time",
    "expiration_timestamp",
    "expiration_time",
)


@main.command()
@_fields("phone_number", *_SHARED)
@_json
@_with_database
def queue(settings: Settings, login: str, as_json: bool, **fields: str) -> None:
    """Queue one call, as queuecall.php does."""
    owner = accounts.named(login)
    now = factory.make_clock(settings).now()
    order = form.read_call(fields, now, factory.make_rules(settings))
    call_id = queueing.queue_call(owner.id, queueing.probed(order, factory.make_outside(settings)), now)
    _say(as_json, f"call {call_id} queued", call_id=call_id)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_fields("campaign_name", *_SHARED, "campaign_parameters")
@_json
@_with_database
def upload(settings: Settings, file: Path, login: str, as_json: bool, **fields: str) -> None:
    """Queue a list of calls from FILE, as queuecalls.php does."""
    owner = accounts.named(login)
    now = factory.make_clock(settings).now()
    rules = factory.make_rules(settings)
    order = form.read_campaign(fields, now, rules, lambda name: queueing.campaign_name_is_taken(owner.id, name))

    def tell(batch: Batch, first_call_id: int) -> None:
        for bad in batch.bad:
            _say(as_json, f"line {bad.line} rejected: {bad.error}", line=bad.line, error=bad.error)

    with _reading(file) as stream:
        numbers = PhoneList(stream, rules.numbers, max_lines=settings.max_lines_per_list)
        outside = factory.make_outside(settings)
        campaign_id = queueing.queue_list(owner.id, order, numbers, outside, factory.make_clock(settings), tell)
    _say(
        as_json,
        f"campaign {campaign_id}: {numbers.good_count} queued, {numbers.bad_count} rejected, "
        f"{numbers.duplicates} duplicates",
        campaign_id=campaign_id,
        queued=numbers.good_count,
        rejected=numbers.bad_count,
        duplicates=numbers.duplicates,
    )


@contextmanager
def _reading(file: Path) -> Iterator[BinaryIO]:
    """The file, with a progress bar on a terminal and without one elsewhere."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        progress.open(file, "rb", description=file.name) as stream,
    ):
        yield stream


@main.command()
@click.argument("call_id", type=int, required=False)
@_json
@_with_database
def status(settings: Settings, call_id: int | None, as_json: bool) -> None:
    """Tell how many calls are in which state, and how the campaigns stand; or all about one call."""
    if call_id is not None:
        told = reports.call(call_id)
        click.echo(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))
        return
    counts = reports.counts()
    _say(as_json, "  ".join(f"{status} {count}" for status, count in counts.items()) or "no calls yet", **counts)
    for each in reports.campaigns():
        text = "campaign {campaign_id} {campaign_name} ({login}, {status}): pending {pending}, completed {completed}, "
        _say(as_json, (text + "failed {failed}").format(**each), **each)
