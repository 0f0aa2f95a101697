"""`obsv alerts …`: the alerting commands. Each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, existing
from obsv.errors import InvalidQuery

app = typer.Typer(
    name="alerts",
    help="Check alert rules, test receivers and silence alerts.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Rules = Annotated[
    Path | None,
    typer.Option(
        "--alerts",
        help="The rules file; default: OBSV_ALERTS, else alerts.toml beside the database.",
        metavar="FILE",
    ),
]


@app.command(epilog=EXIT_CODES)
def check(
    file: Annotated[Path | None, typer.Argument(help="A rules file; default: the one in use.", metavar="FILE")] = None,
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Check a rules file and report errors by line and key."""
    from obsv.cli.alerts import check as check_file

    return check_file(db, file, as_json)


@app.command("list", epilog=EXIT_CODES)
def list_(db: Db = DEFAULT, alerts: Rules = None, as_json: AsJson = False) -> None:
    """Print the rules."""
    from obsv.cli.alerts import list_rules

    list_rules(db, alerts, as_json)


@app.command(epilog=EXIT_CODES)
def show(db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print alerts that are pending, firing, or ended within the last day."""
    from obsv.cli.alerts import list_alerts

    list_alerts(existing(db), as_json)


@app.command("test", epilog=EXIT_CODES)
def try_(
    name: Annotated[str, typer.Argument(help="Name of a receiver.", metavar="NAME")],
    db: Db = DEFAULT,
    alerts: Rules = None,
    as_json: AsJson = False,
) -> int:
    """Send a test message to a receiver."""
    from obsv.cli.alerts import send_test

    return send_test(db, alerts, name, as_json)


@app.command(epilog=EXIT_CODES)
def silence(
    matchers: Annotated[
        list[str],
        typer.Argument(
            help="A matcher, such as alertname=slow, severity!=page, process=~'shop.*'.", metavar="MATCHER..."
        ),
    ],
    comment: Annotated[str, typer.Option("--comment", "-c", help="Why.", metavar="TEXT")],
    duration: Annotated[str, typer.Option("--for", help="Duration: 30m, 2h, 1d.", metavar="TIME")] = "2h",
    by: Annotated[str | None, typer.Option("--by", help="Author; default: the current user.", metavar="NAME")] = None,
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Silence matching alerts for a while."""
    import getpass

    from obsv.alerts.readings import seconds
    from obsv.cli.alerts import silence as add

    try:
        length_s = seconds(duration)
    except ValueError as error:
        raise InvalidQuery(f"--for: {error}") from None
    add(existing(db), matchers, length_s, comment, by or getpass.getuser(), as_json)


@app.command(epilog=EXIT_CODES)
def unsilence(
    id: Annotated[str, typer.Argument(help="ID of the silence.", metavar="ID")],
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """End a silence."""
    from obsv.cli.alerts import unsilence as end

    end(existing(db), id, as_json)
