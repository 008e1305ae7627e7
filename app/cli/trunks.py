"""``ringback sip check``: whether the trunk is there and knows us, and what to mend when not."""

import click

from app import clock
from app.carriers import make_trunk
from app.cli.shell import as_json_lines, main, say
from app.errors import NotInstalled, Refusal
from app.settings import Settings
from app.telephony.options import Answer, Unanswered, ask, place
from app.telephony.trunk import Trunk

ANSWER_SECONDS = 5.0
REGISTRATION_SECONDS = 10.0
NOBODY = (
    "Check RINGBACK_SIP_TRUNK and RINGBACK_SIP_TRANSPORT; whether a firewall lets this machine's requests out and the "
    "answers in; and whether the carrier knows the address that this machine calls from."
)
NOT_ALLOWED = (
    "It does not know us: have the carrier allow the address that this machine calls from, or set RINGBACK_SIP_USER "
    "and RINGBACK_SIP_PASSWORD."
)
NOT_REGISTERED = (
    "Check RINGBACK_SIP_USER and RINGBACK_SIP_PASSWORD, and that the account may register from this address."
)


@main.group()
def sip() -> None:
    """Look after the trunk that real calls go over."""


@sip.command()
@as_json_lines
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Ask the trunk whether it is there, register if the settings say so, and say what to mend."""
    trunk = make_trunk(settings)
    host, port = place(trunk)
    where = f"{host}:{port} ({trunk.transport})"
    try:
        answer = ask(trunk, ANSWER_SECONDS)
    except Unanswered as wrong:
        raise Refusal(f"{wrong}. {NOBODY}") from wrong
    heard = f"{answer.status} {answer.reason}".strip() + (f", as {answer.server}" if answer.server else "")
    say(as_json, f"{where} answers OPTIONS: {heard}", answered="OPTIONS", status=answer.status, server=answer.server)
    if trunk.registers:
        _register(trunk)
        say(as_json, f"registered there as {trunk.user}", answered="REGISTER", status=200, server=answer.server)
    elif _is_refusal(answer):
        raise Refusal(NOT_ALLOWED)
    say(as_json, "Calls can go out. Whether they may, the first one shows: `ringback queue`.", ready=True)


def _is_refusal(answer: Answer) -> bool:
    return answer.status in (401, 403, 407)


def _register(trunk: Trunk) -> None:
    """Raises Refusal with what the registrar said and what to mend."""
    try:
        from app.telephony.sip.stack import NOT_YET, Stack
    except ImportError as missing:
        raise NotInstalled("registering needs more than is installed", "sip") from missing
    stack = Stack(trunk, clock.elapsed)
    deadline = clock.elapsed() + REGISTRATION_SECONDS
    while stack.health.trouble == NOT_YET and clock.elapsed() < deadline:
        clock.pause(0.05)
    stack.close()
    if stack.health.trouble:
        raise Refusal(f"{stack.health.trouble}. {NOT_REGISTERED}")
