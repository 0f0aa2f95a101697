"""Two stretches of time side by side, before and after an instant: what the rollups, groups and sources say of both.

Pure facts; what of them is worth telling is decided by `obsv.analysis.changes`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from obsv.store.figures.error_groups import ErrorGroup, error_events_since, read_error_groups
from obsv.store.figures.milestones import Milestone, milestones
from obsv.store.figures.minutes import Minutes
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import EVER, MINUTE_NS, VALUE, Window, bucket
from obsv.times import NS, ts

# The minute in which the instant lies is counted call by call; of a busier one no call is counted.
MOST_IN_A_MINUTE = 10_000
MOST_SOURCES, MOST_FORMS, MOST_EVENTS = 2_000, 2_000, 1_000
# Durations are read of so many functions: those whose mean changed most. Of all, a busy day of them takes seconds.
MOST_DURATIONS = 40

CALLED = """
select process_id, sum(count) as calls, sum(errors) as errors, sum(total_ns) as total_ns from process_minute
where minute between :first and :last group by process_id
"""
EDGES = """
select parent_id, process_id, sum(count) as calls from edge_minute
where minute between :first and :last group by parent_id, process_id
"""
# Of all functions at once, each with its buckets as one JSON object: with a query a function, all of the changes in ten
# million calls took 345 ms of processor time instead of 235.
DURATIONS = """
with recursive m(minute) as (
  select :first where :first <= :last union all select minute + 1 from m where minute < :last
)
select process_id, json_group_object(bucket, calls) as buckets from (
  select h.process_id, h.bucket, sum(h.count) as calls from m cross join json_each(:processes) j
  cross join process_histogram h on h.minute = m.minute and h.process_id = j.value group by h.process_id, h.bucket
) group by process_id
"""
# By an index alone: with their callers, 10,001 calls are read for nothing.
IS_BUSY = """
select count(*) > :most from (select 1 from span where ts >= :start and ts < :end limit :most + 1)
"""
PROCESSES = "select id, name, service, kind, feed, name_id from process"
IN_MINUTE = """
select process_id, start_ns, duration_ns, status = 2 as failed, coalesce(weight, 1) as weight,
  (select c.process_id from span c where c.trace = s.trace and c.span_id = s.parent_span_id) as parent_id
from span s where s.ts >= :start and s.ts < :end
"""
_CODE = """
(select g.code_id from span s join signature g on g.id = s.signature_id
  where s.name_id = p.name_id and s.ts {side} order by s.ts desc limit 1)
"""
CODES = f"""
select p.id, {_CODE.format(side="< :since")} as before, {_CODE.format(side=">= :since and s.ts < :end")} as after
from json_each(:ids) j cross join process p on p.id = j.value
"""
SOURCES = """
select id, file_path, line_number, source_text from code where id in (select value from json_each(:ids))
"""
HAS_FORMS = "select 1 from sqlite_schema where type = 'table' and name = 'value_form'"
# Variables whose values were known before; of those with many values only the forms say something.
FORMS = f"""
select f.process_id, f.name, f.data_type, f.form, f.first_ns from value_form f
where f.first_ns >= :since and f.first_ns < :end
  and exists (select 1 from value_form o where o.process_id = f.process_id and o.name = f.name
    and o.data_type = f.data_type and o.first_ns < :since)
  and not (f.form glob '{VALUE}*' and exists (select 1 from value_form m where m.process_id = f.process_id
    and m.name = f.name and m.data_type = f.data_type and m.form = 'many'))
  and f.form <> 'many'
order by f.first_ns limit :limit
"""
KNOWN_FORMS = """
select form from value_form where process_id = ? and name = ? and data_type = ? and first_ns < ? order by first_ns, form
"""
FIRST_CALL = """
select lower(hex(s.span_id)) as span_id, s.trace as trace_id from process p
cross join span s on s.name_id = p.name_id and s.ts = :ts and s.start_ns = :start where p.id = :id limit 1
"""
LAST_EVENT = "select coalesce(max(id), 0) as id from error_event where at_ns < :since"
HAS_EVENTS = "select 1 from sqlite_schema where type = 'table' and name = 'error_event'"


class Side(NamedTuple):
    """The calls of a function before, or after."""

    calls: int = 0
    errors: int = 0
    buckets: dict[int, int] = {}  # noqa: RUF012  # never written to


class FunctionChange(NamedTuple):
    """A function before and after. `is_new`: it was never called before; `feed`: that it updates, or None."""

    id: int
    name: str
    service: str
    kind: int
    feed: str | None
    before: Side
    after: Side
    is_new: bool


class EdgeChange(NamedTuple):
    """Calls of one function by another. `is_new`: there were none before, ever."""

    caller: str
    callee: str
    service: str
    before: int
    after: int
    is_new: bool


class SourceChange(NamedTuple):
    """A function whose source is another."""

    name: str
    service: str
    path: str
    line: int
    before: str
    after: str


class NewForm(NamedTuple):
    """A variable whose value was for the first time of some form.

    Attributes:
        form: `None`, `a number`, …, or `= ` and the value.
        known: forms that it had before.
        trace_id, span_id: the call; None where it is gone.
    """

    process: str
    service: str
    name: str
    data_type: str
    form: str
    known: tuple[str, ...]
    first_ns: int
    trace_id: str | None
    span_id: str | None


class GroupChange(NamedTuple):
    """A group of errors that was `new` or `returned`."""

    kind: str
    at_ns: int
    group: ErrorGroup


class Changes(NamedTuple):
    """The data of both periods.

    Attributes:
        since_ns: the instant between them.
        before, after: windows of whole minutes, but for the minute of the instant.
        seconds_before, seconds_after: in which something was recorded.
        left_out: whether the calls in the minute of the instant are too many, and counted on neither side.
    """

    since_ns: int
    before: Window
    after: Window
    seconds_before: float
    seconds_after: float
    left_out: bool
    milestones: list[Milestone]
    groups: list[GroupChange]
    functions: list[FunctionChange]
    edges: list[EdgeChange]
    sources: list[SourceChange]
    forms: list[NewForm]


class _Counts:
    """Calls of functions and edges on one side."""

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()
        self.errors: Counter[int] = Counter()
        self.total_ns: Counter[int] = Counter()
        self.buckets: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self.edges: Counter[tuple[int, int]] = Counter()

    def side(self, process_id: int) -> Side:
        return Side(self.calls[process_id], self.errors[process_id], dict(self.buckets.get(process_id, {})))


def read_changes(reader: Readable, before: Window, after: Window) -> Changes:
    """Read two neighbouring stretches of time.

    Args:
        reader: of the store.
        before: ends where `after` starts.
        after: the later one.
    """
    since_ns = after.start_ns
    with reader.snapshot() as store:
        sides = _Counts(), _Counts()
        cut_ns = since_ns // MINUTE_NS * MINUTE_NS
        lies_between = cut_ns != since_ns
        first, last = Minutes.of(before).first, Minutes.of(after).last
        last_before, first_after = cut_ns // MINUTE_NS - 1, cut_ns // MINUTE_NS + lies_between
        _count(store, sides[0], Minutes(first, last_before))
        _count(store, sides[1], Minutes(first_after, last))
        left_out = lies_between and not _count_minute(store, sides, cut_ns, since_ns)
        most_changed = _most_changed(*sides)
        for counts, minutes in zip(sides, (Minutes(first, last_before), Minutes(first_after, last)), strict=True):
            _read_durations(store, counts, most_changed, minutes)
        names = {row["id"]: row for row in store.query(PROCESSES)}
        functions = _functions(store, names, *sides)
        edges = _edges(store, names, *sides)
        sources = _sources(store, [each for each in functions if each.after.calls and not each.is_new], names, after)
        forms = _forms(store, names, after)
        between = milestones(store, Window(since_ns, after.end_ns))
        seconds = (
            _seconds(store, Minutes(first, last_before)) + (since_ns - cut_ns) / NS,
            _seconds(store, Minutes(first_after, last)) + (MINUTE_NS - (since_ns - cut_ns) if lies_between else 0) / NS,
        )
        groups = _groups(store, after)
    return Changes(since_ns, before, after, *seconds, left_out, between, groups, functions, edges, sources, forms)


def _most_changed(before: _Counts, after: _Counts) -> list[int]:
    """The functions whose mean duration changed most, of those that were called on both sides."""

    def change(process_id: int) -> float:
        old, new = (max(1.0, side.total_ns[process_id] / side.calls[process_id]) for side in (before, after))
        return max(old / new, new / old)

    both = [each for each in before.calls if before.calls[each] and after.calls[each]]
    return sorted(both, key=change, reverse=True)[:MOST_DURATIONS]


def _read_durations(store: Snapshot, counts: _Counts, processes: list[int], minutes: Minutes) -> None:
    known = minutes.recorded(store)
    for process_id, buckets in store.query(DURATIONS, known.params(processes=json.dumps(processes))):
        counts.buckets[process_id].update({int(number): calls for number, calls in json.loads(buckets).items()})


def _seconds(store: Snapshot, minutes: Minutes) -> float:
    known = minutes.recorded(store)
    return max(0, known.last - known.first + 1) * 60.0


def _count(store: Snapshot, counts: _Counts, minutes: Minutes) -> None:
    known = minutes.recorded(store)
    if known.last < known.first:
        return
    for process_id, calls, errors, total_ns in store.query(CALLED, known.params()):
        counts.calls[process_id] += calls
        counts.errors[process_id] += errors
        counts.total_ns[process_id] += total_ns
    for parent_id, process_id, calls in store.query(EDGES, known.params()):
        counts.edges[parent_id, process_id] += calls


def _count_minute(store: Snapshot, sides: tuple[_Counts, _Counts], cut_ns: int, since_ns: int) -> bool:
    """Count the calls of the minute of the instant one by one; returns whether they are few enough."""
    bounds = {"start": ts(cut_ns), "end": ts(cut_ns + MINUTE_NS)}
    if store.query(IS_BUSY, {**bounds, "most": MOST_IN_A_MINUTE})[0][0]:
        return False
    for process_id, start_ns, duration_ns, failed, weight, parent_id in store.query(IN_MINUTE, bounds):
        counts = sides[start_ns >= since_ns]
        counts.calls[process_id] += weight
        counts.errors[process_id] += failed
        counts.total_ns[process_id] += duration_ns * weight
        counts.buckets[process_id][bucket(duration_ns)] += weight
        if parent_id is not None:
            counts.edges[parent_id, process_id] += weight
    return True


def _functions(store: Snapshot, names: dict[int, Row], before: _Counts, after: _Counts) -> list[FunctionChange]:
    ever = {row["process_id"]: row["calls"] for row in store.query(CALLED, {"first": EVER, "last": EVER})}
    found = []
    for process_id in sorted(before.calls.keys() | after.calls.keys()):
        row = names.get(process_id)
        if row is None:
            continue
        sides = before.side(process_id), after.side(process_id)
        is_new = not sides[0].calls and ever.get(process_id, 0) <= sides[1].calls
        about = row["name"], row["service"], row["kind"], row["feed"]
        found.append(FunctionChange(process_id, *about, *sides, is_new))
    return found


def _edges(store: Snapshot, names: dict[int, Row], before: _Counts, after: _Counts) -> list[EdgeChange]:
    both = before.edges.keys() | after.edges.keys()
    changed = [each for each in both if not before.edges[each] or not after.edges[each]]
    if not changed:
        return []
    ever = {(row["parent_id"], row["process_id"]): row["calls"] for row in store.query(EDGES, {"first": 0, "last": 0})}
    return [
        EdgeChange(
            names[parent]["name"],
            names[process]["name"],
            names[process]["service"],
            before.edges[parent, process],
            after.edges[parent, process],
            not before.edges[parent, process] and ever.get((parent, process), 0) <= after.edges[parent, process],
        )
        for parent, process in sorted(changed)
        if parent in names and process in names
    ]


def _sources(
    store: Snapshot, functions: list[FunctionChange], names: dict[int, Row], after: Window
) -> list[SourceChange]:
    """Those whose latest call before had another source than the latest one after."""
    functions.sort(key=lambda each: -each.after.calls)
    by_name = {names[each.id]["name_id"]: each for each in reversed(functions[:MOST_SOURCES])}
    asked = {"ids": _ids(each.id for each in by_name.values()), "since": ts(after.start_ns), "end": ts(after.end_ns)}
    rows = store.query(CODES, asked)
    pairs = [row for row in rows if row["before"] and row["after"] and row["before"] != row["after"]]
    ids = {code for row in pairs for code in (row["before"], row["after"])}
    codes = {row["id"]: row for row in store.query(SOURCES, {"ids": _ids(ids)})} if pairs else {}
    by_id = {each.id: each for each in functions}
    found = []
    for row in pairs:
        old, new = codes.get(row["before"]), codes.get(row["after"])
        if old is None or new is None or old["source_text"] == new["source_text"] or _stand_apart(old, new):
            continue
        function = by_id[row["id"]]
        place = new["file_path"], new["line_number"]
        found.append(SourceChange(function.name, function.service, *place, old["source_text"], new["source_text"]))
    return found


def _stand_apart(old: Row, new: Row) -> bool:
    """Return whether these are two functions with one name in one file, such as a getter and a setter."""
    if old["file_path"] != new["file_path"] or new["file_path"].startswith("<"):
        return False
    first, second = sorted((old, new), key=lambda row: row["line_number"])
    names = {row["source_text"].lstrip().partition("\n")[0] for row in (old, new)}
    apart = first["line_number"] + len(first["source_text"].splitlines()) <= second["line_number"]
    return apart and len(names) > 1


def _forms(store: Snapshot, names: dict[int, Row], after: Window) -> list[NewForm]:
    if store.one(HAS_FORMS) is None:
        return []
    bounds = {"since": after.start_ns, "end": after.end_ns, "limit": MOST_FORMS}
    found = []
    for row in store.query(FORMS, bounds):
        process = names.get(row["process_id"])
        if process is None:
            continue
        key = row["process_id"], row["name"], row["data_type"]
        known = tuple(each["form"] for each in store.query(KNOWN_FORMS, (*key, after.start_ns)))
        at = {"id": row["process_id"], "start": row["first_ns"], "ts": ts(row["first_ns"])}
        call = store.one(FIRST_CALL, at)
        where: tuple[Any, Any] = (None, None) if call is None else (call["trace_id"], call["span_id"])
        about = process["name"], process["service"], row["name"], row["data_type"], row["form"]
        found.append(NewForm(*about, known, row["first_ns"], *where))
    return found


def _groups(store: Snapshot, after: Window) -> list[GroupChange]:
    if store.one(HAS_EVENTS) is None:
        return []
    row = store.one(LAST_EVENT, {"since": after.start_ns})
    seen = {group.id: group for group in read_error_groups(store, after, limit=MOST_EVENTS).groups}
    found: dict[int, GroupChange] = {}
    for event in error_events_since(store, row["id"] if row else 0, MOST_EVENTS):
        group = seen.get(event.group.id)
        if group is not None and after.start_ns <= event.at_ns < after.end_ns:
            found.setdefault(group.id, GroupChange(event.kind, event.at_ns, group))
    return list(found.values())


def _ids(ids: Iterable[int]) -> str:
    return json.dumps(sorted(ids))
