"""``ringback status``: how the calls and the campaigns stand, or all about one call."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from app import factory
from app.calls import reports, waiting
from app.calls.story import Story, story
from app.cli.shell import as_json_lines, main, say, with_database
from app.settings import Settings


@main.command()
@click.argument("call_id", type=int, required=False)
@as_json_lines
@with_database
def status(settings: Settings, call_id: int | None, as_json: bool) -> None:
    """Tell how many calls are in which state, and how the campaigns stand; or all about one call."""
    if call_id is not None:
        now = factory.make_clock(settings).now()
        _tell_of_call(story(call_id), waiting.why(call_id, now, settings.lines), as_json)
        return
    counts = reports.counts()
    say(as_json, "  ".join(f"{status} {count}" for status, count in counts.items()) or "no calls yet", **counts)
    failure = reports.last_application_failure()
    if failure and not as_json:
        where = f"call {failure['call_id']}, {_time(failure['at'])} UTC"
        click.echo(f"the last application that failed: {where}: {failure['detail']}")
    for each in reports.campaigns():
        say(as_json, campaign_line(each), **each)


def campaign_line(campaign: Mapping[str, Any]) -> str:
    """A campaign as people read it, wherever one is listed."""
    text = "campaign {campaign_id} {campaign_name} ({login}, {status}): pending {pending}, completed {completed}, "
    return (text + "failed {failed}").format(**campaign)


def _tell_of_call(found: Story, why: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**found.told, "why": why}, ensure_ascii=False))
        return
    for line in _lines(found, why):
        click.echo(line)


def _lines(found: Story, why: str) -> Iterator[str]:
    told, result = found.told, found.told["result"]
    yield f"call {told['call_id']} to {told['phone_number']}: {told['status']} {told['callee_type']}".strip()
    yield f"  {why}"
    for name in ("campaign_name", "login", "message_reference", "call_parameters", "campaign_parameters"):
        if told[name]:
            yield f"  {name:<20} {told[name]}"
    yield f"  {'start_url':<20} {told['start_url'] or 'the built-in greeting'}"
    yield f"  {'result_url':<20} {told['result_url'] or 'none'}"
    yield f"  {'attempts':<20} {told['attempts']} of {told['max_retries'] + 1}"
    yield f"  {'duration':<20} {told['duration']} s"
    if told["expires_at"]:
        yield f"  {'expires':<20} {_time(told['expires_at'])} UTC"
    if result:
        posts = "1 post" if result["tries"] == 1 else f"{result['tries']} posts"
        yield f"  {'result':<20} {result['state']} after {posts}"
    yield "what happened, in UTC:"
    for moment in found.timeline:
        yield f"  {_time(moment.at)}  {moment.word:<17} {moment.sentence}".rstrip()
    for attempt, transcript in found.transcripts.items():
        yield f"transcript of attempt {attempt}:"
        yield from (f"  {line}" for line in transcript)


def _time(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M:%S}"
