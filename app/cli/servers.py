"""The commands that go on running: serve, web, scheduler, the sample customer, the demonstration."""

import click

from app import __version__, carriers, factory, logs
from app.calls import accounts, db, demo_account
from app.cli.shell import main
from app.settings import Settings

SAMPLE_PORT = 8081


@main.command()
@click.option("--sample", is_flag=True, help="Also run the sample customer application.")
@click.option("--sample-port", default=SAMPLE_PORT, show_default=True, help="Its loopback port.")
@click.pass_obj
def serve(settings: Settings, sample: bool, sample_port: int) -> None:
    """Run the web server and the scheduler, and restart one that dies."""
    from app import programs

    logs.start(settings.log_format)
    programs.refuse_taken_port(*settings.bind, "RINGBACK_BIND")
    if sample:
        programs.refuse_taken_port("127.0.0.1", sample_port, "--sample-port")
    factory.prepare_database(settings)
    factory.create_app(settings)  # what the programs can't be started with is said once, here
    carriers.prepare_carrier(settings)
    welcome = _welcome(settings, sample_port if sample else None)
    db.close_database()
    children = [["web"], ["scheduler"], *([["sample", "--port", str(sample_port)]] if sample else [])]
    programs.serve(children, settings.bind, lambda: click.echo(welcome))


def _welcome(settings: Settings, sample_port: int | None) -> str:
    """What this is, where it is, and what to try; for when the address answers."""
    dials = (
        f"real phones over {settings.sip_trunk}"
        if settings.carrier == "sip"
        else "simulated callees: nobody's phone rings"
    )
    lines = [f"ringback {__version__} dials {dials}.", f"  Open     {settings.url}/"]
    disabled = demo_account.is_disabled()
    demo = factory.admits_demo(settings) and not disabled and accounts.demo_is_open()
    if demo:
        lines.append(f"  Account  login {accounts.DEMO_LOGIN}, pin {accounts.DEMO_PIN}")
    elif disabled:
        lines.append(f"  Account  {accounts.DEMO_LOGIN} is disabled: everybody knows its PIN or key. {_how(settings)}")
    elif not accounts.every():
        lines.append("  Account  there is none yet: `ringback account add LOGIN` makes one.")
    if sample_port and demo:
        customer = f"http://127.0.0.1:{sample_port}"
        lines += [
            "  Try this in another terminal (Ctrl-C here ends ringback):",
            "",
            f"curl -d login={accounts.DEMO_LOGIN} -d pin={accounts.DEMO_PIN} -d phone_number=6175550100 "
            f"-d start_url={customer}/start -d result_url={customer}/result {settings.url}/webservice/queuecall.php",
            "",
        ]
    return "\n".join(lines)


def _how(settings: Settings) -> str:
    """What to do about a demo account that is disabled."""
    if factory.admits_demo(settings):
        return f"`ringback account status {accounts.DEMO_LOGIN} active` lets it in again."
    return "`ringback account add LOGIN` makes one of your own."


def _prepare(settings: Settings) -> None:
    logs.start(settings.log_format)
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
