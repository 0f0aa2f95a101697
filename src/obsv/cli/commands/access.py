"""The commands about users of a server, and what they changed."""

from __future__ import annotations

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, AsJson, Db, Limit, existing


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(token)
    app.command(epilog=EXIT_CODES)(audit)


def token(
    name: Annotated[str, typer.Argument(help="Name of the user or sender.", metavar="NAME")],
    role: Annotated[str, typer.Option("--role", help="viewer, editor or admin.", metavar="ROLE")] = "viewer",
    sender: Annotated[bool, typer.Option("--sender", help="Of a program that sends spans, instead of a user.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Show recorded values, which a viewer sees masked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token for a user or sender of `obsv serve --users FILE`, and the lines for that file."""
    from obsv.cli.users import new_token

    new_token(name, None if sender else role, values, as_json)


def audit(db: Db = DEFAULT, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Print who changed what: silences, rules, error groups, deployments, limits; latest first."""
    from obsv.cli.users import list_changes

    list_changes(existing(db), limit, as_json)
