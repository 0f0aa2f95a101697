"""`obsv archive …`: the archive commands. Each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, FOUND_PROBLEMS, TIME, AsJson, Db, existing
from obsv.cli.extra import need_archive

app = typer.Typer(
    name="archive",
    help="Keep calls longer than the database does, in a directory or an object store.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(epilog=EXIT_CODES)
def status(db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Report what is archived and what is waiting."""
    need_archive()
    from obsv.cli.archive import status as say_status

    say_status(existing(db), as_json)


@app.command(epilog=EXIT_CODES)
def now(
    db: Db = DEFAULT,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="Where to, from now on: file:///…, s3://…, gs://…, az://…; default: OBSV_ARCHIVE.",
            metavar="URL",
        ),
    ] = None,
    older_than: Annotated[str, typer.Option("--older-than", help="Minimum age of the calls.", metavar="AGE")] = "6h",
    whole_hours: Annotated[bool, typer.Option("--whole-hours", help="Skip the current, incomplete hour.")] = False,
    as_json: AsJson = False,
) -> None:
    """Archive calls that are old enough."""
    need_archive()
    from obsv.cli.archive import now as archive_now

    archive_now(existing(db), to, older_than, whole_hours, as_json)


@app.command(epilog=EXIT_CODES)
def verify(db: Db = DEFAULT, as_json: AsJson = False) -> int:
    """Read the whole archive and compare it with its catalog."""
    need_archive()
    from obsv.cli.archive import verify as verify_parts

    return 0 if verify_parts(existing(db), as_json) else FOUND_PROBLEMS


@app.command(epilog=EXIT_CODES)
def restore(
    output: Annotated[Path, typer.Option("--output", "-o", help="The database file to write.", metavar="FILE")],
    db: Db = DEFAULT,
    since: Annotated[
        str | None, typer.Option("--since", help=f"From when on: {TIME}; default: ever.", metavar="TIME")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="End of the range; default: now.", metavar="TIME")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore archived calls into a separate database file."""
    need_archive()
    from obsv.cli.archive import restore as restore_calls

    restore_calls(existing(db), since, until, output, as_json)


@app.command(epilog=EXIT_CODES)
def off(db: Db = DEFAULT) -> None:
    """Stop archiving; archived parts stay."""
    need_archive()
    from obsv.cli.archive import off as use_none

    use_none(existing(db))
