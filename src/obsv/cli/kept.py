"""`obsv keep` and `obsv kept`: traces beyond retention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.analysis.durations import duration
from obsv.analysis.markdown import one_line
from obsv.cli.common import now_ns
from obsv.cli.output import print_json, say, table
from obsv.cold import open_whole
from obsv.errors import ConfigurationError
from obsv.nouns import counted
from obsv.quantities import size
from obsv.store.figures import KeptTrace
from obsv.store.seam import Store
from obsv.times import ts


def keep(db: Path, trace_id: str | None, group: int | None, first: bool, note: str, as_json: bool) -> None:
    """Keep a trace, or that of a group's call.

    Raises:
        ConfigurationError: neither or both are named.
        NotFound: there is no such trace or group.
        InvalidQuery: kept traces would take more than they may.
    """
    if (trace_id is None) == (group is None):
        raise ConfigurationError(
            "Keep what? Give a trace, `obsv keep TRACE_ID`, or an error group, `obsv keep --group 3`."
        )
    with _opened(db) as store:
        wanted = trace_id if trace_id is not None else store.sample_of_group(group or 0, first=first)
        kept = store.keep_trace(wanted, note, now_ns())
    if as_json:
        print_json(kept._asdict())
        return
    what = f"{counted(kept.spans, 'call')} in {kept.bytes:,} bytes"
    say(f"Trace {kept.trace_id} is kept, {what}; `obsv show {kept.trace_id}` prints it.")


def list_kept(db: Path, as_json: bool) -> None:
    """Print the kept traces."""
    with _opened(db) as store:
        found = store.read_kept()
    if as_json:
        print_json(*(each._asdict() for each in found.traces))
        return
    if not found.traces:
        say("No trace is kept. `obsv keep TRACE_ID` keeps one beyond retention.")
        return
    names = ("Trace", "Call", "Calls", "Errors", "Started", "Kept", "By", "Note")
    table(names, [_cells(each) for each in found.traces], right=names[2:4], spare=("By", "Kept", "Errors"))
    say(f"{counted(found.total, 'trace')}, {found.bytes:,} of {found.most_bytes:,} bytes.")


def _cells(each: KeptTrace) -> tuple[str, ...]:
    call = f"{one_line(each.process)} {duration(each.duration_ns)}"
    times = (ts(each.start_ns)[:19], ts(each.kept_ns)[:19])
    return (each.trace_id, call, f"{each.spans:,}", f"{each.errors:,}", *times, each.kept_by, each.note)


def remove(db: Path, trace_id: str) -> None:
    """Keep a trace no longer."""
    with _opened(db) as store:
        store.kept_book().remove(trace_id.strip().lower().zfill(32))
    say(f"Trace {trace_id} is kept no longer; retention deletes its calls.")


def limit(db: Path, text: str) -> None:
    """Change what kept traces may take."""
    most = size("the limit", text)
    with _opened(db) as store:
        store.kept_book().limit(most, now_ns())
        allowed = store.read_kept().most_bytes
    say(f"Kept traces may take {allowed:,} bytes.")
    if allowed < most:
        say("It is a quarter of the size limit of the database, which is less than what was asked for.")


@contextmanager
def _opened(db: Path) -> Iterator[Store]:
    store = open_whole(db)
    try:
        yield store
    finally:
        store.close()
