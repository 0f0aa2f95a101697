"""`obsv report …`: the command about reports; it imports what it needs when it runs."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, TIME, Db, existing


class Kind(str, Enum):
    """The length of a report's period."""

    daily = "daily"
    weekly = "weekly"


class Format(str, Enum):
    """The form of a report."""

    md = "md"
    html = "html"
    json = "json"


def register(app: typer.Typer) -> None:
    """Add the command to those that there are."""
    app.command(epilog=EXIT_CODES)(report)


def report(
    kind: Annotated[Kind, typer.Argument(help="The length of the period.", metavar="daily|weekly")],
    db: Db = DEFAULT,
    form: Annotated[Format, typer.Option("--format", help="The form: md, html or json.", metavar="FORMAT")] = Format.md,
    until: Annotated[
        str | None, typer.Option("--until", help=f"End of the period: {TIME}; default: now.", metavar="TIME")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write; default: stdout.", metavar="FILE")
    ] = None,
    send: Annotated[
        list[str] | None,
        typer.Option("--send", help="A receiver of alerts.toml, or slack, telegram, email.", metavar="RECEIVER"),
    ] = None,
    model: Annotated[bool, typer.Option("--model/--no-model", help="Use the models of ai_routing.yaml.")] = True,
) -> int:
    """Print what was decided, how it turned out, what changed and what deserves a look; each number with its query."""
    from obsv.cli.reports import report as print_report

    return print_report(existing(db), kind.value, form.value, until, output, send or [], model)
