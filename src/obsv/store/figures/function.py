"""One function: its properties, figures, and last values of its variables."""

from __future__ import annotations

from typing import NamedTuple

from obsv.errors import NotFound
from obsv.store.figures.minutes import Minutes
from obsv.store.figures.sums import Sums, read_bins, read_sums
from obsv.store.file import Readable, Snapshot
from obsv.store.ground import MINUTE_NS, Code, Window
from obsv.times import NS

# A bar five pixels wide.
MOST_BINS = 96
NO_EXCEPTION = "failed without an exception"
MOST_FAILURES, MOST_VERSIONS, MOST_VARIABLES, MOST_NEIGHBOURS = 8, 10, 200, 50

PROCESSES = "select id, name_id, service, process_group, kind, feed from process where name = ? order by used_ns desc"
CODES = """
select file_path, line_number, source_text, used_ns from code
where process_id in (select value from json_each(:processes)) order by used_ns desc, id desc limit :limit
"""
VARIABLES = """
select name, data_type, last_value, last_ns, changed_ns, updates, repeats from variable
where process_id in (select value from json_each(:processes)) order by data_type, name, last_ns desc limit :limit
"""
FAILURES = """
select s.start_ns, s.duration_ns, s.trace as trace_id, lower(hex(s.span_id)) as span_id, s.exception,
  iif(json_valid(s.detail), json_extract(s.detail, '$.statusMessage'), null) as message
from process_name n cross join span s indexed by span_failed_by_name on s.name_id = n.id
where n.name = :name and s.outcome = 'ERR' order by s.ts desc limit :limit
"""
LATEST = "select start_ns from span indexed by span_by_name where name_id = ? order by ts desc limit 1"
# Minute 0 counts since the file was created: one short walk, instead of one over all pairs of functions in a window.
NEIGHBOURS = """
select p.name, sum(e.count) as calls, sum(e.errors) as errors from edge_minute e
join process p on p.id = {other} where e.minute = 0 and {own} in (select value from json_each(:processes))
group by p.name order by calls desc limit :limit
"""
CALLERS = NEIGHBOURS.format(other="e.parent_id", own="e.process_id")
CALLEES = NEIGHBOURS.format(other="e.process_id", own="e.parent_id")


class Version(NamedTuple):
    """A version of the source. `used_ns`: when a call last used it, accurate to ten minutes; Unix time."""

    code: Code
    used_ns: int


class Variable(NamedTuple):
    """The last value of a variable.

    Attributes:
        name: name of the argument, result or local variable.
        data_type: INPUT or OUTPUT.
        last_value: its text; None if there was none.
        last_ns: start of the call that had it, Unix time.
        changed_ns: start of the first call with this value.
        updates: number of calls with the variable.
        repeats: number of consecutive calls with this value, after the first.
    """

    name: str
    data_type: str
    last_value: str | None
    last_ns: int
    changed_ns: int
    updates: int
    repeats: int


class Failure(NamedTuple):
    """A failed call; `text` is its traceback, or its status message."""

    start_ns: int
    duration_ns: int
    trace_id: str
    span_id: str
    text: str


class Neighbour(NamedTuple):
    """A caller or callee, with the counts since the file was created."""

    name: str
    calls: int
    errors: int


class History(NamedTuple):
    """The window in bins. `start_ns`: start of the first bin, Unix time; `step_ns`: length of each bin."""

    start_ns: int
    step_ns: int
    bins: list[Sums]


class FunctionReport(NamedTuple):
    """A function.

    Attributes:
        services: the services that run it, the latest first.
        sums: sums of the window.
        history: history of the window.
        versions: versions of its source, the latest first.
        failures: the latest failures.
        last_ns: start of the latest call; None if retention has removed all.
    """

    name: str
    services: list[str]
    process_group: str
    kind: int
    feed: str | None
    window: Window
    sums: Sums
    history: History
    versions: list[Version]
    variables: list[Variable]
    failures: list[Failure]
    callers: list[Neighbour]
    callees: list[Neighbour]
    last_ns: int | None


def process_ids(store: Snapshot, name: str) -> list[int]:
    """Return the IDs of all processes with a name.

    Raises:
        NotFound: there is none.
    """
    found = [row["id"] for row in store.query(PROCESSES, (name,))]
    if not found:
        raise NotFound(f"The store has no function {name[:200]!r}.")
    return found


def read_function(reader: Readable, name: str, window: Window) -> FunctionReport:
    """Read a function.

    Args:
        reader: reader of the store.
        name: `module.qualname`, or a foreign span's name.
        window: window of the sums, in whole minutes.

    Raises:
        NotFound: there is no such function.
    """
    with reader.snapshot() as store:
        ids = process_ids(store, name)
        processes = store.query(PROCESSES, (name,))
        first = processes[0]
        latest = store.one(LATEST, (first["name_id"],))
        last_ns = latest["start_ns"] if latest else None
        listed = {"processes": str(ids)}
        return FunctionReport(
            name=name,
            services=list(dict.fromkeys(row["service"] for row in processes)),
            process_group=first["process_group"],
            kind=first["kind"],
            feed=next((row["feed"] for row in processes if row["feed"]), None),
            window=window,
            sums=read_sums(store, ids, Minutes.of(window)),
            history=_history(store, ids, window),
            versions=[
                Version(Code(*tuple(row)[:3]), row["used_ns"])
                for row in store.query(CODES, {**listed, "limit": MOST_VERSIONS})
            ],
            variables=_variables(store, listed),
            failures=read_failures(store, name, MOST_FAILURES),
            callers=[Neighbour(*row) for row in store.query(CALLERS, {**listed, "limit": MOST_NEIGHBOURS})],
            callees=[Neighbour(*row) for row in store.query(CALLEES, {**listed, "limit": MOST_NEIGHBOURS})],
            last_ns=last_ns,
        )


def read_failures(store: Snapshot, name: str, limit: int) -> list[Failure]:
    """Return the latest failed calls of a function.

    Args:
        store: a snapshot of the file.
        name: name of the function.
        limit: maximum number of calls.
    """
    rows = store.query(FAILURES, {"name": name, "limit": limit})
    return [
        Failure(start_ns, duration_ns, trace_id, span_id, exception or message or NO_EXCEPTION)
        for start_ns, duration_ns, trace_id, span_id, exception, message in map(tuple, rows)
    ]


def _variables(store: Snapshot, listed: dict[str, str]) -> list[Variable]:
    """Return one variable per name and type; if several services run the function, from the latest call."""
    latest: dict[tuple[str, str], Variable] = {}
    for row in store.query(VARIABLES, {**listed, "limit": MOST_VARIABLES}):
        latest.setdefault((row["data_type"], row["name"]), Variable(*row))
    return list(latest.values())


def _history(store: Snapshot, ids: list[int], window: Window) -> History:
    minutes = Minutes.of(window)
    step = -(-(minutes.last - minutes.first + 1) // MOST_BINS)
    return History(minutes.first * MINUTE_NS, step * 60 * NS, read_bins(store, ids, minutes, step))
