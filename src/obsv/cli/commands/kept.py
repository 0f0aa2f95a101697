"""`obsv keep` and `obsv kept …`. Each imports what it needs when it runs."""

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, existing

app = typer.Typer(
    name="kept", help="List the traces that are kept beyond retention, remove some, limit them.", rich_markup_mode=None
)
Trace = Annotated[str, typer.Argument(help="Its ID.", metavar="TRACE_ID")]


def register(outer: typer.Typer) -> None:
    """Add the command to those that there are."""
    outer.command(epilog=EXIT_CODES)(keep)


def keep(
    trace_id: Annotated[str | None, typer.Argument(help="Its ID.", metavar="TRACE_ID", show_default=False)] = None,
    group: Annotated[
        int | None, typer.Option("--group", min=1, help="The latest call of this error group.", metavar="GROUP")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="Of the group, the first call.")] = False,
    note: Annotated[str, typer.Option("--note", help="Why it is kept.", metavar="TEXT")] = "",
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Keep a trace beyond retention."""
    from obsv.cli.kept import keep as keep_trace

    keep_trace(existing(db), trace_id, group, first, note, as_json)


@app.callback(invoke_without_command=True, epilog=EXIT_CODES)
def list_(context: typer.Context, db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """List the traces that are kept beyond retention, remove some, limit them."""
    if context.invoked_subcommand is None:
        from obsv.cli.kept import list_kept

        list_kept(existing(db), as_json)


@app.command(epilog=EXIT_CODES)
def remove(trace_id: Trace, db: Db = DEFAULT) -> None:
    """Keep a trace no longer."""
    from obsv.cli.kept import remove as remove_trace

    remove_trace(existing(db), trace_id)


@app.command(epilog=EXIT_CODES)
def limit(
    size: Annotated[str, typer.Argument(help="What all kept traces may take: 500MB, 2GB.", metavar="SIZE")],
    db: Db = DEFAULT,
) -> None:
    """Limit the size of all kept traces (default: 256 MiB, and never over a quarter of the database's size limit)."""
    from obsv.cli.kept import limit as set_limit

    set_limit(existing(db), size)
