"""The commands. Each imports what it needs when it runs, so that `obsv --help` starts fast."""

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from obsv.cli.commands import (
    access,
    alerts,
    archive,
    changes,
    clickhouse,
    explaining,
    gates,
    kept,
    metrics,
    reading,
    recording,
    registry,
    reports,
    sharing,
)
from obsv.cli.common import INTERRUPTED, USAGE, guarded
from obsv.semconv import VERSION

app = typer.Typer(
    name="obsv",
    help="See what a Python program did: every call, its inputs and results, and why it failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `obsv demo`, `obsv run script.py` or @monitor on a function; then run `obsv tail`.",
)
app.add_typer(alerts.app)
app.add_typer(archive.app)
app.add_typer(clickhouse.app)
app.add_typer(registry.app)
app.add_typer(gates.app)
app.add_typer(metrics.app)
app.add_typer(kept.app)
for commands in (recording, reading, explaining, kept, changes, reports, sharing, access):
    commands.register(app)


def main(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code."""
    command = typer.main.get_command(app)
    # A terminal that supports only ASCII shows arrows as question marks.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    def run() -> int:
        result = command.main(list(arguments), prog_name="obsv", standalone_mode=False)
        return result if isinstance(result, int) else 0

    try:
        return guarded(run)
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        # A usage error of the command line library; typer does not export its class.
        if not hasattr(error, "show"):
            raise
        error.show()
        return USAGE


def _version(wanted: bool) -> None:
    if wanted:
        print(f"obsv {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """See what a Python program did: every call, its inputs and results, and why it failed."""
