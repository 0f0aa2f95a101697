"""The commands that explain a call, to a person, a test or an assistant."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, existing, say_pending

AppAddress = Annotated[
    str | None, typer.Option("--app", help="Address of the app, for links in answers.", metavar="URL")
]


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(repro)
    app.command(epilog=EXIT_CODES)(explain)
    app.command(epilog=EXIT_CODES)(mcp)


def repro(
    span_id: Annotated[str, typer.Argument(help="A span, or TRACE_ID/SPAN_ID.", metavar="SPAN_ID")],
    db: Db = DEFAULT,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file or directory to write to; default: stdout.", metavar="PATH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a pytest file that repeats a recorded call."""
    from obsv.cli.repro import repro as write_test

    write_test(existing(db), span_id, output, as_json=as_json)


def explain(
    span_id: Annotated[str, typer.Argument(help="A span, or TRACE_ID/SPAN_ID.", metavar="SPAN_ID")],
    db: Db = DEFAULT,
    address: AppAddress = None,
    as_json: AsJson = False,
) -> None:
    """Print an explanation of why a call failed, as Markdown for an issue or an assistant."""
    from obsv.cli.mcp import explain as print_explanation

    print_explanation(existing(db), span_id, address, as_json)
    say_pending(db)


def mcp(db: Db = DEFAULT, address: AppAddress = None) -> None:
    """Answer an assistant on stdin and stdout (Model Context Protocol); `obsv serve` does the same at /mcp."""
    from obsv.cli.extra import need_server
    from obsv.cli.mcp import serve as answer

    need_server()
    answer(db, address)
