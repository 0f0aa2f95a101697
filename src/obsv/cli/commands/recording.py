"""The commands that record programs and store what they record."""

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, Port
from obsv.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(run)
    app.command(epilog=EXIT_CODES)(demo)
    app.command(epilog=EXIT_CODES)(ps)
    app.command(epilog=EXIT_CODES)(keeper)


def run(context: typer.Context) -> int:
    """Run a program and record its calls, without changing its code."""
    from obsv.cli.running.run import run as run_program

    return run_program(context.args)


def demo(
    db: Db = DEFAULT,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Duration in seconds; default 12, with --serve one hour.", metavar="SECONDS"),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Also serve the app, until Ctrl-C.")] = False,
    port: Port = 8050,
    service: Annotated[str, typer.Option(help="Service name of the demo program.", metavar="NAME")] = "market-demo",
    decisions: Annotated[
        bool, typer.Option("--decisions", help="A trading engine that decides, registers, learns; with its report.")
    ] = False,
    deployments: Annotated[
        bool, typer.Option("--deployments", help="Releases that are gated; with the report.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Record a small program and show what it did: market data, a trading engine, or gated releases."""
    from obsv.cli.demo import DEPLOYMENTS, ENGINE, PROGRAM, decisions_demo, live_demo
    from obsv.cli.demo import demo as run_demo
    from obsv.cli.extra import need_server

    if decisions and deployments:
        raise ConfigurationError("Choose one demo: --decisions or --deployments.")
    program = ENGINE if decisions else DEPLOYMENTS if deployments else PROGRAM
    if serve:
        need_server()
        live_demo(db, port, 3_600.0 if seconds is None else seconds, service, as_json, program)
    elif program == PROGRAM:
        run_demo(db, 12.0 if seconds is None else seconds, service, as_json)
    else:
        decisions_demo(db, 12.0 if seconds is None else seconds, service, program, as_json)


def ps(db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print the calls that are running now, with arguments and age."""
    from obsv.cli.ps import ps as print_running

    print_running(db, as_json)


def keeper(
    db: Db = DEFAULT,
    drain: Annotated[bool, typer.Option("--drain", help="Store what is left, then exit.")] = False,
) -> int:
    """Store what programs record, until Ctrl-C. Without it, programs start a keeper themselves."""
    from obsv.cli.keeper import keeper as keep
    from obsv.keeper import Options

    return keep(db, Options(), drain=drain)
