"""The commands about users of a server, what they changed, and what was forgotten on request."""

from __future__ import annotations

from typing import Annotated

import typer

from obsv.cli.common import DEFAULT, EXIT_CODES, TIME, AsJson, Db, Limit, SinceEver, existing, now_ns


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(token)
    app.command(epilog=EXIT_CODES)(audit)
    app.command(epilog=EXIT_CODES)(senders)
    app.command(epilog=EXIT_CODES)(forget)


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


def senders(
    server: Annotated[
        str, typer.Option("--server", help="Address of a running obsv serve; OBSV_TOKEN admits.", metavar="URL")
    ] = "http://127.0.0.1:8050",
    as_json: AsJson = False,
) -> None:
    """Print what each sender has sent to a running server, its limits, and what was refused to it."""
    from obsv.cli.users import list_senders

    list_senders(server, as_json)


def forget(
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="QUERY", help="Calls that satisfy a query, such as 'customer=4711'."),
    ] = None,
    db: Db = DEFAULT,
    since: SinceEver = None,
    until: Annotated[
        str | None, typer.Option("--until", help=f"Only those that began before: {TIME}; default: now.", metavar="TIME")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; otherwise they are only counted.")] = False,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="List what was forgotten before, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forget calls, and all that is left of them, in the database and its archive.

    Without --yes it counts what would be removed. The receipt does not contain the query.
    """
    from obsv.cli.forget import forget as forget_calls
    from obsv.cli.forget import list_receipts
    from obsv.errors import InvalidQuery
    from obsv.forgetting import Asked
    from obsv.since import since as point
    from obsv.store.ground import Range
    from obsv.times import MAX_NS

    if receipts:
        list_receipts(existing(db), as_json)
        return
    if where is None:
        raise InvalidQuery("Nothing was named: add --where QUERY, such as --where 'customer=4711'.")
    first_ns = 0 if since is None else point(since, now_ns())
    last_ns = MAX_NS if until is None else point(until, now_ns()) - 1
    forget_calls(existing(db), Asked(where, Range(first_ns, last_ns)), yes, as_json)
