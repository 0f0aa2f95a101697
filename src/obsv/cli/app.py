"""The commands. Each imports what it needs when it runs, so that `obsv --help` starts fast."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from obsv.cli.alert_commands import Rules
from obsv.cli.alert_commands import app as alerts_app
from obsv.cli.archive_commands import app as archive_app
from obsv.cli.change_commands import register as register_changes
from obsv.cli.common import (
    DEFAULT,
    EXIT_CODES,
    FOUND_PROBLEMS,
    INTERRUPTED,
    TIME,
    USAGE,
    AsJson,
    Db,
    Limit,
    Process,
    Since,
    SinceEver,
    existing,
    guarded,
    now_ns,
    say_pending,
)
from obsv.errors import ConfigurationError
from obsv.semconv import VERSION

app = typer.Typer(
    name="obsv",
    help="See what a Python program did: every call, its inputs and results, and why it failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `obsv demo`, `obsv run script.py` or @monitor on a function; then run `obsv tail`.",
)
app.add_typer(alerts_app)
app.add_typer(archive_app)
register_changes(app)
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="TCP port; 0 takes a free one.", metavar="PORT")]


def main(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code."""
    command = typer.main.get_command(app)
    # A terminal that supports only ASCII shows arrows as question marks.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    def run() -> int:
        result = command.main(list(arguments), prog_name="obsv", standalone_mode=False)
        return result if isinstance(result, int) else 0

    try:
        return guarded(run)
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        # A usage error of the command line library; typer does not export its class.
        if not hasattr(error, "show"):
            raise
        error.show()
        return USAGE


def _version(wanted: bool) -> None:
    if wanted:
        print(f"obsv {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """See what a Python program did: every call, its inputs and results, and why it failed."""


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def run(context: typer.Context) -> int:
    """Run a program and record its calls, without changing its code."""
    from obsv.cli.run import run as run_program

    return run_program(context.args)


@app.command(epilog=EXIT_CODES)
def demo(
    db: Db = DEFAULT,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Duration in seconds; default 12, with --serve one hour.", metavar="SECONDS"),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Also serve the app, until Ctrl-C.")] = False,
    port: Port = 8050,
    service: Annotated[str, typer.Option(help="Service name of the demo program.", metavar="NAME")] = "market-demo",
    as_json: AsJson = False,
) -> None:
    """Record a small market-data program and show what it did."""
    from obsv.cli.demo import demo as run_demo
    from obsv.cli.demo import live_demo
    from obsv.cli.extra import need_server

    if serve:
        need_server()
        live_demo(db, port, 3_600.0 if seconds is None else seconds, service, as_json)
    else:
        run_demo(db, 12.0 if seconds is None else seconds, service, as_json)


@app.command(epilog=EXIT_CODES)
def tail(
    db: Db = DEFAULT,
    errors: Annotated[bool, typer.Option("--errors", help="Only failed calls.")] = False,
    process: Process = None,
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

    filters = Filters(process=process, status="ERR" if errors else None)
    start_ns = None if since is None else point(since, now_ns())
    say_pending(db)
    print_tail(existing(db), filters, start_ns, limit, follow, as_json)


@app.command(epilog=EXIT_CODES)
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

    least = None if severity is None else number_of(int(severity) if severity.isdecimal() else severity)
    filters = LogFilters(least, event, process, trace_id=trace, text=text)
    say_pending(db)
    print_logs(existing(db), filters, point(since, now_ns()), limit, follow, as_json)


@app.command(epilog=EXIT_CODES)
def errors(
    group: Annotated[int | None, typer.Argument(help="Number of an error group to explain.", metavar="[GROUP]")] = None,
    db: Db = DEFAULT,
    process: Process = None,
    since: Since = "6h",
    limit: Limit = 10,
    calls: Annotated[
        bool,
        typer.Option("--calls", help="List each failed call with its traceback, without grouping.", show_default=False),
    ] = False,
    resolve: Annotated[bool, typer.Option("--resolve", help="Mark GROUP as resolved.", show_default=False)] = False,
    ignore: Annotated[
        str | None, typer.Option("--ignore", help="Ignore GROUP for a time (2d), or for `ever`.", metavar="TIME")
    ] = None,
    reopen: Annotated[bool, typer.Option("--open", help="Open GROUP again.", show_default=False)] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there are any errors, for scripts.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Print errors grouped by cause, the latest first. Each is counted once, where it originated.

    With --calls: failed calls with their tracebacks, uncaught ones first. Times are UTC.
    """
    from obsv.cli import error_groups, listing
    from obsv.cli.output import say
    from obsv.since import since as point
    from obsv.store.finding import Filters

    file, start_ns = existing(db), point(since, now_ns())
    if resolve or reopen or ignore is not None:
        if group is None:
            raise ConfigurationError("No group was given. Add its number: `obsv errors GROUP --resolve`.")
        say(error_groups.decide(file, group, resolve, ignore, reopen))
        return 0
    if group is not None:
        error_groups.show_group(file, group, start_ns, as_json)
        return 0
    if calls:
        found = listing.errors(file, Filters(process=process, status="ERR"), start_ns, limit, as_json)
    else:
        found = error_groups.show_groups(file, process, start_ns, limit, as_json)
    say_pending(db)
    return FOUND_PROBLEMS if found and exit_code else 0


@app.command(epilog=EXIT_CODES)
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


@app.command(epilog=EXIT_CODES)
def repro(
    span_id: Annotated[str, typer.Argument(help="A span, or TRACE_ID/SPAN_ID.", metavar="SPAN_ID")],
    db: Db = DEFAULT,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file or directory to write to; default: stdout.", metavar="PATH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a pytest file that repeats a recorded call."""
    from obsv.cli.repro import repro as write_test

    write_test(existing(db), span_id, output, as_json=as_json)


AppAddress = Annotated[
    str | None, typer.Option("--app", help="Address of the app, for links in answers.", metavar="URL")
]


@app.command(epilog=EXIT_CODES)
def explain(
    span_id: Annotated[str, typer.Argument(help="A span, or TRACE_ID/SPAN_ID.", metavar="SPAN_ID")],
    db: Db = DEFAULT,
    address: AppAddress = None,
    as_json: AsJson = False,
) -> None:
    """Print an explanation of why a call failed, as Markdown for an issue or an assistant."""
    from obsv.cli.mcp import explain as print_explanation

    print_explanation(existing(db), span_id, address, as_json)
    say_pending(db)


@app.command(epilog=EXIT_CODES)
def mcp(db: Db = DEFAULT, address: AppAddress = None) -> None:
    """Answer an assistant on stdin and stdout (Model Context Protocol); `obsv serve` does the same at /mcp."""
    from obsv.cli.extra import need_server
    from obsv.cli.mcp import serve as answer

    need_server()
    answer(db, address)


@app.command(epilog=EXIT_CODES)
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


@app.command(epilog=EXIT_CODES)
def sql(
    statement: Annotated[
        str, typer.Argument(help="One read-only statement; views: process_trace, data_trace.", metavar="STATEMENT")
    ],
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Run a read-only SQL statement and print its rows."""
    from obsv.cli import numbers

    numbers.sql(existing(db), statement, as_json)
    say_pending(db)


@app.command(epilog=EXIT_CODES)
def check(db: Db = DEFAULT, as_json: AsJson = False) -> int:
    """Check a database file and suggest fixes."""
    from obsv.cli import numbers

    return numbers.check(existing(db), as_json)


@app.command(epilog=EXIT_CODES)
def ps(db: Db = DEFAULT, as_json: AsJson = False) -> None:
    """Print the calls that are running now, with arguments and age."""
    from obsv.cli.ps import ps as print_running

    print_running(db, as_json)


@app.command(epilog=EXIT_CODES)
def keeper(
    db: Db = DEFAULT,
    drain: Annotated[bool, typer.Option("--drain", help="Store what is left, then exit.")] = False,
) -> int:
    """Store what programs record, until Ctrl-C. Without it, programs start a keeper themselves."""
    from obsv.cli.keeper import keeper as keep
    from obsv.keeper import Options

    return keep(db, Options(), drain=drain)


@app.command(epilog=EXIT_CODES)
def serve(
    db: Db = DEFAULT,
    host: Annotated[
        str, typer.Option(help="Address to bind; any address other than loopback requires OBSV_TOKEN.", metavar="HOST")
    ] = "127.0.0.1",
    port: Port = 8050,
    otlp_grpc: Annotated[
        str | None, typer.Option(help="Address for OTLP over gRPC; default: 127.0.0.1:4317.", metavar="HOST:PORT|off")
    ] = None,
    otlp_http: Annotated[
        str | None, typer.Option(help="OTLP over HTTP; default: 127.0.0.1:4318.", metavar="HOST:PORT|off")
    ] = None,
    alerts: Rules = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the app in a browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the app, the API, and OTLP."""
    from obsv.cli.extra import need_server

    need_server()
    # gRPC itself prints to stderr about a port in use, before our own message.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from obsv.cli.serve import serve as serve_store
    from obsv.otlp.settings import GRPC, HTTP, Address

    grpc = GRPC if otlp_grpc is None else Address.parse(otlp_grpc)
    http = HTTP if otlp_http is None else Address.parse(otlp_http)
    serve_store(db, host, port, otlp_grpc=grpc, otlp_http=http, alerts=alerts, open_browser=browser, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def forward(
    to: Annotated[str, typer.Option("--to", help="OTLP endpoint, such as http://127.0.0.1:4318.", metavar="ENDPOINT")],
    db: Db = DEFAULT,
    since: SinceEver = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep sending new calls until Ctrl-C; start where the last run ended.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send stored calls to another OpenTelemetry backend, such as a hub (one `obsv serve` for many machines)."""
    from obsv.cli.extra import need_server

    need_server()
    from obsv.cli.forward import follow as follow_spans
    from obsv.cli.forward import forward as forward_spans

    if follow:
        if since is not None:
            raise ConfigurationError("--follow continues where the last run ended: remove --since.")
        follow_spans(db, to, as_json=as_json)
        return
    forward_spans(existing(db), to, since, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def export(
    trace_id: Annotated[str | None, typer.Argument(help="A trace; default: all.", metavar="TRACE_ID")] = None,
    db: Db = DEFAULT,
    since: SinceEver = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write; default: stdout.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print spans as OTLP JSON, one request per line."""
    if trace_id is not None and since is not None:
        raise ConfigurationError("A trace is always exported as a whole: give either TRACE_ID or --since.")
    from obsv.cli import transfer

    if output is None:
        transfer.export(existing(db), sys.stdout, trace_id, since)
    else:
        transfer.export_to(output, existing(db), trace_id, since, as_json)


@app.command("import", epilog=EXIT_CODES)
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A file of OTLP JSON, one request per line; gzip is recognized.",
            metavar="FILE",
            exists=True,
            dir_okay=False,
        ),
    ],
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Store spans from an OTLP JSON file. Each span is stored once."""
    from obsv.cli.transfer import import_ as import_spans

    return 0 if import_spans(db, file, as_json=as_json) else FOUND_PROBLEMS
