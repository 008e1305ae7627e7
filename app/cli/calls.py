"""``ringback queue`` and ``upload``: what the endpoints do, from the command line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app import factory
from app.calls import accounts, caller_ids, queueing
from app.classic import form
from app.cli.shell import as_json_lines, main, say, with_database
from app.intake.lists import Batch
from app.intake.phonelist import PhoneList
from app.settings import Settings


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


@main.command("queue")
@_fields("phone_number", *_SHARED)
@as_json_lines
@with_database
def queue_one(settings: Settings, login: str, as_json: bool, **fields: str) -> None:
    """Queue one call, as queuecall.php does."""
    owner = accounts.named(login)
    now = factory.make_clock(settings).now()
    order = form.read_call(fields, now, _rules(settings, owner.id))
    order = queueing.probed(order, factory.make_outside(settings))
    call_id = queueing.queue_call(queueing.queue_of(owner.id), order, now)
    say(as_json, f"call {call_id} queued", call_id=call_id)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_fields("campaign_name", *_SHARED, "campaign_parameters")
@as_json_lines
@with_database
def upload(settings: Settings, file: Path, login: str, as_json: bool, **fields: str) -> None:
    """Queue a list of calls from FILE, as queuecalls.php does."""
    owner = accounts.named(login)
    now = factory.make_clock(settings).now()
    rules = _rules(settings, owner.id)
    order = form.read_campaign(fields, now, rules, lambda name: queueing.campaign_name_is_taken(owner.id, name))

    def tell(batch: Batch, first_call_id: int) -> None:
        for bad in batch.bad:
            say(as_json, f"line {bad.line} rejected: {bad.error}", line=bad.line, error=bad.error)

    with _reading(file) as stream:
        numbers = PhoneList(stream, rules.numbers, max_lines=settings.max_lines_per_list)
        outside = factory.make_outside(settings)
        queue = queueing.queue_of(owner.id)
        campaign_id = queueing.queue_list(queue, order, numbers, outside, factory.make_clock(settings), tell)
    say(
        as_json,
        f"campaign {campaign_id}: {numbers.good_count} queued, {numbers.bad_count} rejected, "
        f"{numbers.duplicates} duplicates",
        campaign_id=campaign_id,
        queued=numbers.good_count,
        rejected=numbers.bad_count,
        duplicates=numbers.duplicates,
    )


def _rules(settings: Settings, account_id: int) -> form.Rules:
    rules = factory.make_rules(settings)
    return replace(rules, numbers=caller_ids.rules_of(account_id, rules.numbers))


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
