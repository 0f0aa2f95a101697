"""`obsv registry …`: the registry's commands. Each imports what it needs when it runs."""

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, FOUND_PROBLEMS, AsJson, Db, Limit, Since, existing

app = typer.Typer(
    name="registry",
    help="Show registered models, configurations and data, and what they were made of.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[
    str, typer.Argument(help="An ID, the beginning of one, or a name: its latest artifact.", metavar="ARTIFACT")
]


@app.command("list", epilog=EXIT_CODES)
def list_(
    db: Db = DEFAULT,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only this kind: model, config, data.", metavar="KIND")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only this name.", metavar="NAME")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Print artifacts, the latest registered first."""
    from obsv.cli.registry import list_artifacts

    list_artifacts(existing(db), kind, name, limit, as_json)


@app.command(epilog=EXIT_CODES)
def show(name: Name, db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print an artifact and its registrations: who, when, why."""
    from obsv.cli.registry import show_artifact

    show_artifact(existing(db), name, as_json)


@app.command(epilog=EXIT_CODES)
def diff(before: Name, after: Name, db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print the differences of two artifacts; of configurations, each value."""
    from obsv.cli.registry import show_differences

    show_differences(existing(db), before, after, as_json)


@app.command(epilog=EXIT_CODES)
def lineage(name: Name, db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print what an artifact was made of, and what was made of it."""
    from obsv.cli.registry import show_lineage

    show_lineage(existing(db), name, as_json)


@app.command(epilog=EXIT_CODES)
def verify(
    name: Annotated[
        str | None, typer.Argument(help="An ID or a name; default: the latest 1,000 artifacts.", metavar="ARTIFACT")
    ] = None,
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Read the files of artifacts again and compare their SHA-256."""
    from obsv.cli.registry import verify_artifacts

    return 0 if verify_artifacts(existing(db), name, as_json) else FOUND_PROBLEMS


@app.command(epilog=EXIT_CODES)
def compare(
    before: Name,
    after: Name,
    db: Db = DEFAULT,
    since: Since = "7d",
    within: Annotated[
        str, typer.Option("--within", help="Largest distance in time of decisions about the same.", metavar="TIME")
    ] = "60s",
    as_json: AsJson = False,
) -> None:
    """Compare the decisions of two artifacts: metrics, and where they decided differently."""
    from obsv.cli.comparison import show_comparison

    show_comparison(existing(db), before, after, since, within, as_json)
