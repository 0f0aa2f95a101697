"""`obsv stats`, `obsv sql` and `obsv check`: statistics, queries and the state of the database."""

from pathlib import Path

from rich.text import Text

from obsv.analysis.durations import duration
from obsv.analysis.markdown import one_line, visible
from obsv.cli.common import FOUND_PROBLEMS, complain, now_ns
from obsv.cli.extra import need_duckdb
from obsv.cli.listing import expect_process
from obsv.cli.output import cell, console, print_json, say, table
from obsv.nouns import counted
from obsv.otlp.dead_letters import DeadLetters
from obsv.store.figures import Health, ProcessStats, RecorderState
from obsv.store.finding import Filters
from obsv.store.ground import HOUR_NS, Limits, Range
from obsv.store.seam import Answer, open_store
from obsv.times import ts

STATS = ("process", "group", "calls", "errors", "error rate", "mean", "P50", "P95", "P99", "max")


def stats(db: Path, since_ns: int | None, process: str | None, as_json: bool) -> None:
    """Print calls, error rate and percentiles of each process."""
    reader = open_store(db)
    try:
        found = [each for each in reader.process_stats(since_ns) if process in (None, each.process)]
        if not found and process is not None:
            expect_process(reader, Filters(process=process))
    finally:
        reader.close()
    if as_json:
        print_json(*({**each._asdict(), "error_rate": each.error_rate} for each in found))
        return
    if found:
        table(STATS, map(_row, found), right=STATS[2:], spare=("group", "mean", "max", "error rate"))
    say(_calls(sum(each.calls for each in found), sum(each.errors for each in found)))
    if unrecorded := sum(each.unrecorded for each in found):
        say(
            f"~ marks an estimate: {counted(unrecorded, 'call')} of these are not stored; they are covered by "
            "sampled calls, or were only counted."
        )


def _row(of: ProcessStats) -> list[object]:
    times = (of.mean_ns, of.p50_ns, of.p95_ns, of.p99_ns, of.max_ns)
    rate = Text(f"{of.error_rate:.2%}", "red" if of.errors else "")
    calls = f"~{of.calls:,}" if of.unrecorded else f"{of.calls:,}"
    return [of.process, of.process_group, calls, f"{of.errors:,}", rate, *map(duration, times)]


def sql(db: Path, statement: str, as_json: bool) -> None:
    """Run a read-only SQL statement and print its rows."""
    _print_rows(open_store(db).run_sql(statement), as_json)


def sql_over_both(db: Path, statement: str, part: Range, as_json: bool) -> None:
    """Run a SELECT over the calls of a database and of its archive that began in a range, and print its rows."""
    need_duckdb()
    from obsv.cold.sql import run_over_both

    _print_rows(run_over_both(db, statement, part), as_json)


def _print_rows(answer: Answer, as_json: bool) -> None:
    if as_json:
        print_json(*(dict(zip(answer.columns, row, strict=True)) for row in answer.rows))
    else:
        numbers = [
            name
            for at, name in enumerate(answer.columns)
            if answer.rows and all(isinstance(row[at], int | float) for row in answer.rows)
        ]
        table(answer.columns, answer.rows, right=numbers)
        if not answer.rows:
            complain("no rows")
    if answer.truncated:
        complain(f"only the first {len(answer.rows):,} rows are shown; add a LIMIT.")


def check(db: Path, as_json: bool) -> int:
    """Check a database file; the exit code says whether something is wrong."""
    now = now_ns()
    health = open_store(db).check(now)
    letters = DeadLetters(db)
    if kept := letters.count():
        problem = f"{counted(kept, 'message')} of Kafka could not be stored and are kept in {letters.path}"
        health = health._replace(problems=(*health.problems, problem))
    if as_json:
        document = health._asdict() | {
            "recorders": [each._asdict() for each in health.recorders],
            "limits": health.limits._asdict(),
            "losses": [each._asdict() for each in health.losses],
            "spills": [{"path": str(each.path), "size_bytes": each.size_bytes} for each in health.spills],
        }
        print_json(document)
        return FOUND_PROBLEMS if health.problems else 0
    out = console()
    # Nothing else is known about a file that cannot be read.
    known = [
        ("schema version", health.schema_version),
        ("size", f"{health.size_bytes:,} bytes, {health.free_bytes:,} free, log {health.log_bytes:,}"),
        ("recorded", f"{_calls(health.calls_ever, health.errors_ever)} since the file was created"),
        ("kept", f"{health.first_ts} to {health.last_ts} UTC" if health.first_ts else "no calls"),
        ("limits", _limits(health.limits)),
        *([("kept traces", _kept(health))] if health.kept_traces else []),
        *((f"recorder {each.pid}", f"{each.service}: {_state(each, now)}") for each in health.recorders),
    ]
    losses = [("lost", f"{ts(each.at_ns)} UTC: {each}") for each in health.losses]
    spills = [("spill", f"{each.path.name}, {each.size_bytes:,} bytes") for each in health.spills]
    for name, value in [("file", health.path), *(known if health.schema_version else ()), *losses, *spills]:
        out.print(Text(f"{one_line(name):16}", "dim") + cell(value))
    for problem in health.problems:
        out.print(Text(f"! {visible(problem)}", "bold red"))
    if not health.problems:
        out.print(Text("No problems found.", "green"))
    return FOUND_PROBLEMS if health.problems else 0


def _calls(calls: int, errors: int) -> str:
    return f"{counted(calls, 'call')}, {counted(errors, 'error')}"


def _kept(health: Health) -> str:
    return f"{health.kept_traces:,}, {health.kept_bytes:,} of {health.limits.most_kept_bytes:,} bytes"


def _limits(limits: Limits) -> str:
    age = "any age" if limits.max_age_ns is None else f"{limits.max_age_ns / HOUR_NS:,.4g} hours"
    return f"{age}, {'any size' if limits.max_bytes is None else f'{limits.max_bytes:,} bytes'}"


def _state(recorder: RecorderState, now: int) -> str:
    silent_ns = now - recorder.updated_ns
    return f"gone for {duration(silent_ns)}" if recorder.gone(now) else recorder.state
