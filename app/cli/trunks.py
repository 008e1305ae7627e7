"""``ringback sip check``: whether the trunk takes calls, and what to mend when it does not."""

import click

from app.cli.shell import as_json_lines, main, say
from app.errors import Refusal
from app.settings import Settings

ANSWER_SECONDS = 5.0
NOT_KNOWN = (401, 403, 407)


@main.group()
def sip() -> None:
    """Look after the SIP trunk."""


@sip.command()
@click.pass_context
@as_json_lines
def check(context: click.Context, as_json: bool) -> None:
    """Register at the trunk, or ask it whether it is there, and say what it answered and what to mend."""
    from app.carriers import make_trunk
    from app.telephony import options
    from app.telephony.trunk import Trunk

    settings: Settings = context.obj
    trunk: Trunk = make_trunk(settings)
    host, port = options.place(trunk)
    try:
        answer = options.ask(trunk, ANSWER_SECONDS)
    except options.Unanswered as wrong:
        raise Refusal(f"{wrong}. {_what_to_mend(str(wrong), trunk.transport)}") from wrong
    heard = f"{answer.status} {answer.reason}".strip()
    by = f", by {answer.server}" if answer.server else ""
    say(as_json, f"{host}:{port} ({trunk.transport}) answers OPTIONS with {heard}{by}", status=answer.status)
