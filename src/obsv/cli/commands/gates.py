"""`obsv gates …`: the commands about gates and decisions. Each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, existing

app = typer.Typer(
    name="gates",
    help="Show the gates of decisions, explain a decision, and try another threshold.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Mode = Annotated[str | None, typer.Option("--mode", help="Only this mode.", metavar="MODE")]
Kind = Annotated[str | None, typer.Option("--kind", help="Only decisions of this kind.", metavar="KIND")]
Since = Annotated[str, typer.Option("--since", help="How far back: 2h, 7d, or a time.", metavar="TIME")]
Span = Annotated[str, typer.Option("--window", help="Length of the time that a rule looks at.", metavar="TIME")]
RulesFile = Annotated[Path, typer.Argument(help="A file of rules for gates.", metavar="FILE")]


@app.command("list", epilog=EXIT_CODES)
def list_(
    kind: Kind = None, mode: Mode = None, since: Since = "90d", db: Db = DEFAULT, as_json: AsJson = False
) -> None:
    """Print how often each gate lets pass, and how its refusals were judged."""
    from obsv.cli.gates import list_gates

    list_gates(existing(db), kind, mode, since, as_json)


@app.command(epilog=EXIT_CODES)
def check(file: RulesFile = Path("gates.yaml"), since: Since = "7d", db: Db = DEFAULT, as_json: AsJson = False) -> int:
    """Check a gates.yaml, and its targets against the decisions of the store."""
    from obsv.cli.gates import check_file

    return check_file(file, db, since, as_json)


@app.command(epilog=EXIT_CODES)
def rules(file: RulesFile = Path("gates.yaml"), window: Span = "1h") -> None:
    """Print alert rules for the targets of a gates.yaml, to be put into alerts.toml."""
    from obsv.cli.gates import print_rules

    print_rules(file, window)


@app.command(epilog=EXIT_CODES)
def explain(
    decision: Annotated[str, typer.Argument(help="Its ID, or how it begins.", metavar="DECISION")],
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Print why a decision passed or was refused, gate by gate."""
    from obsv.cli.gates import explain_decision

    explain_decision(existing(db), decision, as_json)


@app.command(epilog=EXIT_CODES)
def whatif(
    gate: Annotated[str, typer.Option("--gate", help="Name of the gate.", metavar="GATE")],
    threshold: Annotated[float, typer.Option("--threshold", help="The threshold to try.", metavar="NUMBER")],
    kind: Kind = None,
    mode: Mode = None,
    since: Since = "90d",
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Print what another threshold would have done, from stored observations."""
    from obsv.cli.gates import what_if

    what_if(existing(db), gate, threshold, kind, mode, since, as_json)
