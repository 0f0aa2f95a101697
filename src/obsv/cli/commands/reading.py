"""The commands that print what is stored."""

from collections.abc import Mapping
from typing import Annotated

import typer

from obsv.cli.common import (
    DEFAULT,
    EXIT_CODES,
    FOUND_PROBLEMS,
    TIME,
    AsJson,
    Db,
    Host,
    Instance,
    Limit,
    Process,
    Service,
    Since,
    SinceEver,
    existing,
    now_ns,
    say_pending,
)
from obsv.errors import ConfigurationError

_MOST_GROUPS = 10


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(tail)
    app.command(epilog=EXIT_CODES)(errors)
    app.command(epilog=EXIT_CODES)(show)
    app.command(epilog=EXIT_CODES)(stats)
    app.command(epilog=EXIT_CODES)(sql)
    app.command(epilog=EXIT_CODES)(check)
    app.command(epilog=EXIT_CODES)(logs)
    app.command(epilog=EXIT_CODES)(series)


def tail(
    db: Db = DEFAULT,
    errors: Annotated[bool, typer.Option("--errors", help="Only failed calls.")] = False,
    process: Process = None,
    service: Service = None,
    host: Host = None,
    instance: Instance = None,
    where: Annotated[
        str, typer.Option("--where", metavar="QUERY", help="Only calls that satisfy a query, such as 'price>10'.")
    ] = "",
    since: Annotated[
        str | None, typer.Option("--since", help=f"Start with all calls since {TIME}.", metavar="TIME")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            max=10_000,
            metavar="N",
            help="Start with at most N calls; default 20, with --since all.",
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Wait for new calls until Ctrl-C (the default).", show_default=False),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Print the latest calls, then new ones as they arrive.

    Times are UTC.
    """
    from obsv.cli.tail import tail as print_tail
    from obsv.since import since as point
    from obsv.store.finding import Filters

    filters = Filters(process=process, service=service, host=host, instance=instance)
    filters = filters._replace(query=Filters.parse({"where": where}).query, status="ERR" if errors else None)
    start_ns = None if since is None else point(since, now_ns())
    say_pending(db)
    print_tail(existing(db), filters, start_ns, limit, follow, as_json)


def errors(
    group: Annotated[int | None, typer.Argument(help="Number of an error group to explain.", metavar="[GROUP]")] = None,
    db: Db = DEFAULT,
    process: Process = None,
    service: Service = None,
    host: Host = None,
    instance: Instance = None,
    since: Since = "6h",
    limit: Limit = _MOST_GROUPS,
    calls: Annotated[
        bool,
        typer.Option("--calls", help="List each failed call with its traceback, without grouping.", show_default=False),
    ] = False,
    resolve: Annotated[bool, typer.Option("--resolve", help="Mark GROUP as resolved.", show_default=False)] = False,
    ignore: Annotated[
        str | None, typer.Option("--ignore", help="Ignore GROUP for a time (2d), or for `ever`.", metavar="TIME")
    ] = None,
    reopen: Annotated[bool, typer.Option("--open", help="Open GROUP again.", show_default=False)] = False,
    merge: Annotated[
        int | None, typer.Option("--merge", min=1, help="Show GROUP with this group.", metavar="GROUP")
    ] = None,
    separate: Annotated[bool, typer.Option("--separate", help="Undo --merge.", show_default=False)] = False,
    split: Annotated[
        bool, typer.Option("--split", help="Tell errors of GROUP apart by their messages, too.", show_default=False)
    ] = False,
    unite: Annotated[bool, typer.Option("--unite", help="Undo --split.", show_default=False)] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there are any errors, for scripts.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Print errors grouped by cause, the latest first. Each is counted once, where it originated.

    With --calls, --service, --host or --instance: failed calls with their tracebacks, uncaught ones first. A GROUP is
    explained as a whole, so it takes none of these, --process or --limit. Times are UTC.
    """
    from obsv.cli import error_groups, listing
    from obsv.cli.output import say
    from obsv.since import since as point
    from obsv.store.finding import Filters

    file, start_ns = existing(db), point(since, now_ns())
    decision = error_groups.Decision(resolve, reopen, merge, separate, split, unite, ignore)
    if group is not None:
        unfit = {"process": process, "service": service, "host": host, "instance": instance, "calls": calls}
        _expect_none(unfit | {"limit": limit != _MOST_GROUPS})
    if options := decision.options:
        if group is None:
            raise ConfigurationError(f"No group was given. Add its number: `obsv errors GROUP {options[0]}`.")
        if len(options) > 1:
            raise ConfigurationError(f"{' and '.join(options)} are two decisions. Take one at a time.")
        say(error_groups.decide(file, group, decision))
        return 0
    if group is not None:
        found = error_groups.show_group(file, group, start_ns, as_json)
        return FOUND_PROBLEMS if found and exit_code else 0
    if calls or service or host or instance:
        filters = Filters(process=process, status="ERR", service=service, host=host, instance=instance)
        found = listing.errors(file, filters, start_ns, limit, as_json)
    else:
        found = error_groups.show_groups(file, process, start_ns, limit, as_json)
    say_pending(db)
    return FOUND_PROBLEMS if found and exit_code else 0


def _expect_none(options: Mapping[str, object]) -> None:
    given = ", ".join(f"--{name}" for name, value in options.items() if value)
    if given:
        raise ConfigurationError(
            f"A group is explained as a whole, so {given} would have no effect on it. Leave out {given}, or leave out "
            "GROUP to list failed calls."
        )


def show(
    trace_id: Annotated[
        str, typer.Argument(help="Hex digits, as shown by `obsv errors` and the app.", metavar="TRACE_ID")
    ],
    db: Db = DEFAULT,
    limit: Limit = 500,
    as_json: AsJson = False,
) -> None:
    """Print a trace as a tree, with times and values."""
    from obsv.cli.show import show as show_trace

    show_trace(existing(db), trace_id, limit, as_json)
    say_pending(db)


def stats(
    db: Db = DEFAULT,
    process: Process = None,
    since: SinceEver = None,
    as_json: AsJson = False,
) -> None:
    """Print calls, error rate and percentiles of each process."""
    from obsv.cli import numbers
    from obsv.since import since as point

    numbers.stats(existing(db), None if since is None else point(since, now_ns()), process, as_json)
    say_pending(db)


def sql(
    statement: Annotated[
        str,
        typer.Argument(
            help="One read-only statement; views: process_trace, data_trace, decision, outcome, …", metavar="STATEMENT"
        ),
    ],
    db: Db = DEFAULT,
    cold: Annotated[
        bool, typer.Option("--cold", help="Over the database and its archive, in DuckDB's dialect.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", help=f"With --cold, calls and decisions since {TIME}; default: ever.", metavar="TIME"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="With --cold, those before then; default: now.", metavar="TIME")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a read-only SQL statement and print its rows."""
    from obsv.cli import numbers
    from obsv.since import since as point
    from obsv.store.ground import Range
    from obsv.times import MAX_NS

    if cold:
        first_ns = 0 if since is None else point(since, now_ns())
        last_ns = MAX_NS if until is None else point(until, now_ns()) - 1
        numbers.sql_over_both(existing(db), statement, Range(first_ns, last_ns), as_json)
    elif since is not None or until is not None:
        raise ConfigurationError("--since and --until need --cold: without it, compare `ts` in the statement.")
    else:
        numbers.sql(existing(db), statement, as_json)
    say_pending(db)


def check(db: Db = DEFAULT, as_json: AsJson = False) -> int:
    """Check a database file and suggest fixes."""
    from obsv.cli import numbers

    return numbers.check(existing(db), as_json)


def logs(
    text: Annotated[str | None, typer.Argument(help="Only those that contain this text.", metavar="[TEXT]")] = None,
    db: Db = DEFAULT,
    severity: Annotated[
        str | None, typer.Option("--severity", "-s", help="The least: DEBUG, INFO, WARN, ERROR, …", metavar="NAME")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only events of this name.", metavar="NAME")] = None,
    process: Annotated[
        str | None, typer.Option("--process", help="Only those made in calls of it: module.qualname.", metavar="NAME")
    ] = None,
    trace: Annotated[str | None, typer.Option("--trace", help="Only those of this trace.", metavar="TRACE_ID")] = None,
    since: Since = "6h",
    limit: Limit = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print log records and events, the latest last.

    Times are UTC.
    """
    from obsv.cli.logs import logs as print_logs
    from obsv.events.severity import number_of
    from obsv.since import since as point
    from obsv.store.figures import LogFilters

    least = None if severity is None else number_of(severity)
    filters = LogFilters(least, event, process, trace_id=trace, text=text)
    say_pending(db)
    print_logs(existing(db), filters, point(since, now_ns()), limit, follow, as_json)


def series(
    text: Annotated[
        str | None, typer.Argument(help="Only those with this text in name or attributes.", metavar="[TEXT]")
    ] = None,
    db: Db = DEFAULT,
    metric: Annotated[str | None, typer.Option("--metric", help="Only this metric.", metavar="NAME")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only this service.", metavar="NAME")] = None,
    since: Since = "1h",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Print series of received metrics with their latest value."""
    from obsv.cli.series import series as print_series
    from obsv.since import since as point
    from obsv.store.figures import SeriesFilters

    print_series(existing(db), SeriesFilters(metric, service, text), point(since, now_ns()), limit, as_json)
