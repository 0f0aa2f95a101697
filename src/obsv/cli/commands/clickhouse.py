"""`obsv clickhouse …`: the commands for spans in ClickHouse."""

from typing import Annotated

import typer

from obsv.cli.common import EXIT_CODES, say_at_once

# Copying what is there already.
_FILLING_S = 4 * 3_600.0

app = typer.Typer(
    name="clickhouse",
    help="Prepare a ClickHouse that the collector writes into.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def clickhouse() -> None:
    """Prepare a ClickHouse that the collector writes into."""


@app.command(epilog=EXIT_CODES)
def init(
    store: Annotated[
        str,
        typer.Option(
            help="The store, such as clickhouse://user:password@host:8123/otel.",
            metavar="URL",
            envvar="OBSV_STORE",
            show_envvar=False,
        ),
    ],
    days: Annotated[int, typer.Option(min=1, help="How long the copy keeps spans.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, and run none.")] = False,
) -> None:
    """Make a copy of what sums need of the spans, sorted by time, and a materialized view that keeps it."""
    from obsv.clickhouse import Address
    from obsv.clickhouse.client import Client
    from obsv.clickhouse.views import statements

    address = Address.parse(store)
    client = Client(address, limit_s=_FILLING_S)
    try:
        for statement in statements(address.table, days):
            if dry_run:
                say_at_once(f"{statement.strip()};")
            else:
                client.run(statement)
    finally:
        client.close()
    if not dry_run:
        say_at_once(f"{address}: the copy {address.table}_obsv is there, and is kept by a materialized view.")
