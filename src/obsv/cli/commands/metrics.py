"""`obsv metrics …`: the commands about metrics.yaml. Each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, Since, existing

app = typer.Typer(
    name="metrics",
    help="Check metrics.yaml, and compute its metrics of decisions, outcomes and calls.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Metrics = Annotated[
    Path | None,
    typer.Option(
        "--metrics",
        help="The metrics file; default: OBSV_METRICS, else metrics.yaml beside the database.",
        metavar="FILE",
    ),
]


@app.command(epilog=EXIT_CODES)
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A metrics file; default: the one in use.", metavar="FILE")
    ] = None,
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Check a metrics file and report errors by line and token."""
    from obsv.cli.metrics import check as check_file

    return check_file(db, file, as_json)


@app.command("list", epilog=EXIT_CODES)
def list_(db: Db = DEFAULT, metrics: Metrics = None, as_json: AsJson = False) -> None:
    """Print the metrics and their formulas."""
    from obsv.cli.metrics import list_metrics

    list_metrics(db, metrics, as_json)


@app.command(epilog=EXIT_CODES)
def show(
    names: Annotated[
        list[str] | None, typer.Argument(help="Metrics or groups; default: all that have a value.", metavar="NAME...")
    ] = None,
    db: Db = DEFAULT,
    since: Since = "24h",
    mode: Annotated[str | None, typer.Option("--mode", help="Only decisions of this mode.", metavar="MODE")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="With the statements that the values come from.")] = False,
    metrics: Metrics = None,
    as_json: AsJson = False,
) -> None:
    """Print the values of metrics."""
    from obsv.cli.metrics import show_metrics

    show_metrics(existing(db), metrics, names or [], since, mode, sql, as_json)
