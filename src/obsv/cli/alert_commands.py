"""`obsv alerts …`: the commands about alerting; each loads what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, AsJson, Db

app = typer.Typer(
    name="alerts",
    help="Check and list alert rules.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_EXIT_CODES = "Exit codes: 0 done, 1 problems found or nothing of that name, 2 wrong usage, 3 no usable database."
Rules = Annotated[
    Path | None,
    typer.Option(
        "--alerts",
        help="The file of rules; default: OBSV_ALERTS, else alerts.toml beside the database.",
        metavar="FILE",
    ),
]


@app.command(epilog=_EXIT_CODES)
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A file of rules; default: the one in use.", metavar="FILE")
    ] = None,
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Say what is wrong with a file of rules, by line and key."""
    from obsv.cli.alerts import check as check_file

    return check_file(db, file, as_json)


@app.command("list", epilog=_EXIT_CODES)
def list_(db: Db = DEFAULT, alerts: Rules = None, as_json: AsJson = False) -> None:
    """Print the rules."""
    from obsv.cli.alerts import list_rules

    list_rules(db, alerts, as_json)
