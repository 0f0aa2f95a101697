"""The commands about what changed; the library behind them is loaded when one runs."""

from __future__ import annotations

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, TIME, AsJson, Db, Limit, existing, now_ns, say_pending


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(changes)
    app.command(epilog=EXIT_CODES)(deploy)


def changes(
    db: Db = DEFAULT,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help=f"A deployment, a version, or {TIME}; default: the latest deployment or version.",
            metavar="NAME|TIME",
        ),
    ] = None,
    limit: Limit = 20,
    diff: Annotated[bool, typer.Option("--diff", help="With the lines of sources that changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what is otherwise than before: errors, durations, sources, values, functions; what says most first."""
    from obsv.cli.changes import show_changes

    say_pending(db)
    show_changes(existing(db), since, limit, diff, as_json)


def deploy(
    name: Annotated[str, typer.Argument(help="A version, a ticket, a word.", metavar="NAME")],
    db: Db = DEFAULT,
    service: Annotated[str, typer.Option("--service", help="Only this service; default: all.", metavar="NAME")] = "",
    note: Annotated[str, typer.Option("--note", help="More about it.", metavar="TEXT")] = "",
) -> None:
    """Mark that something was deployed, or set, now: on all time charts, and for `obsv changes`."""
    from obsv.cli.output import say
    from obsv.errors import ConfigurationError
    from obsv.store.seam import open_store

    if not name.strip():
        raise ConfigurationError("Deployed what? Give a name: `obsv deploy 1.4.2`.")
    open_store(existing(db)).triage().deploy(name.strip(), now_ns(), service.strip(), note.strip())
    say(f"{name.strip()} is deployed; `obsv changes --since {name.strip()}` compares what was before with what comes.")
